//! A run as people see it: a bar while it lasts, a table at its end.

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use roomcast_load::{Latency, Plan, Progress, Report};
use std::fmt::{self, Display, Formatter};
use std::io::{IsTerminal, stderr};
use std::time::Instant;

/// The bar, on standard error, if that is a terminal.
pub(super) struct Bar {
    bar: ProgressBar,
    seconds: f64,
    unit: &'static str,
    last: (Instant, u64),
}

impl Bar {
    pub(super) fn new(plan: &Plan, quiet: bool) -> Self {
        let target = if quiet || !stderr().is_terminal() {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr_with_hz(4)
        };
        let bar = ProgressBar::with_draw_target(Some(1), target);
        let style = ProgressStyle::with_template("{prefix:<11} {bar:30} {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        let churns = matches!(plan.scenario, roomcast_load::Scenario::Churn { .. });
        let unit = if churns { "handshakes" } else { "deliveries" };
        let seconds = plan.measured.as_secs_f64();
        Self { bar, seconds, unit, last: (Instant::now(), 0) }
    }

    pub(super) fn tell(&mut self, progress: Progress) {
        match progress {
            Progress::Connecting { done, of } => self.count("connecting", done, of),
            Progress::Exchanging { done, of } => self.count("exchanging", done, of),
            Progress::Running { left, received } => self.running(left, received),
            Progress::Waiting { missing } => {
                self.bar.set_prefix("waiting");
                self.bar.set_message(format!("for {} deliveries", grouped(missing)));
            }
        }
    }

    fn count(&self, prefix: &'static str, done: usize, of: usize) {
        self.bar.set_prefix(prefix);
        self.bar.set_length(of as u64);
        self.bar.set_position(done as u64);
        self.bar.set_message(format!("{} of {}", grouped(done as u64), grouped(of as u64)));
    }

    fn running(&mut self, left: f64, received: u64) {
        let (before, count) = self.last;
        let passed = before.elapsed().as_secs_f64();
        self.last = (Instant::now(), received);
        let rate = received.saturating_sub(count) as f64 / passed.max(1e-3);
        self.bar.set_prefix("running");
        self.bar.set_length(1000);
        let done = (1.0 - left / self.seconds).clamp(0.0, 1.0) * 1000.0;
        self.bar.set_position(done as u64);
        let rate = grouped(rate as u64);
        self.bar.set_message(format!("{rate} {} a second, {left:.0} s left", self.unit));
    }

    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

/// The result as a table.
pub(super) struct Table<'a>(pub(super) &'a Report);

impl Display for Table<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let report = self.0;
        self.head(f)?;
        if let (Some(published), Some(delivered)) = (report.published, report.delivered) {
            let rate = grouped(report.deliveries_per_second.unwrap_or(0.0) as u64);
            let (published, delivered) = (grouped(published), grouped(delivered));
            row(
                f,
                "messages",
                format!("{published} sent, {delivered} delivered, {rate} a second"),
            )?;
        }
        self.verified(f)?;
        if let Some(latency) = &report.latency_us {
            row(f, "latency", times(latency))?;
        }
        if let Some(beside) = &report.beside {
            let told = beside.latency_us.as_ref().map_or_else(String::new, times);
            row(
                f,
                "beside",
                format!("{} members at {} a second: {told}", beside.members, beside.rate),
            )?;
        }
        self.opened(f)?;
        self.used(f)?;
        report.notes.iter().try_for_each(|note| row(f, "note", note))?;
        write!(f, "{}", if report.passed { "passed" } else { "FAILED" })
    }
}

