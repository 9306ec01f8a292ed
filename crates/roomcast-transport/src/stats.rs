//! Plain counters of what the transport did.

use roomcast_core::stats::Histogram;
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

/// What all workers of a transport have done.
#[derive(Debug)]
pub struct Stats {
    received_bytes: AtomicU64,
    sent_bytes: AtomicU64,
    writes: AtomicU64,
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
            writes: AtomicU64::new(0),
            accept_errors: AtomicU64::new(0),
            delivery: Histogram::new(0.000_05),
            stall: Histogram::new(0.000_05),
        }
    }
}

/// What one worker's sockets did since it was last told: counted by the worker alone, since an
/// atomic count for each write would cost what workers share.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    received: Cell<u64>,
    sent: Cell<u64>,
    writes: Cell<u64>,
}

impl Traffic {
    pub(crate) fn received(&self, bytes: usize) {
        self.received.set(self.received.get() + bytes as u64);
    }

    pub(crate) fn sent(&self, bytes: usize) {
        self.sent.set(self.sent.get() + bytes as u64);
        self.writes.set(self.writes.get() + 1);
    }

    /// Tells everyone, and counts anew.
    pub(crate) fn tell(&self, stats: &Stats) {
        stats.received_bytes.fetch_add(self.received.take(), Ordering::Relaxed);
        stats.sent_bytes.fetch_add(self.sent.take(), Ordering::Relaxed);
        stats.writes.fetch_add(self.writes.take(), Ordering::Relaxed);
    }
}

impl Stats {
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

    /// Writes that gave the kernel those bytes: fewer than messages where many went together.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.writes.load(Ordering::Relaxed)
    }

    /// Connections that could not be accepted, most often for want of file descriptors.
    #[must_use]
    pub fn accept_errors(&self) -> u64 {
        self.accept_errors.load(Ordering::Relaxed)
    }
}
