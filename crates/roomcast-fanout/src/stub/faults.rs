//! What a test can do to the stub.

use super::{Asked, Stub};
use crate::bus::News;
use crate::presence::tests::fake::Store as _;
use crate::scripts::Server;

/// What a Redis comes back with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Back {
    /// All of its data.
    Whole,
    /// What it had when [`Stub::save`] was called last.
    Saved,
    /// Nothing.
    Empty,
}

impl Stub {
    /// All links end.
    pub(crate) fn end_all(&self) {
        let mut core = self.core();
        (0..core.wires.len()).for_each(|link| core.end(link, "the connection was closed"));
    }

    /// The links of a node end.
    pub(crate) fn end(&self, node: usize) {
        let mut core = self.core();
        for link in 0..core.wires.len() {
            if core.wires[link].node == node {
                core.end(link, "the connection was closed");
            }
        }
    }

    /// A node hears nothing more, and its link does not know.
    pub(crate) fn deafen(&self, node: usize) {
        self.core().deaf.entry(node).or_insert(0);
    }

    /// It hears again; if it is to know, its link says that so much was dropped.
    pub(crate) fn undeafen(&self, node: usize, is_told: bool) {
        let mut core = self.core();
        let missed = core.deaf.remove(&node).unwrap_or(0);
        for wire in core.wires.iter_mut().filter(|wire| wire.node == node && wire.is_up) {
            if is_told && missed > 0 {
                wire.pushes.push_back(News::Lagged(missed));
            }
        }
        core.flow();
    }

    /// After so many things more of that kind, or of any, the link that asked ends before it is
    /// answered.
    pub(crate) fn end_after(&self, asked: Option<Asked>, times: usize) {
        self.core().end_after = Some((asked, times));
    }

    /// Every link that is asked to append ends and does not, or no longer.
    pub(crate) fn end_before_appends(&self, does: bool) {
        self.core().ends_before_appends = does;
    }

    /// So many more of that kind are refused.
    pub(crate) fn refuse(&self, asked: Asked, times: usize) {
        self.core().refusals.insert(asked, times);
    }

    /// Nothing is done any more, or all that was asked for meanwhile.
    pub(crate) fn stand_still(&self, is_still: bool) {
        let mut core = self.core();
        core.holds_requests = is_still;
        core.flow();
    }

    /// Nothing is subscribed to any more, or all that was asked for meanwhile.
    pub(crate) fn hold_subscriptions(&self, is_held: bool) {
        let mut core = self.core();
        core.holds_subscriptions = is_held;
        core.flow();
    }

    /// Links that end leave those who asked without a word, until they give up; or no longer.
    pub(crate) fn end_silently(&self, is_silent: bool) {
        self.core().ends_silently = is_silent;
    }

    /// What was asked for over links that have ended is never done.
    pub(crate) fn forget_requests(&self) {
        let mut core = self.core();
        let requests = std::mem::take(&mut core.requests);
        let is_up = |link: usize| core.wires.get(link).is_none_or(|wire| wire.is_up);
        let (live, dead) = requests.into_iter().partition(|request| is_up(request.link));
        core.requests = live;
        // Who asked hears nothing, or that there is nobody to answer.
        let dead: std::collections::VecDeque<super::Request> = dead;
        core.bury(dead);
    }

    /// Answers are held back, or go their way.
    pub(crate) fn hold_answers(&self, is_held: bool) {
        let mut core = self.core();
        core.holds_answers = is_held;
        core.flow();
    }

    /// What comes on channels is held back, or goes its way.
    pub(crate) fn hold_pushes(&self, is_held: bool) {
        let mut core = self.core();
        core.holds_pushes = is_held;
        core.flow();
    }

    /// So many of what is held back go their way.
    pub(crate) fn release(&self, requests: usize, answers: usize, pushes: usize) {
        let mut core = self.core();
        for _ in 0..requests {
            core.act_once();
        }
        for wire in &mut core.wires {
            let some = answers.min(wire.answers.len());
            wire.answers.drain(..some).for_each(|tell| tell());
            let some = pushes.min(wire.pushes.len());
            wire.pushes.drain(..some).for_each(|news| _ = wire.news.send(news));
        }
    }

    /// What there is now is what comes back with [`Back::Saved`].
    pub(crate) fn save(&self) {
        let mut core = self.core();
        core.saved = core.store.data.clone();
    }

    /// It goes, and what was asked for and not done with it.
    pub(crate) fn go(&self) {
        let mut core = self.core();
        core.is_down = true;
        let requests = std::mem::take(&mut core.requests);
        core.bury(requests);
        let subscriptions = std::mem::take(&mut core.subscriptions);
        core.bury(subscriptions);
        drop(core);
        self.end_all();
    }

    /// It comes back in another life, and believes that it has all of its data or does not.
    pub(crate) fn come_back(&self, back: Back, kept: bool) {
        let mut core = self.core();
        core.is_down = false;
        core.lives += 1;
        core.server = Server { run: format!("life {}", core.lives), kept };
        match back {
            Back::Whole => {}
            Back::Saved => core.store.data = core.saved.clone(),
            Back::Empty => core.store.data = super::Data::default(),
        }
        if back == Back::Empty {
            core.saved = super::Data::default();
            core.presence.wipe();
        }
        core.flow();
    }

    /// Everything works from now on.
    pub(crate) fn heal(&self) {
        let mut core = self.core();
        core.is_down = false;
        core.holds_requests = false;
        core.holds_subscriptions = false;
        core.ends_silently = false;
        core.holds_answers = false;
        core.holds_pushes = false;
        core.refusals.clear();
        core.end_after = None;
        core.ends_before_appends = false;
        core.flow();
    }
}
