//! `/metrics`: the plain counters of core, transport and fan-out as Prometheus reads them. No room and no
//! user is ever a label.

mod broker;

use crate::link::LinkView;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;
use roomcast_core::stats::{Counter, Histogram};
use roomcast_core::{Hub, Stats};
use roomcast_protocol::CloseCode;
use roomcast_transport::{Sockets, Transport};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// What is counted, and how it is written.
#[derive(Debug)]
pub(crate) struct Metrics {
    sources: Arc<Sources>,
    registry: Registry,
}

#[derive(Debug)]
struct Sources {
    hub: Hub,
    sockets: Sockets,
    link: Option<LinkView>,
    transport: Arc<roomcast_transport::Stats>,
    /// Connections refused before the upgrade, by reason: a fixed set of words.
    refused: Mutex<BTreeMap<&'static str, u64>>,
    started: f64,
}

impl Metrics {
    /// The metrics of a node.
    pub(crate) fn new(hub: Hub, transport: &Transport, link: Option<LinkView>) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let sources = Arc::new(Sources {
            hub,
            sockets: transport.sockets().clone(),
            link,
            transport: transport.stats(),
            refused: Mutex::default(),
            started: now.as_secs_f64(),
        });
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Arc::clone(&sources)));
        Self { sources, registry }
    }

    /// A connection was refused before the upgrade.
    pub(crate) fn count_refused(&self, reason: &'static str) {
        let mut refused = self.sources.refused.lock().unwrap_or_else(PoisonError::into_inner);
        *refused.entry(reason).or_default() += 1;
    }

    /// What the sockets did.
    pub(crate) fn transport(&self) -> Arc<roomcast_transport::Stats> {
        Arc::clone(&self.sources.transport)
    }

    /// All of them as text.
    pub(crate) fn render(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl Collector for Sources {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let mut page = Page { encoder };
        self.connections(&mut page)?;
        self.rooms(&mut page)?;
        self.messages(&mut page)?;
        self.latencies(&mut page)?;
        if let Some(link) = &self.link {
            broker::encode(link, &mut page)?;
        }
        self.process(&mut page)
    }
}

impl Sources {
    fn connections(&self, page: &mut Page<'_>) -> fmt::Result {
        page.gauge("roomcast_connections", "Open sessions", self.hub.sessions())?;
        page.gauge(
            "roomcast_sockets",
            "Accepted sockets, closing ones too",
            self.sockets.open() as u64,
        )?;
        page.counter("roomcast_connections_opened", "Sessions begun", self.sum(|s| &s.opened))?;
        let reasons = CloseCode::ALL.iter().map(|code| code.reason()).chain(["client gone"]);
        let closed = reasons.enumerate().map(|(place, reason)| {
            let count = self.hub.stats().iter().map(|stats| stats.closed[place].get()).sum();
            (reason, count)
        });
        page.counters("roomcast_connections_closed", "Sessions ended", "reason", closed)?;
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone();
        page.counters(
            "roomcast_auth_failures",
            "Connections refused before the upgrade",
            "reason",
            refused,
        )?;
        page.counter(
            "roomcast_accept_errors",
            "Sockets that could not be accepted",
            self.transport.accept_errors(),
        )?;
        page.gauge(
            "roomcast_draining",
            "1 while the server is going away",
            u64::from(self.sockets.is_draining()),
        )
    }

    fn rooms(&self, page: &mut Page<'_>) -> fmt::Result {
        page.gauge("roomcast_rooms", "Rooms with members", self.hub.rooms() as u64)?;
        page.gauge("roomcast_memberships", "Sessions in rooms", self.sum(|s| &s.memberships))?;
        page.counter("roomcast_joins", "Rooms joined", self.sum(|s| &s.joins))?;
        let recoveries = [
            ("complete", self.sum(|s| &s.recoveries)),
            ("not_possible", self.sum(|s| &s.recoveries_failed)),
        ];
        page.counters("roomcast_recoveries", "Joins with a position", "result", recoveries)?;
        page.counter(
            "roomcast_repairs",
            "Times a room read what its shard had missed",
            self.sum(|s| &s.repairs),
        )?;
        page.gauge("roomcast_history_bytes", "Bytes of history kept", self.hub.history_bytes())
    }

    fn messages(&self, page: &mut Page<'_>) -> fmt::Result {
        let published = [
            ("client", self.sum(|s| &s.published_by_clients)),
            ("backend", self.hub.published_by_backend()),
        ];
        page.counters("roomcast_messages_published", "Messages published", "source", published)?;
        page.counter(
            "roomcast_messages_delivered",
            "Messages put into outboxes",
            self.sum(|s| &s.delivered),
        )?;
        let dropped = [
            ("slow", self.sum(|s| &s.dropped_slow)),
            ("conflated", self.sum(|s| &s.dropped_conflated)),
        ];
        page.counters(
            "roomcast_messages_dropped",
            "Messages dropped for slow members",
            "reason",
            dropped,
        )?;
        page.counter("roomcast_commands", "Commands read", self.sum(|s| &s.commands))?;
        page.counter("roomcast_commands_refused", "Commands refused", self.sum(|s| &s.refused))?;
        let limited = [("session", self.sum(|s| &s.rate_limited))];
        page.counters("roomcast_rate_limited", "Commands refused as too many", "scope", limited)?;
        self.bytes(page)
    }

