//! What one run of `roomcast bench --json` says.

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::Value;

/// One run. What a scenario does not have is absent.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// All of it, as it was said.
    pub(crate) raw: Value,
    /// The most bytes that a socket of the server had in the kernel, if that was watched.
    pub(crate) unsent: Option<u64>,
    /// The share of all cores' time that the host took meanwhile, if the system tells.
    pub(crate) stolen: Option<f64>,
    said: Said,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Said {
    delivered: Option<f64>,
    deliveries_per_second: Option<f64>,
    lost: Option<u64>,
    duplicated: Option<u64>,
    reordered: Option<u64>,
    closed: Option<u64>,
    failed: Option<u64>,
    latency_us: Option<Latency>,
    beside: Option<Beside>,
    handshakes: Option<Handshakes>,
    storm: Option<Storm>,
    server: Option<Server>,
    generator: Option<Generator>,
}

#[derive(Debug, Clone, Deserialize)]
struct Latency {
    p50: f64,
    p99: f64,
    p999: f64,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Beside {
    latency_us: Option<Latency>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Handshakes {
    per_second: Option<f64>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Storm {
    seconds_to_all: Option<f64>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Server {
    cpu_us_per_delivery: Option<f64>,
    cpu_us_per_handshake: Option<f64>,
    busy: Option<f64>,
    rss_end: Option<f64>,
    rss_per_connection: Option<f64>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Generator {
    busy: Option<f64>,
}

/// What can be read of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// Microseconds of the server's CPU time for one delivery.
    Cpu,
    /// Microseconds of the server's CPU time for one handshake.
    HandshakeCpu,
    /// Messages that members got.
    Delivered,
    /// The same in a second.
    Rate,
    /// Microseconds from the moment a message was meant to be sent until it was read.
    P50,
    /// The same.
    P99,
    /// The same.
    P999,
    /// The same in the small room beside the large one.
    BesideP99,
    /// Resident bytes for one connection.
    Rss,
    /// Resident bytes of the server at the end.
    RssEnd,
    /// The most bytes of one socket that the kernel held.
    Unsent,
    /// Handshakes a second.
    Handshakes,
    /// Seconds until all were back.
    Back,
    /// The share of a core that the server took.
    Busy,
    /// The share of a core that the load generator took.
    GeneratorBusy,
    /// The share of all cores that the host took.
    Stolen,
}

impl Outcome {
    /// Reads what the generator wrote.
    pub(crate) fn read(text: &str) -> Result<Self> {
        let raw: Value = serde_json::from_str(text).context("the generator wrote no JSON")?;
        let said = Said::deserialize(&raw).context("the generator's JSON is not as it was")?;
        Ok(Self { raw, unsent: None, stolen: None, said })
    }

    /// One figure of it.
    pub(crate) fn get(&self, what: What) -> Option<f64> {
        let said = &self.said;
        let (server, latency) = (said.server.as_ref(), said.latency_us.as_ref());
        match what {
            What::Cpu => server?.cpu_us_per_delivery,
            What::HandshakeCpu => server?.cpu_us_per_handshake,
            What::Delivered => said.delivered,
            What::Rate => said.deliveries_per_second,
            What::P50 => Some(latency?.p50),
            What::P99 => Some(latency?.p99),
            What::P999 => Some(latency?.p999),
            What::BesideP99 => Some(said.beside.as_ref()?.latency_us.as_ref()?.p99),
            What::Rss => server?.rss_per_connection,
            What::RssEnd => server?.rss_end,
            What::Unsent => Some(self.unsent? as f64),
            What::Handshakes => said.handshakes.as_ref()?.per_second,
            What::Back => said.storm.as_ref()?.seconds_to_all,
            What::Busy => server?.busy,
            What::GeneratorBusy => said.generator.as_ref()?.busy,
            What::Stolen => self.stolen,
        }
    }

    /// What went wrong, such as `3 lost`; empty where all is well.
    pub(crate) fn wrongs(&self) -> String {
        let Said { lost, duplicated, reordered, closed, failed, .. } = &self.said;
        let counts = [
            (lost, "lost"),
            (duplicated, "doubled"),
            (reordered, "out of order"),
            (closed, "closed"),
            (failed, "failed"),
        ];
        let wrongs = counts.iter().filter_map(|(count, word)| {
            let count = count.filter(|count| *count > 0)?;
            Some(format!("{count} {word}"))
        });
        wrongs.collect::<Vec<_>>().join(", ")
    }
}

impl What {
    /// Its unit, as a heading has it.
    pub(crate) fn heading(self) -> &'static str {
        match self {
            Self::Cpu => "CPU µs a delivery",
            Self::HandshakeCpu => "CPU µs a handshake",
            Self::Delivered => "deliveries",
            Self::Rate => "deliveries/s",
            Self::P50 => "p50 ms",
            Self::P99 => "p99 ms",
            Self::P999 => "p99.9 ms",
            Self::BesideP99 => "p99 beside, ms",
            Self::Rss => "RSS a connection, bytes",
            Self::RssEnd => "RSS at the end, KiB",
            Self::Unsent => "most unsent bytes of a socket",
            Self::Handshakes => "handshakes/s",
            Self::Back => "all back after, s",
            Self::Busy => "server busy, %",
            Self::GeneratorBusy => "generator busy, %",
            Self::Stolen => "taken by the host, %",
        }
    }

    /// A value in the unit of the heading, with as many digits as it needs.
    pub(crate) fn show(self, value: f64) -> String {
        match self {
            Self::Cpu | Self::HandshakeCpu => digits(value),
            Self::P50 | Self::P99 | Self::P999 | Self::BesideP99 => digits(value / 1e3),
            Self::Delivered | Self::Rate | Self::Rss | Self::Unsent | Self::Handshakes => {
                grouped(value)
            }
            Self::RssEnd => grouped(value / 1024.0),
            Self::Back => digits(value),
            Self::Busy | Self::GeneratorBusy => digits(value * 100.0),
            Self::Stolen => format!("{:.1}", value * 100.0),
        }
    }

    /// Whether more is better.
    pub(crate) fn is_better_high(self) -> bool {
        matches!(self, Self::Delivered | Self::Rate | Self::Handshakes)
    }
}

/// Three digits, where there are so many.
pub(crate) fn digits(value: f64) -> String {
    match value.abs() {
        small if small < 1.0 => format!("{value:.3}"),
        small if small < 10.0 => format!("{value:.2}"),
        small if small < 100.0 => format!("{value:.1}"),
        _ => grouped(value),
    }
}

/// A whole number with commas.
pub(crate) fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = if value <= -0.5 { "-".to_owned() } else { String::new() };
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Outcome, What, digits, grouped};

    /// A run as the generator writes it.
    pub(crate) fn run(cpu: f64, lost: u64) -> Outcome {
        Outcome::read(&format!(
            r#"{{"scenario":"room","url":"ws://127.0.0.1:1/v1/ws","dialect":"native",
            "connections":1000,"rooms":1,"members":1000,"publishers":1,"stalled":0,"size":128,
            "rate":100.0,"in_flight":null,"seconds":10.0,"published":1000,"delivered":1000000,
            "deliveries_per_second":100000.0,"lost":{lost},"duplicated":0,"reordered":0,
            "closed":0,"failed":0,
            "latency_us":{{"min":1,"mean":2.5,"p50":2000,"p90":3000,"p99":4500,"p999":5000,"max":6000}},
            "beside":null,
            "handshakes":{{"count":1000,"per_second":21000.5,"p50_us":1,"p99_us":2,"max_us":3}},
            "storm":null,
            "server":{{"cpu_seconds":1.5,"cpu_us_per_delivery":{cpu},"cpu_us_per_handshake":null,
            "busy":0.98,"rss_before":1,"rss_connected":2,"rss_end":3,"rss_per_connection":870}},
            "generator":{{"cpu_seconds":1.0,"busy":0.4,"reads":5}},"passed":true}}"#
        ))
        .unwrap()
    }

    #[test]
    fn a_run_is_read() {
        let run = run(0.25, 0);
        assert_eq!(run.get(What::Cpu), Some(0.25));
        assert_eq!(run.get(What::P99), Some(4500.0));
        assert_eq!(run.get(What::Handshakes), Some(21000.5));
        assert_eq!(run.get(What::Rss), Some(870.0));
        assert_eq!(run.get(What::BesideP99), None);
        assert_eq!(run.get(What::HandshakeCpu), None);
        assert_eq!(run.raw["generator"]["reads"], 5);
        assert_eq!(run.wrongs(), "");
    }

    #[test]
    fn what_went_wrong_is_told() {
        assert_eq!(run(1.0, 3).wrongs(), "3 lost");
        let text = r#"{"lost":0,"reordered":2,"failed":1,"latency_us":null}"#;
        assert_eq!(Outcome::read(text).unwrap().wrongs(), "2 out of order, 1 failed");
        let error = Outcome::read("error: nobody listens").unwrap_err().to_string();
        assert_eq!(error, "the generator wrote no JSON");
    }

    #[test]
    fn values_have_the_digits_they_need() {
        assert_eq!([0.2249, 6.815, 43.21, 512.6].map(digits), ["0.225", "6.82", "43.2", "513"]);
        assert_eq!(
            [0.0, 999.6, 1_234_567.0, -4096.0].map(grouped),
            ["0", "1,000", "1,234,567", "-4,096"]
        );
        assert_eq!(What::P99.show(4500.0), "4.50");
        assert_eq!(What::Busy.show(0.983), "98.3");
    }
}
