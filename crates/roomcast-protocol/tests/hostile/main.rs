//! What clients should not send, and what must hold whatever they send.

mod guide;
mod native;
mod properties;
