//! What the kernel holds for a socket that its client does not read.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// How often is looked.
const EVERY: Duration = Duration::from_millis(200);

/// Does something, and tells the most bytes that any socket of this port had in the kernel
/// meanwhile: sent and not acknowledged, or not sent at all.
pub(crate) fn most_unsent<T>(port: u16, work: impl FnOnce() -> T) -> (T, u64) {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut most = 0;
            while !is_over.load(Ordering::Relaxed) {
                let table = fs::read_to_string("/proc/net/tcp").unwrap_or_default();
                most = most.max(unsent(&table, port));
                thread::sleep(EVERY);
            }
            most
        });
        let done = work();
        is_over.store(true, Ordering::Relaxed);
        // It does nothing that could panic.
        (done, watch.join().unwrap_or_default())
    })
}

/// The fullest send queue among the sockets of a port, from the table in `/proc/net/tcp`.
fn unsent(table: &str, port: u16) -> u64 {
    let ours = format!(":{port:04X}");
    let queue = |line: &str| {
        let mut fields = line.split_whitespace();
        let is_ours = fields.nth(1)?.ends_with(&ours);
        let is_established = fields.nth(1)? == "01";
        let (sending, _) = fields.next()?.split_once(':')?;
        (is_ours && is_established).then(|| u64::from_str_radix(sending, 16).unwrap_or(0))
    };
    table.lines().filter_map(queue).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::unsent;

    #[test]
    fn the_fullest_queue_of_a_port_is_found() {
        let table = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid
   0: 0100007F:1DF2 00000000:0000 0A 00000FFF:00000000 00:00000000 00000000     0
   1: 0100007F:1DF2 0100007F:9C40 01 00004000:00000000 01:00000014 00000000     0
   2: 0100007F:1DF2 0100007F:9C42 01 00000000:00000000 00:00000000 00000000     0
   3: 0100007F:9C40 0100007F:1DF2 01 00FF0000:00010000 00:00000000 00000000     0
";
        assert_eq!(unsent(table, 0x1DF2), 0x4000);
        assert_eq!(unsent(table, 1), 0);
    }
}
