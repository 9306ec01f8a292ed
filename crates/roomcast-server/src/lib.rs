//! The Roomcast server: configuration, authentication, HTTP and the program `roomcast`.
