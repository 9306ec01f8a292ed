//! Subjects are measured in turn, round by round, so that what else the machine does hits all of
//! them alike.

use anyhow::Result;
use serde_json::{Value, json};

use crate::figure::{Spread, Verdict, differences, ratios};
use crate::floor::Mode;
use crate::lab::Lab;
use crate::outcome::{Outcome, What};
use crate::rows::{Row, Versus};
use crate::setting::Setting;
use crate::subject::Subject;

/// The part of a rate asked for that counts as held: the last moment of a run is cut somewhere.
const HELD: f64 = 0.99;

/// One subject under one load.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) subject: Subject,
    pub(crate) setting: Setting,
    /// What came of it in each round; where a run failed, why.
    pub(crate) runs: Vec<Result<Outcome, String>>,
}

impl Entry {
    pub(crate) fn new(subject: Subject, setting: Setting) -> Self {
        Self { subject, setting, runs: Vec::new() }
    }

    /// One figure in each round.
    pub(crate) fn values(&self, what: What) -> Vec<Option<f64>> {
        self.runs.iter().map(|run| run.as_ref().ok()?.get(what)).collect()
    }

    pub(crate) fn spread(&self, what: What) -> Option<Spread> {
        Spread::of(self.values(what).into_iter().flatten())
    }

    /// A figure as a table shows it.
    pub(crate) fn show(&self, what: What) -> String {
        self.spread(what).map_or_else(|| "–".to_owned(), |spread| what.show(spread.median))
    }

    /// What went wrong in any round.
    pub(crate) fn wrongs(&self) -> String {
        let wrongs = self.runs.iter().map(|run| match run {
            Ok(outcome) => outcome.wrongs(),
            Err(_) => "a run failed".to_owned(),
        });
        let wrongs: Vec<_> = wrongs.filter(|wrong| !wrong.is_empty()).collect();
        wrongs.join("; ")
    }

    pub(crate) fn json(&self) -> Value {
        let runs = self.runs.iter().map(|run| match run {
            Ok(outcome) => {
                let mut raw = outcome.raw.clone();
                raw["most_unsent"] = outcome.unsent.into();
                raw["stolen"] = outcome.stolen.into();
                raw
            }
            Err(error) => json!({ "error": error }),
        });
        json!({ "subject": self.subject.name, "runs": runs.collect::<Vec<_>>() })
    }
}

/// Runs all of them once a round; how it goes stands on the terminal.
#[allow(clippy::print_stderr, reason = "how it goes is no part of the result")]
pub(crate) fn in_turn(lab: &Lab, name: &str, entries: &mut [Entry]) {
    for round in 1..=lab.rounds {
        for entry in &mut *entries {
            eprint!("{name}, round {round} of {}: {} … ", lab.rounds, entry.subject.name);
            let run = lab.run(&entry.subject, &entry.setting);
            match &run {
                Ok(outcome) => eprintln!("{}", in_short(outcome)),
                Err(error) => eprintln!("failed: {error:#}"),
            }
            entry.runs.push(run.map_err(|error| format!("{error:#}")));
        }
    }
}

/// What a run says in a line.
fn in_short(outcome: &Outcome) -> String {
    let all = [
        What::Cpu,
        What::Rate,
        What::P99,
        What::Rss,
        What::Handshakes,
        What::GeneratorBusy,
        What::Stolen,
    ];
    let figures = all
        .iter()
        .filter_map(|what| Some(format!("{} {}", what.heading(), what.show(outcome.get(*what)?))));
    let wrongs = Some(outcome.wrongs()).filter(|wrongs| !wrongs.is_empty());
    figures.chain(wrongs).collect::<Vec<_>>().join(", ")
}

/// A row that was measured: Roomcast first, then what it is held against, then the others.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) row: Row,
    pub(crate) entries: Vec<Entry>,
}

impl Measured {
    /// Measures a row.
    pub(crate) fn new(lab: &Lab, row: Row, seconds: u64, quick: bool) -> Self {
        let setting = row.setting(seconds);
        let mut entries = vec![Entry::new(lab.roomcast(), setting.clone())];
        match row.versus {
            Versus::Floor(mode) => {
                let floors = Lab::floors(mode).into_iter().take(if quick { 1 } else { 2 });
                entries.extend(floors.map(|floor| Entry::new(floor, setting.clone())));
            }
            Versus::Nothing if row.what == What::Rss => {
                entries.push(Entry::new(Subject::floor(Mode::Batch), setting.clone()));
            }
            _ => {}
        }
        if let Some((name, other)) = row.other(seconds) {
            let subject = Subject { name: name.to_owned(), ..lab.roomcast() };
            entries.push(Entry::new(subject, other));
        }
        entries.extend(lab.before().map(|before| Entry::new(before, setting)));
        in_turn(lab, row.name, &mut entries);
        Self { row, entries }
    }

