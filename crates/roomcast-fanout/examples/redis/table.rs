//! What was measured: medians, as a table and as JSON.

use crate::machine::Spent;
use std::fmt::Write as _;
use std::time::Duration;

/// The columns of the first table; what a row has not is left out. `by CPU alone` is what the
/// busier of the two cores could do if nothing else ran there and it never waited.
const COLUMNS: [&str; 8] = [
    "messages/s",
    "by CPU alone",
    "node CPU µs",
    "Redis CPU µs",
    "heard p50 ms",
    "heard p99 ms",
    "answered p50 ms",
    "answered p99 ms",
];

/// Floors, in the order of the columns that tell a rate as a part of theirs.
const FLOORS: [&str; 2] = ["floor: redis-benchmark PUBLISH", "floor: bare loop, window 64"];

/// One measurement of a row.
pub(crate) type Sample = [Option<f64>; COLUMNS.len()];

/// All measurements, by row, in the order they came first.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<(String, Vec<Sample>)>,
    facts: Vec<(String, &'static str, Vec<f64>)>,
}

/// A sample of messages that took so much; the latencies come sorted or not.
pub(crate) fn sample(
    messages: usize,
    spent: Spent,
    heard: &mut [Duration],
    answered: &mut [Duration],
) -> Sample {
    let each = |duration: Duration| Some(duration.as_secs_f64() * 1e6 / messages as f64);
    let busiest = spent.process.max(spent.redis).as_secs_f64();
    [
        Some(messages as f64 / spent.time.as_secs_f64()),
        Some(messages as f64 / busiest),
        each(spent.process),
        each(spent.redis),
        percentile(heard, 50),
        percentile(heard, 99),
        percentile(answered, 50),
        percentile(answered, 99),
    ]
}

/// In milliseconds; none of nothing.
fn percentile(latencies: &mut [Duration], percent: usize) -> Option<f64> {
    latencies.sort_unstable();
    let at = (latencies.len() * percent / 100).min(latencies.len().saturating_sub(1));
    latencies.get(at).map(|latency| latency.as_secs_f64() * 1e3)
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

impl Table {
    /// A measurement of messages.
    pub(crate) fn row(&mut self, name: &str, sample: Sample) {
        match self.rows.iter_mut().find(|(other, _)| other == name) {
            Some((_, samples)) => samples.push(sample),
            None => self.rows.push((name.to_owned(), vec![sample])),
        }
    }

    /// A measurement of anything else.
    pub(crate) fn fact(&mut self, name: &str, unit: &'static str, value: f64) {
        match self.facts.iter_mut().find(|(other, ..)| other == name) {
            Some((.., values)) => values.push(value),
            None => self.facts.push((name.to_owned(), unit, vec![value])),
        }
    }

    fn medians(samples: &[Sample]) -> Sample {
        std::array::from_fn(|column| {
            median(samples.iter().filter_map(|sample| sample[column]).collect())
        })
    }

    fn floor(&self, name: &str) -> Option<Sample> {
        let row = self.rows.iter().find(|(other, _)| other == name)?;
        Some(Self::medians(&row.1))
    }

    /// The rates of a row as parts of the floors', and what it adds to the bare loop's latency.
    fn ratios(&self, sample: &Sample) -> [Option<f64>; 4] {
        let [benchmark, bare] = FLOORS.map(|name| self.floor(name));
        let part = |floor: &Option<Sample>| Some(sample[0]? / floor.as_ref()?[0]?);
        let more = |column: usize| Some(sample[column]? - bare.as_ref()?[column]?);
        [part(&benchmark), part(&bare), more(4), more(5)]
    }

    /// For people.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let names = ["of benchmark", "of bare loop", "p50 added ms", "p99 added ms"];
        if !self.rows.is_empty() {
            let heads: String =
                COLUMNS.iter().chain(&names).map(|name| format!(" {name:>15}")).collect();
            _ = writeln!(text, "{:<34}{heads}", "");
        }
        for (name, samples) in &self.rows {
            let medians = Self::medians(samples);
            let values = medians.iter().enumerate().map(|(column, value)| cell(*value, column));
            let ratios = self.ratios(&medians).into_iter().map(|value| cell(value, 4));
            _ = writeln!(text, "{name:<34}{}", values.chain(ratios).collect::<String>());
        }
        for (name, unit, values) in &self.facts {
            let value = median(values.clone()).unwrap_or_default();
            _ = writeln!(text, "{name:<72} {value:>10.2} {unit}");
        }
        text
    }

    /// For programs.
    pub(crate) fn json(&self) -> String {
        let number = |value: Option<f64>| value.map_or("null".to_owned(), |it| format!("{it:.4}"));
        let rows = self.rows.iter().map(|(name, samples)| {
            let medians = Self::medians(samples);
            let [benchmark, bare, p50, p99] = self.ratios(&medians).map(number);
            let values = COLUMNS.iter().zip(medians);
            let values = values.map(|(column, value)| format!("\"{column}\":{}", number(value)));
            format!(
                "{{\"name\":\"{name}\",{},\"of benchmark\":{benchmark},\"of bare loop\":{bare},\
                 \"p50 added ms\":{p50},\"p99 added ms\":{p99}}}",
                values.collect::<Vec<_>>().join(",")
            )
        });
        let facts = self.facts.iter().map(|(name, unit, values)| {
            let value = number(median(values.clone()));
            format!("{{\"name\":\"{name}\",\"unit\":\"{unit}\",\"value\":{value}}}")
        });
        let (rows, facts) = (rows.collect::<Vec<_>>(), facts.collect::<Vec<_>>());
        format!("{{\"rows\":[\n{}\n],\"facts\":[\n{}\n]}}\n", rows.join(",\n"), facts.join(",\n"))
    }
}

/// A value, with as many digits as the column needs.
fn cell(value: Option<f64>, column: usize) -> String {
    match (value, column) {
        (None, _) => format!(" {:>15}", "-"),
        (Some(value), 0 | 1) => format!(" {value:>15.0}"),
        (Some(value), _) => format!(" {value:>15.2}"),
    }
}