    fn bytes(&self, page: &mut Page<'_>) -> fmt::Result {
        page.counter(
            "roomcast_sent_bytes",
            "Bytes given to the kernel for clients",
            self.transport.sent_bytes(),
        )?;
        page.counter(
            "roomcast_writes",
            "Writes that gave those bytes to the kernel",
            self.transport.writes(),
        )?;
        page.counter(
            "roomcast_received_bytes",
            "Bytes read from clients",
            self.transport.received_bytes(),
        )?;
        page.gauge(
            "roomcast_outbox_bytes",
            "Bytes that wait for clients",
            self.sum(|s| &s.outbox_bytes),
        )
    }

    fn latencies(&self, page: &mut Page<'_>) -> fmt::Result {
        let shards = |of: fn(&Stats) -> &Histogram| -> Vec<(Vec<(f64, u64)>, f64)> {
            self.hub.stats().iter().map(|stats| of(stats).snapshot()).collect()
        };
        page.histogram(
            "roomcast_delivery_seconds",
            "From a message accepted to written, per worker",
            &[self.transport.delivery.snapshot()],
        )?;
        page.histogram(
            "roomcast_runtime_stall_seconds",
            "How late a worker came to its sweep",
            &[self.transport.stall.snapshot()],
        )?;
        page.histogram(
            "roomcast_fanout_size",
            "Members that one message was delivered to, per shard",
            &shards(|stats| &stats.fanout_size),
        )?;
        page.histogram(
            "roomcast_heartbeat_rtt_seconds",
            "From a ping to the next sign of life",
            &shards(|stats| &stats.heartbeat_rtt),
        )
    }

    fn process(&self, page: &mut Page<'_>) -> fmt::Result {
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        page.labelled_gauge("roomcast_build_info", "The version that runs", &version, 1)?;
        page.float(
            "process_start_time_seconds",
            "When the process began, since the Unix epoch",
            self.started,
        )?;
        if let Some(bytes) = resident_bytes() {
            page.gauge("process_resident_memory_bytes", "Resident memory", bytes)?;
        }
        if let Some(files) = open_files() {
            page.gauge("process_open_fds", "Open file descriptors", files)?;
        }
        Ok(())
    }

    fn sum(&self, counter: fn(&Stats) -> &Counter) -> u64 {
        self.hub.stats().iter().map(|stats| counter(stats).get()).sum()
    }
}

/// The page being written: one metric after the other.
struct Page<'a> {
    encoder: DescriptorEncoder<'a>,
}

impl Page<'_> {
    fn counter(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        let mut metric = self.encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        metric.encode_counter::<NoLabelSet, u64, f64>(&value, None)
    }

    fn counters(
        &mut self,
        name: &str,
        help: &str,
        label: &'static str,
        values: impl IntoIterator<Item = (&'static str, u64)>,
    ) -> fmt::Result {
        let mut metric = self.encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (word, value) in values {
            let labels = [(label, word)];
            let counter = prometheus_client::metrics::counter::ConstCounter::new(value);
            counter.encode(metric.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        let mut metric = self.encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        metric.encode_gauge(&value)
    }

    fn float(&mut self, name: &str, help: &str, value: f64) -> fmt::Result {
        let mut metric = self.encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        metric.encode_gauge(&value)
    }

    fn labelled_gauge(
        &mut self,
        name: &str,
        help: &str,
        labels: &impl EncodeLabelSet,
        value: i64,
    ) -> fmt::Result {
        let mut metric = self.encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        metric.encode_family(labels)?.encode_gauge(&value)
    }

    fn histogram(
        &mut self,
        name: &str,
        help: &str,
        parts: &[(Vec<(f64, u64)>, f64)],
    ) -> fmt::Result {
        let mut buckets: Vec<(f64, u64)> = Vec::new();
        for (part, _) in parts {
            if buckets.is_empty() {
                buckets.clone_from(part);
            } else {
                buckets.iter_mut().zip(part).for_each(|(sum, more)| sum.1 += more.1);
            }
        }
        let (sum, count) =
            (parts.iter().map(|part| part.1).sum(), buckets.iter().map(|b| b.1).sum());
        let mut metric = self.encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
        metric.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }
}

/// Resident memory of this process.
pub(crate) fn resident_bytes() -> Option<u64> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = pages.split(' ').nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

fn open_files() -> Option<u64> {
    std::fs::read_dir("/proc/self/fd").ok().map(|files| files.count() as u64)
}