    /// What counts: the ratio, the difference, or Roomcast's own value.
    pub(crate) fn figure(&self) -> Option<Spread> {
        let what = self.row.what;
        let ours = self.entries.first()?.values(what);
        let theirs = self.entries.get(1).map(|entry| entry.values(what)).unwrap_or_default();
        match self.row.versus {
            Versus::Nothing => Spread::of(ours.into_iter().flatten()),
            Versus::Floor(_) | Versus::Load { .. } => ratios(&ours, &theirs),
            Versus::More { each_of, .. } => differences(&ours, &theirs, f64::from(each_of)),
        }
    }

    /// Roomcast's value as a part of what it was before, if that was asked for.
    pub(crate) fn since_before(&self, before: &Subject) -> Option<Spread> {
        let is_before = |entry: &&Entry| entry.subject.name == before.name;
        let before = self.entries.iter().find(is_before)?.values(self.row.what);
        ratios(&self.entries.first()?.values(self.row.what), &before)
    }

    /// How the row stands. Nothing holds where a message was lost.
    pub(crate) fn verdict(&self) -> Verdict {
        let Some(ours) = self.entries.first() else { return Verdict::Missed };
        let is_held = self.row.asked.is_none_or(|asked| {
            ours.spread(What::Rate).is_some_and(|rate| rate.median >= HELD * asked)
        });
        if !ours.wrongs().is_empty() || !is_held {
            return Verdict::Missed;
        }
        let value = self.figure().map(|figure| figure.median);
        match self.row.bounds().judge(value, self.row.what.is_better_high()) {
            Verdict::Shown if self.row.asked.is_some() => Verdict::Must,
            verdict => verdict,
        }
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "row": self.row.name,
            "about": self.row.about,
            "what": self.row.what.heading(),
            "figure": self.figure(),
            "bounds": self.row.bounds(),
            "verdict": self.verdict(),
            "subjects": self.entries.iter().map(Entry::json).collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Entry, Measured};
    use crate::figure::{Spread, Verdict};
    use crate::floor::Mode;
    use crate::outcome::tests::run;
    use crate::rows::ALL;
    use crate::subject::Subject;

    /// A row with these costs of Roomcast and the floor, and so many lost messages.
    pub(crate) fn measured(name: &str, ours: [f64; 3], floor: [f64; 3], lost: u64) -> Measured {
        let row = *ALL.iter().find(|row| row.name == name).unwrap();
        let setting = row.setting(5);
        let roomcast = Subject::roomcast("roomcast", "roomcast".into());
        let mut entries = vec![
            Entry::new(roomcast, setting.clone()),
            Entry::new(Subject::floor(Mode::Batch), setting),
        ];
        entries[0].runs = ours.map(|cpu| Ok(run(cpu, lost))).into();
        entries[1].runs = floor.map(|cpu| Ok(run(cpu, 0))).into();
        Measured { row, entries }
    }

    #[test]
    fn a_row_is_judged_by_the_ratio_of_the_same_round() {
        let row = measured("room-1000", [0.75, 7.5, 0.25], [0.5, 5.0, 0.25], 0);
        assert_eq!(row.figure(), Spread::of([1.5, 1.5, 1.0]));
        assert_eq!(row.verdict(), Verdict::Must);
        assert_eq!(row.json()["verdict"], "must");
    }

    #[test]
    fn nothing_holds_where_a_message_was_lost_or_a_run_failed() {
        let mut row = measured("room-1000", [0.2; 3], [0.2; 3], 1);
        assert_eq!(row.verdict(), Verdict::Missed);
        row = measured("room-1000", [0.2; 3], [0.2; 3], 0);
        assert_eq!(row.verdict(), Verdict::Aim);
        row.entries[0].runs[1] = Err("closed".to_owned());
        assert_eq!(row.verdict(), Verdict::Missed);
        assert_eq!(row.json()["subjects"][0]["runs"][1]["error"], "closed");
    }

    #[test]
    fn a_rate_that_was_asked_for_must_be_made() {
        let mut row = measured("room-1000", [0.2; 3], [0.2; 3], 0);
        row.row.asked = Some(1e6);
        assert_eq!(row.verdict(), Verdict::Missed, "the run made 100,000");
        row.row.asked = Some(1e5);
        assert_eq!(row.verdict(), Verdict::Aim);
    }
}
