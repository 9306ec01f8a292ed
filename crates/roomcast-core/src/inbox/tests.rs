//! An inbox by itself: what it says beyond its bound, and whom it wakes.

use super::*;
use crate::asker::Accepted;
use crate::session::SessionKey;
use roomcast_protocol::{Epoch, Message, Payload, Timestamp};
use std::pin::pin;
use std::sync::mpsc;
use std::task::Wake;
use tokio::sync::oneshot::error::TryRecvError;

/// Tells a channel that it was woken.
struct Bell(mpsc::Sender<()>);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        // A test that has ended needs no word.
        _ = self.0.send(());
    }
}

fn bell() -> (Waker, mpsc::Receiver<()>) {
    let (sender, rings) = mpsc::channel();
    (Arc::new(Bell(sender)).into(), rings)
}

fn tea() -> RoomName {
    RoomName::new("tea").unwrap()
}

fn delivery(offset: u64) -> Arc<Delivery> {
    let message = Message {
        user: None,
        room: tea(),
        position: Some(Position { epoch: Epoch(1), offset }),
        event: None,
        data: Payload::parse("\"0123456789\"").unwrap(),
        timestamp: Timestamp::from_millis(0),
        message_id: None,
        key: None,
    };
    Arc::new(Delivery::new(message, Duration::ZERO, None))
}

fn publisher(index: u32) -> Option<Caller> {
    Some(Caller { shard: 0, session: SessionKey { index, serial: 1 }, id: None })
}

/// What the events are, in a few words.
fn words(inbox: &mut Inbox) -> Vec<String> {
    let word = |event| match event {
        Event::Message { delivery, publisher } => {
            let with = if publisher.is_some() { ", accepted" } else { "" };
            format!("message {}{with}", delivery.offset().unwrap())
        }
        Event::Answer { answer: Answer::Accepted(Accepted { position, .. }), .. } => {
            format!("accepted {}", position.unwrap().offset)
        }
        Event::Lost(room) => format!("lost in {}", room.as_str()),
        other => panic!("{other:?}"),
    };
    std::iter::from_fn(|| inbox.try_recv()).map(word).collect()
}

#[test]
fn beyond_its_bound_it_says_once_that_messages_were_lost_and_each_that_was_accepted() {
    let (sender, mut inbox) = inbox(2 * delivery(1).weight());
    for offset in 1..=4 {
        sender.push_message(delivery(offset), publisher(3));
    }
    sender.push_lost(&tea());
    let expected =
        ["message 1, accepted", "message 2, accepted", "lost in tea", "accepted 3", "accepted 4"];
    assert_eq!(words(&mut inbox), expected);
    // All has been heard: there is room again, and another loss would be told again.
    for offset in 5..=7 {
        sender.push_message(delivery(offset), None);
    }
    assert_eq!(words(&mut inbox), ["message 5", "message 6", "lost in tea"]);
}

#[test]
fn who_waits_is_woken_by_an_event_and_by_the_last_sender_that_goes() {
    let ((sender, mut inbox), (waker, rings)) = (inbox(1_000), bell());
    let (mut context, mut events) = (Context::from_waker(&waker), Vec::new());
    let other = sender.clone();
    assert!(pin!(inbox.recv_many(&mut events, 8)).poll(&mut context).is_pending());
    other.push_lost(&tea());
    rings.try_recv().unwrap();
    let taken = pin!(inbox.recv_many(&mut events, 8)).poll(&mut context);
    assert_eq!((taken, events.len()), (Poll::Ready(1), 1));
    assert!(pin!(inbox.recv_many(&mut events, 8)).poll(&mut context).is_pending());
    drop(sender);
    rings.try_recv().unwrap_err();
    drop(other);
    rings.try_recv().unwrap();
    assert_eq!(pin!(inbox.recv_many(&mut events, 8)).poll(&mut context), Poll::Ready(0));
}

#[test]
fn who_waits_for_what_is_urgent_is_not_woken_by_messages() {
    let ((sender, mut inbox), (waker, rings)) = (inbox(1_000_000), bell());
    let mut context = Context::from_waker(&waker);
    sender.push_message(delivery(1), publisher(3));
    assert!(pin!(inbox.urgent()).poll(&mut context).is_pending());
    sender.push_message(delivery(2), None);
    rings.try_recv().unwrap_err();
    sender.push(Event::Drain { window: Duration::ZERO });
    rings.try_recv().unwrap();
    // It stays urgent until it was taken.
    let mut events = Vec::new();
    inbox.try_recv_many(&mut events, 2);
    assert!(pin!(inbox.urgent()).poll(&mut context).is_ready());
    inbox.try_recv_many(&mut events, 2);
    assert!(pin!(inbox.urgent()).poll(&mut context).is_pending());
    assert!(pin!(inbox.recv_many(&mut events, 8)).poll(&mut context).is_pending());
    sender.push_message(delivery(3), None);
    rings.try_recv().unwrap();
    inbox.try_recv();
    assert!(pin!(inbox.urgent()).poll(&mut context).is_pending());
    drop(sender);
    rings.try_recv().unwrap();
    assert!(pin!(inbox.urgent()).poll(&mut context).is_ready());
}

#[test]
fn an_inbox_that_is_gone_keeps_nobody_waiting() {
    let (sender, inbox) = inbox(1_000);
    let ask = |answer| Event::Disconnect {
        user: UserId::new("ada").unwrap(),
        only: None,
        code: CloseCode::Disconnected,
        answer,
    };
    let (waits, mut before) = oneshot::channel();
    sender.push(ask(waits));
    drop(inbox);
    let (waits, mut after) = oneshot::channel();
    sender.push(ask(waits));
    assert_eq!(before.try_recv().unwrap_err(), TryRecvError::Closed);
    assert_eq!(after.try_recv().unwrap_err(), TryRecvError::Closed);
}
