//! What went wrong in a run, counted; of each kind the first is kept to be shown.

use crate::error::{Trouble, cut};

/// What went wrong so far.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Connections that were ready and ended.
    pub(crate) closed: u64,
    /// Connections that never became ready.
    pub(crate) failed: u64,
    /// Frames that refuse something.
    pub(crate) refused: u64,
    /// Messages that nobody sent, or that belong elsewhere.
    pub(crate) strays: u64,
    pub(crate) duplicated: u64,
    pub(crate) reordered: u64,
    pub(crate) first_trouble: Option<(usize, Trouble)>,
    first_refusal: Option<String>,
}

impl Tally {
    pub(crate) fn ended(&mut self, index: usize, trouble: Trouble, was_ready: bool) {
        let count = if was_ready { &mut self.closed } else { &mut self.failed };
        *count += 1;
        self.first_trouble.get_or_insert((index, trouble));
    }

    pub(crate) fn refused(&mut self, payload: &[u8]) {
        self.refused += 1;
        self.first_refusal.get_or_insert_with(|| cut(payload));
    }

    /// The first refusal, to be told as what ended a run.
    pub(crate) fn take_refusal(&mut self) -> Option<String> {
        self.first_refusal.take()
    }

    /// Sentences for people about what the numbers do not say.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(refusal) = &self.first_refusal {
            notes.push(format!(
                "the server refused {} times, and what it refuses counts as lost; first: {refusal}",
                self.refused
            ));
        }
        if let Some((index, trouble)) = &self.first_trouble {
            notes.push(format!("connection {} ended first: {trouble}", index + 1));
        }
        if self.strays > 0 {
            notes.push(format!(
                "{} messages were nobody's here: does another run use the same rooms?",
                self.strays
            ));
        }
        notes
    }
}
