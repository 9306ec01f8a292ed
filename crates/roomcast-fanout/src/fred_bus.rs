//! The bus over Redis: the only file that names fred.
//!
//! A link is two clients, one for commands and one that hears channels, and neither ever
//! connects again by itself: when one is gone the link is over, and what was learnt of the
//! servers with it.

use crate::bus::{
    Answer, Append, Bus, BusError, Connecting, Found, Heard, Incoming, Link, News, Outcome, Read,
};
use crate::config::{Config, RedisUrl};
use crate::keys::Keys;
use crate::presence::Ask;
use crate::scripts::{Call, Calls, Script, Server, found, missed, outcomes};
use bytes::Bytes;
use fred::clients::Client;
use fred::error::Error;
use fred::interfaces::{
    ClientLike, ClusterInterface, EventInterface, LuaInterface, PubsubInterface,
};
use fred::types::cluster::ClusterRouting;
use fred::types::config::{Config as FredConfig, Server as Address};
use fred::types::{Builder, ClusterHash, ConnectHandle, CustomCommand, InfoKind, Message, Value};
use futures::future::{FutureExt, try_join_all};
use futures::stream::{self, StreamExt};
use roomcast_protocol::RoomName;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::AbortHandle;

/// Messages that may wait between fred and the task; beyond, the oldest are dropped and the task
/// is told.
const WAITING: usize = 1 << 16;

/// Channels in one command.
const CHANNELS: usize = 1_000;

/// What is wrong with an address, without its secrets.
pub(crate) fn check_url(text: &str) -> Result<(), String> {
    FredConfig::from_url(text).map(|_| ()).map_err(|error| error.details().to_owned())
}

/// Makes links to a Redis.
#[derive(Debug)]
pub(crate) struct FredBus {
    url: RedisUrl,
    timeout: Duration,
    prefix: String,
    engine: roomcast_core::Config,
    seeds: roomcast_core::random::Random,
}

impl FredBus {
    pub(crate) fn new(config: &Config, engine: &roomcast_core::Config, seed: u64) -> Self {
        Self {
            url: config.url.clone(),
            timeout: config.timeout,
            prefix: config.prefix.clone(),
            engine: engine.clone(),
            seeds: roomcast_core::random::Random::new(seed),
        }
    }
}

impl Bus for FredBus {
    fn connect(&self) -> Connecting {
        let (url, timeout, seed) = (self.url.clone(), self.timeout, self.seeds.next());
        let (prefix, engine) = (self.prefix.clone(), self.engine.clone());
        async move {
            let config = FredConfig::from_url(url.secret()).map_err(lost)?;
            let calls = Calls::new(Keys::new(&prefix), &engine, seed, config.server.is_clustered());
            let link = FredLink::connect(config, calls, timeout);
            tokio::time::timeout(2 * timeout, link)
                .await
                .unwrap_or_else(|_| Err(BusError::Lost(format!("no answer in {timeout:?}"))))
        }
        .boxed()
    }
}

/// A client that is connected, until it is dropped.
struct Connected {
    client: Client,
    task: AbortHandle,
}

impl Drop for Connected {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Connected {
    /// The client, and what comes back when its connection has ended.
    async fn new(
        config: &FredConfig,
        timeout: Duration,
    ) -> Result<(Self, ConnectHandle), BusError> {
        let mut builder = Builder::from_config(config.clone());
        builder.with_performance_config(|performance| {
            performance.broadcast_channel_capacity = WAITING;
            performance.default_command_timeout = timeout;
        });
        builder.with_connection_config(|connection| {
            connection.connection_timeout = timeout;
            connection.internal_command_timeout = timeout;
            // What may be done already is not done again behind our back.
            connection.max_command_attempts = 1;
        });
        let client = builder.build().map_err(lost)?;
        let ended = client.init().await.map_err(lost)?;
        Ok((Self { client, task: ended.abort_handle() }, ended))
    }

    /// The servers that it is connected to; one that stands alone has no address here.
    fn servers(&self) -> Vec<Option<Address>> {
        match self.client.cached_cluster_state() {
            Some(cluster) => cluster.unique_primary_nodes().into_iter().map(Some).collect(),
            None => vec![None],
        }
    }

    async fn info(&self, server: Option<Address>) -> Result<Server, BusError> {
        let is_alone = server.is_none();
        let info: String = match server {
            Some(server) => self.client.with_cluster_node(server).info(None::<InfoKind>).await,
            None => self.client.info(None).await,
        }
        .map_err(lost)?;
        let says = |mode: &str| info.lines().any(|line| line.trim_end() == mode);
        if is_alone && (says("redis_mode:cluster") || says("server_mode:cluster")) {
            let text = "this server is one of a cluster, whose address is `redis-cluster://`";
            return Err(BusError::Lost(text.into()));
        }
        Server::read(&info).ok_or_else(|| BusError::Lost("`INFO` told no `run_id`".into()))
    }

