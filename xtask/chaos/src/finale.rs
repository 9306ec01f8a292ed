//! After the storm: everything must heal, and everyone must reach everyone.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use crate::client::Phase;
use crate::frame::{self, Frame};
use crate::socket::{Came, Socket};
use crate::world::World;

/// How long each part of the end may take.
const DEADLINE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(20);
const AGAIN: Duration = Duration::from_millis(300);

/// Waits for the end of everything; what does not come to its end is told as wrong.
pub(crate) async fn end(world: &World) {
    world.phase.set(Phase::Heal);
    let begun = Instant::now();
    if !until(world, "heal", || world.unwell()).await {
        return;
    }
    world.tell(format!("all is well after {:.2} s", begun.elapsed().as_secs_f64()));
    let now = Instant::now();
    world.clients.iter().for_each(|client| client.borrow_mut().begin_last(now));
    if until(world, "the last messages", || world.unwell().or_else(|| unheard(world))).await {
        world.tell("everyone heard everyone's last message");
    }
    presence(world).await;
}

/// Whether all is well in time.
async fn until(world: &World, what: &str, ails: impl Fn() -> Option<String>) -> bool {
    let begun = Instant::now();
    loop {
        let Some(why) = ails() else { return true };
        if begun.elapsed() > DEADLINE {
            world.wrong(format!("{what}: not within {DEADLINE:?}: {why}"));
            return false;
        }
        sleep(LOOK).await;
    }
}

/// A client that lacks a last message.
fn unheard(world: &World) -> Option<String> {
    world.clients.iter().find_map(|client| {
        let client = client.borrow();
        let lacks = client
            .places
            .iter()
            .find(|place| (place.lasts.len() as u64) < world.members[place.room])?;
        let (heard, all) = (lacks.lasts.len(), world.members[lacks.room]);
        Some(format!(
            "c{} heard {heard} of {all} last messages in room {}",
            client.number, lacks.room
        ))
    })
}

/// Each node, and each member that watches, must know how many are in each room.
async fn presence(world: &World) {
    let begun = Instant::now();
    loop {
        let mut wrong = watched(world);
        for node in 0..world.nodes.len() {
            wrong = wrong.or(counts(world, node).await.err());
        }
        match wrong {
            None => return world.tell("every node knows who is there"),
            Some(why) if begun.elapsed() > DEADLINE => {
                return world.wrong(format!("presence: not right within {DEADLINE:?}: {why}"));
            }
            Some(_) => sleep(AGAIN).await,
        }
    }
}

/// A member that was told another count than the true one.
fn watched(world: &World) -> Option<String> {
    world.clients.iter().find_map(|client| {
        let client = client.borrow();
        let mut places = client.places.iter().filter(|place| place.watches);
        let wrong = places.find(|place| place.count != Some(world.members[place.room]))?;
        let (told, truth) = (wrong.count, world.members[wrong.room]);
        Some(format!("c{} counts {told:?} of {truth} in room {}", client.number, wrong.room))
    })
}

/// Asks one node, as somebody who is no member, for the count of each room.
async fn counts(world: &World, node: usize) -> Result<(), String> {
    let mut socket = Socket::open(world.nodes[node]).await?;
    for room in 0..world.members.len() {
        socket.send(frame::presence(room as u64, room)).await?;
    }
    let mut left = world.members.len();
    while left > 0 {
        let came = timeout(DEADLINE, socket.next()).await.map_err(|_| "no answer")?;
        let Came::Text(text) = came else { return Err(format!("node {node}: {came:?}")) };
        match frame::read(&text)? {
            Frame::Presence { room, count } if count == world.members[room] => left -= 1,
            Frame::Presence { room, count } => {
                let truth = world.members[room];
                return Err(format!("node {node} counts {count} of {truth} in room {room}"));
            }
            Frame::Error { code, .. } => return Err(format!("node {node}: {code}")),
            _ => {}
        }
    }
    socket.close().await;
    Ok(())
}
