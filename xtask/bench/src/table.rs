//! Tables, for a terminal and for a document.

use crate::figure::Spread;
use crate::measure::{Entry, Measured};
use crate::outcome::{What, digits, grouped};
use crate::rows::Versus;
use crate::subject::Subject;

/// Cells under headings.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) heads: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(heads: &[&str]) -> Self {
        Self { heads: heads.iter().map(|head| (*head).to_owned()).collect(), rows: Vec::new() }
    }

    /// For a terminal: columns stand under each other.
    pub(crate) fn text(&self) -> String {
        let all = || std::iter::once(&self.heads).chain(&self.rows);
        let width = |column: usize| {
            all().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
        };
        let widths: Vec<usize> =
            (0..self.heads.len()).map(|column| width(column).unwrap_or(0)).collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
        };
        all().map(line).collect()
    }

    /// For a document.
    pub(crate) fn markdown(&self) -> String {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let under = vec!["---".to_owned(); self.heads.len()];
        let rows = self.rows.iter().map(|row| line(row));
        [line(&self.heads), line(&under)].into_iter().chain(rows).collect()
    }
}

/// The rows with their verdicts.
pub(crate) fn verdicts(all: &[Measured], before: Option<&Subject>) -> Table {
    let mut heads = vec!["row", "what", "roomcast", "beside", "counts", "must", "aim", "verdict"];
    if before.is_some() {
        heads.push("of before");
    }
    let mut table = Table::new(&heads);
    for measured in all {
        let row = measured.row;
        let beside = measured.entries.get(1).filter(|_| !matches!(row.versus, Versus::Nothing));
        let beside = beside.map_or_else(String::new, |entry| entry.show(row.what));
        let ours = measured.entries.first();
        let wrongs = ours.map(Entry::wrongs).unwrap_or_default();
        let verdict = [measured.verdict().to_string(), wrongs];
        let verdict: Vec<_> = verdict.into_iter().filter(|word| !word.is_empty()).collect();
        let bound = |bound: Option<f64>| {
            bound.map_or_else(String::new, |bound| show(measured, bound, plain))
        };
        let mut cells = vec![
            row.name.to_owned(),
            format!("{}: {}", row.about, row.what.heading()),
            ours.map_or_else(String::new, |entry| entry.show(row.what)),
            beside,
            measured.figure().map_or_else(|| "–".to_owned(), |figure| counts(measured, &figure)),
            bound(row.bounds().must),
            bound(row.bounds().aim),
            verdict.join(": "),
        ];
        cells.extend(before.map(|before| {
            measured.since_before(before).map_or_else(|| "–".to_owned(), |it| it.to_string())
        }));
        table.rows.push(cells);
    }
    table
}

fn counts(measured: &Measured, figure: &Spread) -> String {
    figure.show(|value| show(measured, value, digits))
}

/// A value of what counts in a row, in its unit.
fn show(measured: &Measured, value: f64, ratio: impl Fn(f64) -> String) -> String {
    match measured.row.versus {
        Versus::Nothing => measured.row.what.show(value),
        Versus::Floor(_) | Versus::Load { .. } => ratio(value),
        Versus::More { .. } => grouped(value),
    }
}

/// A bound as it was written.
fn plain(value: f64) -> String {
    value.to_string()
}

/// The figures that a table of details has.
const DETAILS: [What; 11] = [
    What::Cpu,
    What::Rate,
    What::P50,
    What::P99,
    What::P999,
    What::Rss,
    What::Handshakes,
    What::HandshakeCpu,
    What::Busy,
    What::GeneratorBusy,
    What::Stolen,
];

/// Every subject of every row.
pub(crate) fn details(all: &[Measured]) -> Table {
    let mut heads = vec!["row", "subject"];
    heads.extend(DETAILS.map(What::heading));
    let mut table = Table::new(&heads);
    for measured in all {
        for entry in &measured.entries {
            let mut cells = vec![measured.row.name.to_owned(), entry.subject.name.clone()];
            cells.extend(DETAILS.map(|what| entry.show(what)));
            table.rows.push(cells);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::{Table, details, verdicts};
    use crate::measure::tests::measured;

    #[test]
    fn a_table_is_for_terminals_and_documents() {
        let mut table = Table::new(&["row", "µs"]);
        table.rows = vec![vec!["a".into(), "1.5".into()], vec!["echo".into(), "2".into()]];
        assert_eq!(table.text(), "row   µs\na     1.5\necho  2\n");
        assert_eq!(table.markdown(), "| row | µs |\n| --- | --- |\n| a | 1.5 |\n| echo | 2 |\n");
    }

    #[test]
    fn a_row_stands_with_its_verdict() {
        let rows = [
            measured("room-1000", [0.3, 0.3, 0.25], [0.2, 0.2, 0.25], 0),
            measured("room-1000", [0.5; 3], [0.2; 3], 7),
        ];
        let golden = "\
| row | what | roomcast | beside | counts | must | aim | verdict |
| --- | --- | --- | --- | --- | --- | --- | --- |
| room-1000 | one room of 1,000, 32 messages in flight: CPU µs a delivery | 0.300 | 0.200 | 1.50 (1.00–1.50) | 1.6 | 1.2 | must ok |
| room-1000 | one room of 1,000, 32 messages in flight: CPU µs a delivery | 0.500 | 0.200 | 2.50 | 1.6 | 1.2 | MISSED: 7 lost; 7 lost; 7 lost |
";
        assert_eq!(verdicts(&rows, None).markdown(), golden);
        let details = details(&rows);
        assert_eq!(details.rows.len(), 4);
        assert_eq!(
            details.rows[1][..4],
            ["room-1000", "floor, one write for all", "0.200", "100,000"]
        );
    }
}