    /// Gives a script to a server; what it is called there.
    async fn load(&self, server: Option<Address>, script: Script) -> Result<String, BusError> {
        // Not `script_load`, which goes to a server of its own choice.
        let load = CustomCommand::new_static("SCRIPT", ClusterHash::FirstKey, false);
        let words = vec!["LOAD".to_owned(), script.text()];
        match server {
            Some(server) => self.client.with_cluster_node(server).custom(load, words).await,
            None => self.client.custom(load, words).await,
        }
        .map_err(lost)
    }

    async fn ping(client: Client, server: Option<Address>) -> Result<(), BusError> {
        match server {
            Some(server) => client.with_cluster_node(server).ping::<Value>(None).await,
            None => client.ping::<Value>(None).await,
        }
        .map(|_| ())
        .map_err(lost)
    }

    /// A sign of life of every server. On a client that hears channels it is also the sign that
    /// what was subscribed to before is heard.
    fn ping_all(&self) -> Answer<()> {
        let pings = self.servers().into_iter().map(|at| Self::ping(self.client.clone(), at));
        try_join_all(pings.collect::<Vec<_>>()).map(|all| all.map(|_| ())).boxed()
    }
}

/// The two clients of a link.
struct FredLink {
    commands: Connected,
    channels: Connected,
    calls: Calls,
    hashes: HashMap<&'static str, String>,
    cluster: Option<ClusterRouting>,
    /// The life of each server; one that stands alone has no address here.
    servers: HashMap<Option<Address>, Server>,
}

impl fmt::Debug for FredLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FredLink").field("servers", &self.servers).finish_non_exhaustive()
    }
}

impl FredLink {
    async fn connect(
        config: FredConfig,
        calls: Calls,
        timeout: Duration,
    ) -> Result<(Arc<dyn Link>, Incoming), BusError> {
        let (commands, commands_ended) = Connected::new(&config, timeout).await?;
        let (channels, channels_ended) = Connected::new(&config, timeout).await?;
        let (mut servers, mut hashes) = (HashMap::new(), HashMap::new());
        for server in commands.servers() {
            servers.insert(server.clone(), commands.info(server.clone()).await?);
            for script in Script::ALL {
                hashes.insert(script.name(), commands.load(server.clone(), script).await?);
            }
        }
        let news = stream::unfold(channels.client.message_rx(), next_news);
        let ended = stream::once(ended(commands_ended, channels_ended));
        let incoming = stream::select(news, ended).boxed();
        let cluster = commands.client.cached_cluster_state();
        let link = Self { commands, channels, calls, hashes, cluster, servers };
        Ok((Arc::new(link), incoming))
    }

    fn channel(&self, room: &RoomName) -> String {
        self.calls.keys().channel(room)
    }

    fn slot(&self, room: &RoomName) -> u16 {
        ClusterRouting::hash_key(self.channel(room).as_bytes())
    }

    /// The life of the server that the room is on.
    fn server(&self, room: &RoomName) -> Result<&Server, BusError> {
        let address = match &self.cluster {
            Some(cluster) => cluster.get_server(self.slot(room)).cloned(),
            None => None,
        };
        let lost = || BusError::Lost(format!("no server has the hash slot of {room}"));
        self.servers.get(&address).ok_or_else(lost)
    }

    fn call(&self, script: Script, call: Result<Call, BusError>) -> Answer<Bytes> {
        let (client, hash) = (self.commands.client.clone(), self.hashes[script.name()].clone());
        async move {
            let Call { keys, args } = call?;
            let args: Vec<Value> = args.into_iter().map(Value::Bytes).collect();
            client.evalsha(hash, keys, args).await.map_err(failed)
        }
        .boxed()
    }

    /// Begins to listen to the rooms' channels, or ends it.
    fn listen(&self, rooms: &[RoomName], begin: bool) -> Answer<()> {
        let (client, sharded) = (self.channels.client.clone(), self.cluster.is_some());
        let asked = self.groups(rooms).into_iter().map(move |channels| {
            let client = client.clone();
            async move {
                match (sharded, begin) {
                    (false, true) => client.subscribe(channels).await,
                    (false, false) => client.unsubscribe(channels).await,
                    (true, true) => client.ssubscribe(channels).await,
                    (true, false) => client.sunsubscribe(channels).await,
                }
            }
        });
        let asked = try_join_all(asked.collect::<Vec<_>>());
        asked.map(|all| all.map(|_| ()).map_err(lost)).boxed()
    }

    /// The channels of the rooms, as one command may have them: on a cluster, those of one slot.
    fn groups(&self, rooms: &[RoomName]) -> Vec<Vec<String>> {
        if self.cluster.is_none() {
            let channels = |part: &[RoomName]| part.iter().map(|room| self.channel(room)).collect();
            return rooms.chunks(CHANNELS).map(channels).collect();
        }
        let mut slots: HashMap<u16, Vec<String>> = HashMap::new();
        for room in rooms {
            slots.entry(self.slot(room)).or_default().push(self.channel(room));
        }
        slots.into_values().collect()
    }
}

