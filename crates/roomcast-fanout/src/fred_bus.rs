//! The bus over Redis: the only file that names fred.

use fred::prelude::Config;

/// What is wrong with an address, without its secrets.
pub(crate) fn check_url(text: &str) -> Result<(), String> {
    Config::from_url(text).map(|_| ()).map_err(|error| error.details().to_owned())
}