impl Table<'_> {
    fn head(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let report = self.0;
        let mut text = format!("{} at {}, {}", report.scenario, report.url, report.dialect);
        text += &format!("; connections {}", grouped(report.connections));
        if let (Some(rooms), Some(members)) = (report.rooms, report.members) {
            text +=
                &format!(", rooms {}, members {}", grouped(rooms.into()), grouped(members.into()));
        }
        if report.stalled > 0 {
            text += &format!(", stalled {}", report.stalled);
        }
        if let Some(rate) = report.rate {
            text += &format!(", rate {rate}");
        }
        if let Some(in_flight) = report.in_flight {
            text += &format!(", in flight {in_flight}");
        }
        writeln!(f, "{text}; {} bytes, {:.1} s", report.size, report.seconds)
    }

    fn verified(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let report = self.0;
        let counts = [
            ("lost", report.lost),
            ("doubled", report.duplicated),
            ("reordered", report.reordered),
            ("closed", report.closed),
            ("failed", report.failed),
            ("refused", report.refused),
        ];
        let wrong = counts.into_iter().filter(|(_, count)| *count > 0);
        let wrong: Vec<_> =
            wrong.map(|(name, count)| format!("{} {name}", grouped(count))).collect();
        let text = if wrong.is_empty() && report.published.is_some() {
            "nothing lost, doubled or reordered".to_owned()
        } else if wrong.is_empty() {
            "nothing closed or failed".to_owned()
        } else {
            wrong.join(", ")
        };
        row(f, "verified", text)
    }

    fn opened(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let opened = &self.0.handshakes;
        let mut text = grouped(opened.count);
        if let Some(rate) = opened.per_second {
            text += &format!(", {} a second", grouped(rate as u64));
        }
        if let (Some(p50), Some(p99), Some(max)) = (opened.p50_us, opened.p99_us, opened.max_us) {
            text += &format!("; p50 {}, p99 {}, max {}", time(p50), time(p99), time(max));
        }
        row(f, "handshakes", text)?;
        let Some(storm) = &self.0.storm else { return Ok(()) };
        let (p50, p99) = (storm.p50_us.unwrap_or(0), storm.p99_us.unwrap_or(0));
        let (back, away) = (grouped(storm.back), grouped(storm.away));
        let all = format!("{back} of {away} back after {:.2} s", storm.seconds_to_all);
        row(f, "storm", format!("{all}; p50 {}, p99 {}", time(p50), time(p99)))
    }

    fn used(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(server) = &self.0.server {
            let mut text = format!("{:.0} % of a core", server.busy * 100.0);
            if let Some(cpu) = server.cpu_us_per_delivery {
                text += &format!(", {cpu:.3} µs a delivery");
            }
            if let Some(cpu) = server.cpu_us_per_handshake {
                text += &format!(", {cpu:.1} µs a handshake");
            }
            row(f, "server", text)?;
            let kib = |bytes: u64| grouped(bytes / 1024);
            let (before, connected) = (kib(server.rss_before), kib(server.rss_connected));
            let each = server.rss_per_connection;
            let text = format!(
                "{before} KiB before, {connected} KiB connected, {} KiB at the end, {each} bytes a connection",
                kib(server.rss_end)
            );
            row(f, "memory", text)?;
        }
        let own = &self.0.generator;
        row(f, "generator", format!("{:.0} % busy, {} reads", own.busy * 100.0, grouped(own.reads)))
    }
}

fn row(f: &mut Formatter<'_>, name: &str, text: impl Display) -> fmt::Result {
    writeln!(f, "  {name:<11} {text}")
}

fn times(latency: &Latency) -> String {
    let Latency { p50, p90, p99, p999, max, .. } = *latency;
    let mean = time(latency.mean as u64);
    let rest = format!("p99 {}, p99.9 {}, max {}, mean {mean}", time(p99), time(p999), time(max));
    format!("p50 {}, p90 {}, {rest}", time(p50), time(p90))
}

/// Microseconds as people read them.
fn time(micros: u64) -> String {
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..1_000_000 => format!("{:.2} ms", micros as f64 / 1e3),
        _ => format!("{:.2} s", micros as f64 / 1e6),
    }
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    HumanCount(number).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_as_people_read_them() {
        assert_eq!([grouped(7), grouped(1_000), grouped(12_345_678)], ["7", "1,000", "12,345,678"]);
        assert_eq!([time(999), time(1_500), time(2_500_000)], ["999 µs", "1.50 ms", "2.50 s"]);
    }
}
