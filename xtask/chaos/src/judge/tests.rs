//! Logs that break one promise each, and what the judge says of them.

use super::judge;
use crate::log::{At, Entry, Event, Heard, Joined, Log, Name};
use std::time::Duration;

fn at(epoch: &str, offset: u64) -> At {
    At { epoch: epoch.into(), offset }
}

fn name(number: u32) -> Name {
    Name { client: 9, number }
}

/// Message `number` has the offset.
fn heard((offset, number): (u64, u32)) -> Heard {
    Heard { offset, name: name(number) }
}

fn message(offset: u64, number: u32) -> Event {
    Event::Heard(heard((offset, number)))
}

fn acked(epoch: &str, offset: u64, number: u32) -> Event {
    Event::Acked { name: name(number), at: at(epoch, offset), duplicate: false }
}

fn gap(from: u64, to: u64, repairing: bool) -> Event {
    Event::Gap { from, to, repairing }
}

fn lost() -> Event {
    Event::Lost { why: "cut".into(), own: false }
}

/// A join from nothing.
fn fresh(epoch: &str, offset: u64) -> [Event; 2] {
    let (at, messages) = (at(epoch, offset), Vec::new());
    let joined = Joined { at, asked: true, recovered: false, reason: None, messages };
    [Event::Join { since: None }, Event::Joined(joined)]
}

/// A return that brings these.
fn recovered(since: At, at: At, messages: &[(u64, u32)]) -> [Event; 3] {
    let messages = messages.iter().copied().map(heard).collect();
    let joined = Joined { at, asked: true, recovered: true, reason: None, messages };
    [lost(), Event::Join { since: Some(since) }, Event::Joined(joined)]
}

/// A return that is told of a loss.
fn told(since: At, at: At, why: &str) -> [Event; 3] {
    let reason = Some(why.to_owned());
    let joined = Joined { at, asked: true, recovered: false, reason, messages: Vec::new() };
    [lost(), Event::Join { since: Some(since) }, Event::Joined(joined)]
}

/// A `joined` that nobody asked for.
fn unasked(at: At, recovered: bool) -> [Event; 1] {
    let reason = (!recovered).then(|| "epoch".to_owned());
    [Event::Joined(Joined { at, asked: false, recovered, reason, messages: Vec::new() })]
}

fn log(parts: &[&[Event]]) -> Log {
    let room = |event: &Event| (!matches!(event, Event::Lost { .. })).then_some(0);
    let events = parts.iter().flat_map(|part| part.iter().cloned());
    events.map(|event| Entry { time: Duration::ZERO, room: room(&event), event }).collect()
}

/// What the judge says of one client, or of several.
fn says(logs: &[&[&[Event]]]) -> Vec<String> {
    let logs: Vec<Log> = logs.iter().map(|parts| log(parts)).collect();
    let breaches = judge(&logs.iter().collect::<Vec<_>>());
    breaches.into_iter().map(|breach| format!("c{}: {}", breach.client, breach.what)).collect()
}

#[track_caller]
fn holds(logs: &[&[&[Event]]]) {
    assert_eq!(says(logs), [""; 0]);
}

#[track_caller]
fn breaks(logs: &[&[&[Event]]], with: &str) {
    let said = says(logs);
    assert!(said.iter().any(|line| line.contains(with)), "{said:?}");
}

#[test]
fn a_life_without_blame() {
    let ann: &[&[Event]] = &[
        &fresh("a", 4),
        &[message(5, 1), acked("a", 5, 1), gap(6, 7, false), message(8, 2)],
        &recovered(at("a", 8), at("a", 10), &[(9, 3), (10, 4)]),
        &[gap(11, 12, true), message(11, 5), message(12, 6)],
        &unasked(at("b", 12), true),
        &[message(13, 7)],
        &told(at("b", 13), at("c", 0), "epoch"),
        &[message(1, 5)],
    ];
    let bob: &[&[Event]] = &[&fresh("b", 12), &[message(13, 7), lost()]];
    holds(&[ann, bob]);
}

#[test]
fn an_offset_comes_once_and_in_order() {
    breaks(&[&[&fresh("a", 0), &[message(1, 1), message(1, 1)]]], "twice, or out of order");
    breaks(&[&[&fresh("a", 0), &[message(1, 1), message(3, 3)]]], "no gap told of #2");
    breaks(&[&[&fresh("a", 0), &[message(1, 1), gap(3, 4, false)]]], "a gap #3..#4 after #1");
    breaks(&[&[&fresh("a", 0), &[gap(1, 1, true), message(2, 2)]]], "no gap told of #1");
}

