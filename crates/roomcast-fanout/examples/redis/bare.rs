//! A bare loop of the client library: one client publishes, another hears. The only file beside
//! the bus that names fred.

use crate::machine::Start;
use crate::table::{Sample, sample};
use anyhow::Result;
use bytes::Bytes;
use fred::clients::Client;
use fred::interfaces::{ClientLike as _, EventInterface as _, PubsubInterface as _};
use fred::types::Builder;
use fred::types::config::Config;
use futures::stream::{FuturesUnordered, StreamExt as _};
use roomcast_testbed::Redis;
use std::time::{Duration, Instant};

/// Messages published and not heard yet.
pub(crate) const WINDOW: usize = 64;
const MESSAGES: usize = 200_000;
const CHANNEL: &str = "room:bare";

pub(crate) async fn measure(redis: &Redis, payload: &str) -> Result<Sample> {
    let (publisher, hearer) = (connect(redis).await?, connect(redis).await?);
    let mut news = hearer.message_rx();
    hearer.subscribe(CHANNEL).await?;
    let payload = Bytes::copy_from_slice(payload.as_bytes());
    let (mut sent, mut heard): (Vec<Instant>, Vec<Duration>) = (Vec::new(), Vec::new());
    let mut doing = FuturesUnordered::new();
    let start = Start::now(redis)?;
    while heard.len() < MESSAGES {
        while sent.len() < MESSAGES && sent.len() - heard.len() < WINDOW {
            sent.push(Instant::now());
            doing.push(publisher.publish::<(), _, _>(CHANNEL, payload.clone()));
        }
        tokio::select! {
            Some(done) = doing.next() => done?,
            message = news.recv() => {
                message?;
                heard.push(sent[heard.len()].elapsed());
            }
        }
    }
    let spent = start.spent(redis)?;
    publisher.quit().await?;
    hearer.quit().await?;
    Ok(sample(MESSAGES, spent, &mut heard, &mut []))
}

async fn connect(redis: &Redis) -> Result<Client> {
    let mut builder = Builder::from_config(Config::from_url(&redis.url())?);
    builder.with_performance_config(|performance| performance.broadcast_channel_capacity = 1 << 16);
    let client = builder.build()?;
    client.init().await?;
    Ok(client)
}
