//! What people's clocks show.

use roomcast_protocol::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) fn wall() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
