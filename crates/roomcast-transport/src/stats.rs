//! Plain counters of what the transport did.

use roomcast_core::stats::Histogram;
use std::sync::atomic::{AtomicU64, Ordering};

/// What all workers of a transport have done.
#[derive(Debug)]
pub struct Stats {
    received_bytes: AtomicU64,
    sent_bytes: AtomicU64,
    accept_errors: AtomicU64,
    /// From a message accepted by the broker to its last byte given to the kernel, in seconds.
    pub delivery: Histogram,
    /// How late a worker came to its regular sweep, in seconds.
    pub stall: Histogram,
}

impl Default for Stats {
    fn default() -> Self {
        Self {
            received_bytes: AtomicU64::new(0),
            sent_bytes: AtomicU64::new(0),
            accept_errors: AtomicU64::new(0),
            delivery: Histogram::new(0.000_05),
            stall: Histogram::new(0.000_05),
        }
    }
}

impl Stats {
    pub(crate) fn received(&self, bytes: usize) {
        self.received_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn sent(&self, bytes: usize) {
        self.sent_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn accept_failed(&self) {
        self.accept_errors.fetch_add(1, Ordering::Relaxed);
    }

    /// Bytes read from clients after the handshake.
    #[must_use]
    pub fn received_bytes(&self) -> u64 {
        self.received_bytes.load(Ordering::Relaxed)
    }

    /// Bytes given to the kernel for clients after the handshake.
    #[must_use]
    pub fn sent_bytes(&self) -> u64 {
        self.sent_bytes.load(Ordering::Relaxed)
    }

    /// Connections that could not be accepted, most often for want of file descriptors.
    #[must_use]
    pub fn accept_errors(&self) -> u64 {
        self.accept_errors.load(Ordering::Relaxed)
    }
}