#[test]
fn a_message_comes_once_in_a_run() {
    breaks(&[&[&fresh("a", 0), &[message(1, 1), message(2, 1)]]], "c9-1 is delivered twice");
    let again = recovered(at("a", 1), at("b", 2), &[(2, 1)]);
    breaks(&[&[&fresh("a", 0), &[message(1, 1)], &again]], "c9-1 is delivered twice");
    let anew = told(at("a", 1), at("b", 0), "epoch");
    holds(&[&[&fresh("a", 0), &[message(1, 1)], &anew, &[message(1, 1)]]]);
}

#[test]
fn a_recovery_brings_everything_and_nothing_else() {
    let with = |to, messages: &[(u64, u32)]| recovered(at("a", 1), at("a", to), messages);
    let begin = fresh("a", 1);
    breaks(&[&[&begin, &with(3, &[(2, 2)])]], "this is not everything since #1");
    breaks(&[&[&begin, &with(3, &[(3, 3)])]], "no gap told of #2");
    breaks(&[&[&begin, &with(1, &[(1, 1)])]], "twice, or out of order");
    breaks(&[&[&begin, &unasked(at("b", 3), true)]], "this is not everything since #1");
}

#[test]
fn an_announced_loss_is_honest() {
    breaks(&[&[&fresh("a", 7), &told(at("a", 7), at("a", 6), "epoch")]], "the epoch went back");
    breaks(&[&[&fresh("a", 7), &told(at("a", 7), at("b", 0), "mood")]], "does not go together");
}

#[test]
fn all_hear_the_same() {
    let ann: &[&[Event]] = &[&fresh("a", 0), &[message(1, 1)]];
    breaks(&[ann, &[&fresh("a", 0), &[message(1, 2)]]], "c1: #1 is c9-2, but c9-1 for c0");
    breaks(&[ann, &[&[acked("a", 1, 2)]]], "#1 is c9-2, but c9-1 for c0");
    breaks(&[ann, &[&[acked("a", 2, 1)]]], "c9-1 stands at #1 and again at #2");
}

#[test]
fn an_epoch_that_goes_on_has_the_same_messages() {
    let ann: &[&[Event]] =
        &[&fresh("a", 0), &[message(1, 1), message(2, 2)], &unasked(at("b", 2), true)];
    let bob = |number| recovered(at("a", 0), at("b", 2), &[(1, 1), (2, number)]);
    holds(&[ann, &[&fresh("a", 0), &bob(2)]]);
    breaks(&[ann, &[&fresh("a", 0), &bob(3)]], "b goes on from a at #2, but #2 is");
    // Over an epoch in between, of which nobody heard a message.
    let cid = recovered(at("b", 0), at("c", 2), &[(1, 1), (2, 3)]);
    let dan: &[&[Event]] = &[&fresh("b", 2), &unasked(at("c", 2), true)];
    breaks(&[ann, dan, &[&fresh("b", 0), &cid]], "c goes on from b at #2, but #2 is");
}

#[test]
fn what_was_acked_comes_or_its_loss_is_told() {
    let ack: &[&[Event]] = &[&[acked("a", 2, 2)]];
    let begin = fresh("a", 0);
    let one = [message(1, 1)];
    breaks(&[&[&begin, &one], ack], "c0: c9-2 was acked at a#2 and never came");
    holds(&[&[&begin, &one, &[gap(2, 2, false)]], ack]);
    holds(&[&[&begin, &one, &told(at("a", 1), at("b", 0), "epoch")], ack]);
    // Another epoch goes on, but the message is not in it.
    breaks(&[&[&begin, &one, &unasked(at("b", 1), true)], ack], "c9-2 was acked at a#2");
    holds(&[&[&begin, &one, &unasked(at("b", 1), true), &[message(2, 2)]], ack]);
    holds(&[&[&begin, &one, &unasked(at("b", 1), true), &[gap(2, 2, false)]], ack]);
}

#[test]
fn a_room_speaks_to_its_members_only() {
    breaks(&[&[&fresh("a", 0), &[lost(), message(1, 1)]]], "a room that it is not in");
    breaks(
        &[&[&[Event::Left { code: "forbidden".into() }], &unasked(at("a", 0), true)]],
        "wrong time",
    );
    let twice = fresh("a", 0);
    breaks(&[&[&twice, &twice]], "at the wrong time");
    breaks(&[&[&[Event::Wrong("no JSON".into())]]], "no JSON");
}
