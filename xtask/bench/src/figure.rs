//! Medians, ratios of the same round, and what they are held against.

use std::fmt;

use serde::Serialize;

use crate::outcome::digits;

/// The middle of some values, with the lowest and the highest.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Spread {
    /// Of nothing there is none.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_unstable_by(f64::total_cmp);
        let (low, high) = (*values.first()?, *values.last()?);
        let (one, other) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
        Some(Self { median: f64::midpoint(one, other), low, high })
    }

    /// Written by this function of one value; the spread only where there is any.
    pub(crate) fn show(&self, one: impl Fn(f64) -> String) -> String {
        let [median, low, high] = [self.median, self.low, self.high].map(one);
        if low == high { median } else { format!("{median} ({low}–{high})") }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.show(digits))
    }
}

/// The ratio in each round: what else the machine did then hit both alike.
pub(crate) fn ratios(ours: &[Option<f64>], theirs: &[Option<f64>]) -> Option<Spread> {
    pairs(ours, theirs, |ours, theirs| (theirs != 0.0).then(|| ours / theirs))
}

/// The difference in each round, divided by this.
pub(crate) fn differences(
    ours: &[Option<f64>],
    theirs: &[Option<f64>],
    divisor: f64,
) -> Option<Spread> {
    pairs(ours, theirs, |ours, theirs| Some((ours - theirs) / divisor))
}

fn pairs(
    ours: &[Option<f64>],
    theirs: &[Option<f64>],
    of: impl Fn(f64, f64) -> Option<f64>,
) -> Option<Spread> {
    let pairs = ours.iter().zip(theirs);
    Spread::of(pairs.filter_map(|(ours, theirs)| of((*ours)?, (*theirs)?)))
}

/// What a figure is held against.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Bounds {
    pub(crate) must: Option<f64>,
    pub(crate) aim: Option<f64>,
}

/// How a figure stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// It is as good as is aimed at.
    Aim,
    /// It is as good as it must be.
    Must,
    /// It is not.
    Missed,
    /// There is nothing to hold it against.
    Shown,
}

impl Bounds {
    /// Judges a median; `high` says that more is better.
    pub(crate) fn judge(self, value: Option<f64>, high: bool) -> Verdict {
        let holds = |bound: f64| match value {
            Some(value) if high => value >= bound,
            Some(value) => value <= bound,
            None => false,
        };
        match (self.must, self.aim) {
            (None, None) => Verdict::Shown,
            (_, Some(aim)) if holds(aim) => Verdict::Aim,
            (None, _) => Verdict::Shown,
            (Some(must), _) if holds(must) => Verdict::Must,
            _ => Verdict::Missed,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aim => "aim ok",
            Self::Must => "must ok",
            Self::Missed => "MISSED",
            Self::Shown => "",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Bounds, Spread, Verdict, differences, ratios};

    #[test]
    fn a_median_stands_in_the_middle_of_its_spread() {
        let spread = |median, low, high| Some(Spread { median, low, high });
        assert_eq!(Spread::of([3.0, 1.0, 2.0]), spread(2.0, 1.0, 3.0));
        assert_eq!(Spread::of([4.0, 1.0]), spread(2.5, 1.0, 4.0));
        assert_eq!(Spread::of([]), None);
        assert_eq!(Spread::of([3.0, 1.0, 2.0]).unwrap().to_string(), "2.00 (1.00–3.00)");
        assert_eq!(Spread::of([0.5]).unwrap().to_string(), "0.500");
    }

    #[test]
    fn ratios_are_of_the_same_round() {
        // A slow round makes both slow: the ratio stays.
        let (ours, floor) = ([Some(2.0), Some(20.0), Some(3.0)], [Some(1.0), Some(10.0), None]);
        assert_eq!(ratios(&ours, &floor), Spread::of([2.0, 2.0]));
        assert_eq!(ratios(&ours, &[Some(0.0); 3]), None);
        assert_eq!(differences(&ours, &floor, 2.0), Spread::of([0.5, 5.0]));
    }

    #[test]
    fn a_figure_is_judged_by_its_bounds() {
        let bounds = Bounds { must: Some(1.6), aim: Some(1.2) };
        let judged = [1.1, 1.2, 1.5, 1.7].map(|value| bounds.judge(Some(value), false));
        assert_eq!(judged, [Verdict::Aim, Verdict::Aim, Verdict::Must, Verdict::Missed]);
        assert_eq!(bounds.judge(None, false), Verdict::Missed);
        let handshakes = Bounds { must: Some(0.7), aim: Some(0.9) };
        let judged = [0.95, 0.8, 0.6].map(|value| handshakes.judge(Some(value), true));
        assert_eq!(judged, [Verdict::Aim, Verdict::Must, Verdict::Missed]);
        assert_eq!(Bounds::default().judge(Some(1.0), false), Verdict::Shown);
    }
}