/// Comes when the connection of one of the clients has ended.
async fn ended(commands: ConnectHandle, channels: ConnectHandle) -> News {
    let ended = tokio::select! {
        ended = commands => ended,
        ended = channels => ended,
    };
    News::Ended(match ended {
        Ok(Err(error)) => said(&error),
        Ok(Ok(())) | Err(_) => "the connection was closed".into(),
    })
}

async fn next_news(mut messages: Receiver<Message>) -> Option<(News, Receiver<Message>)> {
    let news = match messages.recv().await {
        Ok(message) => News::Push(message.channel.into_inner(), bytes_of(message.value)),
        Err(RecvError::Lagged(count)) => News::Lagged(count),
        Err(RecvError::Closed) => return None,
    };
    Some((news, messages))
}

fn bytes_of(value: Value) -> Bytes {
    match value {
        Value::Bytes(bytes) => bytes,
        Value::String(text) => text.into_inner(),
        other => other.as_bytes().map(Bytes::copy_from_slice).unwrap_or_default(),
    }
}

impl Link for FredLink {
    fn lane(&self, room: &RoomName) -> u16 {
        self.cluster.as_ref().map_or(0, |_| self.slot(room))
    }

    fn append(&self, batch: Vec<Append>) -> Answer<Vec<Outcome>> {
        let Some(first) = batch.first() else { return async { Ok(Vec::new()) }.boxed() };
        let call = self.server(&first.room).map(|server| self.calls.append(server, &batch));
        let expected = batch.len();
        self.call(Script::Append, call).map(move |answer| outcomes(&answer?, expected)).boxed()
    }

    fn read(&self, read: Read) -> Answer<Found> {
        let call = self.server(&read.room).map(|server| self.calls.read(server, &read));
        self.call(Script::Read, call).map(|answer| found(answer?)).boxed()
    }

    fn check(&self, heard: Vec<Heard>) -> Answer<Vec<bool>> {
        let Some(first) = heard.first() else { return async { Ok(Vec::new()) }.boxed() };
        let call = self.server(&first.room).map(|server| self.calls.check(server, &heard));
        let expected = heard.len();
        self.call(Script::Check, call).map(move |answer| missed(&answer?, expected)).boxed()
    }

    fn subscribe(&self, rooms: Vec<RoomName>) -> Answer<()> {
        let (asked, heard) = (self.listen(&rooms, true), self.channels.ping_all());
        async move {
            asked.await?;
            // A subscription is not sure to be heard before a later answer of the same server.
            heard.await
        }
        .boxed()
    }

    fn unsubscribe(&self, rooms: Vec<RoomName>) -> Answer<()> {
        self.listen(&rooms, false)
    }

    fn presence(&self, ask: &Ask) -> Answer<Bytes> {
        self.call(ask.script(), Ok(self.calls.presence(ask)))
    }

    fn ping(&self) -> Answer<()> {
        let (one, two) = (self.commands.ping_all(), self.channels.ping_all());
        async move { one.await.and(two.await) }.boxed()
    }
}

/// The link is over.
#[expect(clippy::needless_pass_by_value, reason = "what `map_err` takes")]
fn lost(error: Error) -> BusError {
    BusError::Lost(said(&error))
}

/// A command failed: Redis refused it, or the link is over.
fn failed(error: Error) -> BusError {
    /// What Redis says of one command and not of itself.
    const REFUSALS: [&str; 7] =
        ["ERR", "OOM", "NOPERM", "MISCONF", "WRONGTYPE", "BUSY", "NOREPLICAS"];
    let code = error.details().split_whitespace().next().unwrap_or_default();
    if REFUSALS.contains(&code) {
        return BusError::Refused(error.details().to_owned());
    }
    lost(error)
}

fn said(error: &Error) -> String {
    match error.details() {
        "" => format!("{:?}", error.kind()),
        details => plain(details).to_owned(),
    }
}

/// What a person would say of it: fred shows an error of the system as Rust's `Debug` does.
fn plain(details: &str) -> &str {
    let quoted = ["Os {", "Custom {"].iter().find_map(|kind| {
        let (_, rest) = details.strip_prefix(kind)?.split_once('"')?;
        rest.rsplit_once('"').map(|(text, _)| text)
    });
    quoted.unwrap_or(details).trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn what_went_wrong_is_said_plainly() {
        let refused = r#"Os { code: 111, kind: ConnectionRefused, message: "Connection refused" }"#;
        let unknown = r#"Custom { kind: Uncategorized, error: "Name or service not known" }"#;
        assert_eq!(plain(refused), "Connection refused");
        assert_eq!(plain(unknown), "Name or service not known");
        assert_eq!(plain("Connection closed."), "Connection closed");
    }
}
