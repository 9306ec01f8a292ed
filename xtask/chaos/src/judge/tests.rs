//! Logs that break one promise each, and what the judge says of them.
