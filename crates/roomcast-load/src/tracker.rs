//! What one member has of one publisher's messages: nothing lost, nothing twice, none too late.

/// How far back a message is remembered one by one.
const WINDOW: u32 = 64;

/// What became of a message that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Came {
    /// In its turn, or after a hole.
    InTurn,
    /// After a newer one.
    Late,
    /// It had come before.
    Again,
}

/// The messages of one publisher as one member got them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tracker {
    /// The number of the next message.
    next: u64,
    /// Which of the last 64 came: bit 0 is the newest.
    window: u64,
    /// How many fell out of the window without having come.
    lost: u64,
}

impl Default for Tracker {
    fn default() -> Self {
        Self { next: 0, window: u64::MAX, lost: 0 }
    }
}

impl Tracker {
    /// Notes a message.
    #[inline]
    pub(crate) fn take(&mut self, sequence: u64) -> Came {
        if sequence == self.next {
            self.next += 1;
            self.lost += u64::from(self.window >> 63 == 0);
            self.window = self.window << 1 | 1;
            return Came::InTurn;
        }
        self.take_odd(sequence)
    }

    #[cold]
    fn take_odd(&mut self, sequence: u64) -> Came {
        if sequence > self.next {
            let steps = sequence - self.next + 1;
            self.lost += self.fallen(steps);
            let shift = u32::try_from(steps).unwrap_or(WINDOW);
            self.window = self.window.checked_shl(shift).unwrap_or(0) | 1;
            self.next = sequence + 1;
            return Came::InTurn;
        }
        let age = self.next - 1 - sequence;
        if age >= u64::from(WINDOW) {
            // Too old to be known one by one: it fills a hole if there is one.
            if self.lost == 0 {
                return Came::Again;
            }
            self.lost -= 1;
            return Came::Late;
        }
        let bit = 1 << age;
        if self.window & bit != 0 {
            return Came::Again;
        }
        self.window |= bit;
        Came::Late
    }

    /// How many holes leave the window when it moves on by so many messages.
    fn fallen(&self, steps: u64) -> u64 {
        let window = u64::from(WINDOW);
        let leaving = u32::try_from(steps.min(window)).unwrap_or(WINDOW);
        let kept = self.window.checked_shr(WINDOW - leaving).unwrap_or(0);
        u64::from(leaving - kept.count_ones()) + steps.saturating_sub(window)
    }

    /// How many of this many messages never came.
    pub(crate) fn lost(&self, published: u64) -> u64 {
        self.lost + u64::from(self.window.count_zeros()) + published.saturating_sub(self.next)
    }

    /// How many came of those that have a number below the next one.
    pub(crate) fn came(&self) -> u64 {
        self.next - self.lost(self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(sequences: &[u64]) -> (Tracker, u64, u64) {
        let mut tracker = Tracker::default();
        let came: Vec<_> = sequences.iter().map(|sequence| tracker.take(*sequence)).collect();
        let count = |kind| came.iter().filter(|came| **came == kind).count() as u64;
        (tracker, count(Came::Again), count(Came::Late))
    }

    #[test]
    fn all_in_turn_is_nothing_to_tell() {
        let (tracker, again, late) = told(&(0..1000).collect::<Vec<_>>());
        assert_eq!((tracker.lost(1000), again, late, tracker.came()), (0, 0, 0, 1000));
        assert_eq!(tracker.lost(1010), 10);
        assert_eq!(Tracker::default().lost(3), 3);
        assert_eq!(Tracker::default().came(), 0);
    }

    #[test]
    fn a_hole_is_lost_wherever_it_is() {
        let (tracker, again, late) = told(&[0, 1, 3, 4]);
        assert_eq!((tracker.lost(5), again, late), (1, 0, 0));
        let far: Vec<_> = [0].into_iter().chain(2..300).collect();
        assert_eq!(told(&far).0.lost(300), 1);
        assert_eq!(told(&[0, 200]).0.lost(201), 199);
        assert_eq!(told(&[63]).0.lost(64), 63);
        assert_eq!(told(&[64, 128]).0.lost(129), 127);
        assert_eq!(told(&[0, 200]).0.came(), 2);
    }

    #[test]
    fn what_comes_again_is_told_apart_from_what_comes_late() {
        let (tracker, again, late) = told(&[0, 0, 2, 1, 1, 3]);
        assert_eq!((tracker.lost(4), again, late), (0, 2, 1));
    }

    #[test]
    fn what_is_older_than_the_window_fills_a_hole_or_came_again() {
        let mut all: Vec<_> = [0].into_iter().chain(2..100).collect();
        all.extend([1, 1]);
        let (tracker, again, late) = told(&all);
        assert_eq!((tracker.lost(100), again, late), (0, 1, 1));
    }
}
