//! How much of the cores somebody else has taken: on a virtual machine the host gives them to others
//! at times, and what was measured then says less.

use std::fs;

/// Does something, and tells the share of all cores' time that the host took meanwhile; nothing
/// where the system does not tell.
pub(crate) fn share<T>(work: impl FnOnce() -> T) -> (T, Option<f64>) {
    let before = look();
    let done = work();
    (done, before.zip(look()).and_then(|(before, after)| between(before, after)))
}

/// All cores' time since the system began, in ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ticks {
    all: u64,
    stolen: u64,
}

fn look() -> Option<Ticks> {
    read(&fs::read_to_string("/proc/stat").ok()?)
}

/// The first line of `/proc/stat`, see proc_stat(5): user, nice, system, idle, iowait, irq,
/// softirq, steal. What follows is part of user and nice.
fn read(stat: &str) -> Option<Ticks> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let fields: Option<Vec<u64>> =
        line.split_whitespace().take(8).map(|field| field.parse().ok()).collect();
    let fields = fields?;
    Some(Ticks { all: fields.iter().sum(), stolen: *fields.get(7)? })
}

fn between(before: Ticks, after: Ticks) -> Option<f64> {
    let all = after.all.checked_sub(before.all).filter(|all| *all > 0)?;
    Some(after.stolen.checked_sub(before.stolen)? as f64 / all as f64)
}

#[cfg(test)]
mod tests {
    use super::{Ticks, between, read};

    #[test]
    fn what_was_taken_is_a_share_of_all_there_was() {
        let stat = "cpu  100 0 50 800 10 0 20 20 7 0\ncpu0 1 2 3\n";
        assert_eq!(read(stat), Some(Ticks { all: 1_000, stolen: 20 }));
        assert_eq!(read("cpu  1 2 3\n"), None, "an old system tells less");
        assert_eq!(read(""), None);
        let (before, after) = (Ticks { all: 100, stolen: 5 }, Ticks { all: 300, stolen: 25 });
        assert_eq!(between(before, after), Some(0.1));
        assert_eq!(between(before, before), None);
    }
}
