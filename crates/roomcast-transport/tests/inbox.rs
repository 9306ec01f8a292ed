//! An inbox between threads: each keeps its order, nothing is lost, and who waits is woken.

use roomcast_core::inbox::inbox;
use roomcast_core::{Delivery, Event};
use roomcast_protocol::{Message, Payload, RoomName, Timestamp};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

const THREADS: usize = 4;
const EACH: u64 = 5_000;

/// The message of that number of that thread.
fn delivery(thread: usize, number: u64) -> Arc<Delivery> {
    let message = Message {
        user: None,
        room: RoomName::new(&format!("thread.{thread}")).unwrap(),
        position: None,
        event: None,
        data: Payload::parse(&number.to_string()).unwrap(),
        timestamp: Timestamp::from_millis(0),
        message_id: None,
        key: None,
    };
    Arc::new(Delivery::new(message, Duration::ZERO, None))
}

#[tokio::test]
async fn of_many_threads_each_keeps_its_order_and_nothing_is_lost() {
    let (sender, mut inbox) = inbox(usize::MAX);
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| {
            let sender = sender.clone();
            let push = move |number| sender.push_message(delivery(thread, number), None);
            thread::spawn(move || (1..=EACH).for_each(push))
        })
        .collect();
    drop(sender);
    let (mut events, mut last) = (Vec::new(), [0; THREADS]);
    while inbox.recv_many(&mut events, 100).await > 0 {
        for event in events.drain(..) {
            let Event::Message { delivery, .. } = event else { panic!("{event:?}") };
            let thread = delivery.message.room.as_str().rsplit('.').next().unwrap();
            let last = &mut last[thread.parse::<usize>().unwrap()];
            *last += 1;
            assert_eq!(delivery.message.data.as_str(), last.to_string());
        }
    }
    assert_eq!(last, [EACH; THREADS]);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}
