//! What is told of the rows: on the terminal, as JSON, in the document.
#![allow(clippy::print_stdout, reason = "a program that prints figures")]

use std::fs;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::docs;
use crate::figure::Verdict;
use crate::lab::Lab;
use crate::measure::Measured;
use crate::options::{Common, RowOptions};
use crate::rows::{ALL, Row};
use crate::table::{self, Table};

/// Shows which rows there are.
pub(crate) fn list() -> Result<()> {
    let mut table = Table::new(&["row", "what"]);
    let cells =
        |row: &Row| vec![row.name.to_owned(), format!("{}: {}", row.about, row.what.heading())];
    table.rows = ALL.iter().map(cells).collect();
    print!("{}", table.text());
    Ok(())
}

/// Measures rows and tells of them.
pub(crate) fn rows(options: &RowOptions) -> Result<()> {
    let common = &options.common;
    let rows = chosen(&options.names, common.quick)?;
    let lab = Lab::new(common)?;
    let measured: Vec<_> = rows
        .into_iter()
        .map(|row| Measured::new(&lab, row, common.seconds(), common.quick))
        .collect();
    let verdicts = table::verdicts(&measured, lab.before().as_ref());
    let details = table::details(&measured);
    println!("\n{}\n\n{}\n{}", about(&lab), verdicts.text(), details.text());
    save(common, &lab, &measured.iter().map(Measured::json).collect::<Vec<_>>())?;
    if common.write_docs {
        let body = |table: &Table| format!("{}\n\n{}", about(&lab), table.markdown());
        docs::write(&lab.root, &[("rows", body(&verdicts)), ("details", body(&details))])?;
    }
    let missed = measured.iter().filter(|row| row.verdict() == Verdict::Missed);
    let missed: Vec<_> = missed.map(|row| row.row.name).collect();
    if !missed.is_empty() {
        bail!("missed: {}", missed.join(", "));
    }
    Ok(())
}

fn chosen(names: &[String], quick: bool) -> Result<Vec<Row>> {
    for name in names {
        if !ALL.iter().any(|row| row.name == name) {
            bail!("there is no row `{name}`: `cargo xtask bench list` shows them all");
        }
    }
    let is_chosen = |row: &&Row| match names.is_empty() {
        true => row.is_quick || !quick,
        false => names.iter().any(|name| name == row.name),
    };
    Ok(ALL.iter().filter(is_chosen).copied().collect())
}

/// Where and how it was measured, in a line.
pub(crate) fn about(lab: &Lab) -> String {
    let rounds = lab.rounds;
    format!("{}; {}; median of {rounds} rounds", lab.machine.line(&lab.root), lab.machine.about())
}

/// Writes what was measured to the file asked for, if any.
pub(crate) fn save(common: &Common, lab: &Lab, measured: &[Value]) -> Result<()> {
    let Some(file) = &common.json else { return Ok(()) };
    let all = json!({
        "machine": lab.machine.line(&lab.root),
        "cores": lab.machine.about(),
        "rounds": lab.rounds,
        "measured": measured,
    });
    let text = format!("{}\n", serde_json::to_string_pretty(&all)?);
    fs::write(file, text).with_context(|| format!("write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::chosen;

    #[test]
    fn rows_are_chosen_by_name() {
        assert!(chosen(&[], false).unwrap().len() > chosen(&[], true).unwrap().len());
        assert_eq!(chosen(&["echo".to_owned()], true).unwrap().len(), 1);
        let error = chosen(&["eco".to_owned()], false).unwrap_err().to_string();
        assert!(error.contains("bench list"), "{error}");
    }
}
