//! Gives a client its connections, one after the other.

use std::rc::Rc;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use crate::client::Phase;
use crate::socket::{Came, Socket};
use crate::world::World;

/// Waits before the first try and the next ones. The protocol's own are four times as long; a
/// run is too short for them.
const WAITS: [Duration; 5] = [
    Duration::from_millis(500),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_millis(1_000),
    Duration::from_millis(2_500),
];

/// How a connection ended.
struct End {
    why: String,
    /// The client wanted it.
    own: bool,
    /// Whether it may come back, as the close code says.
    barred: bool,
}

/// The life of one client, until the run is over.
pub(crate) async fn live(world: Rc<World>, me: usize) {
    let mut tries = 0;
    while world.phase.get() != Phase::Over {
        let node = world.clients[me].borrow_mut().dice.below(world.nodes.len());
        let end = match Socket::open(world.nodes[node]).await {
            Ok(socket) => connected(&world, me, node, socket).await,
            Err(why) => End { why: format!("node {node}: {why}"), own: false, barred: false },
        };
        if world.phase.get() == Phase::Over {
            return;
        }
        if end.barred {
            let wrong = format!("c{me} is told never to come back: {}", end.why);
            world.wrong(wrong);
        }
        let now = Instant::now();
        let (lasted, until) = world.clients[me].borrow_mut().lost(end.why, end.own, now);
        tries = if lasted { 0 } else { tries + 1 };
        match until {
            Some(at) => sleep_until(at).await,
            None => {
                let most = WAITS[tries.min(WAITS.len() - 1)];
                let wait = world.clients[me].borrow_mut().dice.up_to(most);
                sleep(wait).await;
            }
        }
    }
}

async fn connected(world: &World, me: usize, node: usize, mut socket: Socket) -> End {
    let client = &world.clients[me];
    client.borrow_mut().opened(Instant::now());
    let broken = |why| End { why, own: false, barred: false };
    loop {
        let phase = world.phase.get();
        if phase == Phase::Over {
            socket.close().await;
            return broken("over".into());
        }
        let due = client.borrow_mut().due(Instant::now(), phase);
        for text in due.frames {
            if let Err(why) = socket.send(text).await {
                return broken(why);
            }
        }
        if let Some(why) = due.end {
            return leave(world, me, socket, why).await;
        }
        let next = client.borrow().next(Instant::now(), phase);
        let came = tokio::select! {
            came = socket.next() => came,
            () = sleep_until(next) => continue,
        };
        match came {
            Came::Text(text) => {
                let answer = client.borrow_mut().hears(&text, node, Instant::now());
                if let Some(answer) = answer
                    && let Err(why) = socket.send(answer).await
                {
                    return broken(why);
                }
            }
            Came::End { code, why } => return ended(code, &why),
        }
    }
}

/// The server ended it; the code says whether the client may come back.
fn ended(code: Option<u16>, why: &str) -> End {
    let barred = code.is_some_and(|code| code >= 4_500);
    let code = code.map(|code| format!("{code} ")).unwrap_or_default();
    End { why: format!("{code}{why}"), own: false, barred }
}

/// The client goes: with a goodbye or, as often, without.
async fn leave(world: &World, me: usize, socket: Socket, why: &str) -> End {
    let polite = world.clients[me].borrow_mut().dice.one_in(2);
    if polite {
        socket.close().await;
    } else {
        drop(socket);
    }
    let own = why == "dropped by the client";
    End { why: why.to_owned(), own, barred: false }
}
