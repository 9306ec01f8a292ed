//! One load: the generator's scenario and options, and what the server is told for it.

/// A load.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    /// The generator's scenario and its options but for the common ones.
    pub(crate) words: Vec<String>,
    /// Bytes of a message's data.
    pub(crate) size: usize,
    /// Seconds that are measured.
    pub(crate) seconds: u64,
    /// The server's worker threads.
    pub(crate) workers: u32,
    /// For how many milliseconds the server gathers messages.
    pub(crate) message_batch: u32,
    /// Where clients of Roomcast connect.
    pub(crate) path: &'static str,
    /// `[[room]]` tables of Roomcast's configuration.
    pub(crate) rooms: &'static str,
    /// Whether it is watched what the kernel holds for each socket.
    pub(crate) watches_kernel: bool,
    /// More of Roomcast's variables.
    pub(crate) variables: &'static [(&'static str, &'static str)],
}

/// No limit stands in the way of a load; what is bounded for other reasons stays so.
const LIFTED: [(&str, &str); 4] = [
    ("ROOMCAST_LIMITS_COMMANDS_PER_SECOND", "10000000"),
    ("ROOMCAST_LIMITS_BURST", "10000000"),
    ("ROOMCAST_LIMITS_IN_FLIGHT", "100000"),
    ("RUST_LOG", "info"),
];

impl Setting {
    /// A load of 128-byte messages on one worker.
    pub(crate) fn new(words: &str, seconds: u64) -> Self {
        Self {
            words: words.split_whitespace().map(str::to_owned).collect(),
            size: 128,
            seconds,
            workers: 1,
            message_batch: 0,
            path: "/v1/ws",
            rooms: "",
            watches_kernel: false,
            variables: &[],
        }
    }

    /// Whether each connection hears itself alone.
    pub(crate) fn is_echo(&self) -> bool {
        self.words.first().is_some_and(|word| word == "echo")
    }

    /// Roomcast's environment.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        let all = LIFTED.iter().chain(self.variables);
        let all = all.map(|(name, value)| (*name, (*value).to_owned()));
        // A build from before it was there knows no such variable.
        let batch = (self.message_batch > 0)
            .then(|| ("ROOMCAST_ENGINE_MESSAGE_BATCH", format!("{}ms", self.message_batch)));
        all.chain(batch).map(|(name, value)| (name.to_owned(), value)).collect()
    }
}
