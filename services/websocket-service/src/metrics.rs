//! What the service counts.

use platform::metrics::Metrics;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;

/// The service's own series, beside those that every service has.
#[derive(Clone, Debug)]
pub(crate) struct SocketMetrics {
    /// Sockets that are open now, those that have not said who they are included.
    pub(crate) sockets_open: Gauge,
    /// Deliveries of events that were read.
    pub(crate) events_received: Counter,
    /// Events written to sockets: one event to ten sockets counts ten.
    pub(crate) events_sent: Counter,
    /// Events that were replayed to sockets that had missed them.
    pub(crate) events_replayed: Counter,
    /// Events of a type from a newer producer.
    pub(crate) events_unknown: Counter,
    /// Deliveries that broke the contract and went to the dead-letter topic.
    pub(crate) events_malformed: Counter,
    /// Sockets closed because their reader did not keep up.
    pub(crate) slow_readers_closed: Counter,
}

impl SocketMetrics {
    /// Registers the series.
    pub(crate) fn new(metrics: &Metrics) -> Self {
        Self {
            sockets_open: metrics.gauge("sockets_open", "Open sockets"),
            events_received: metrics.counter("events_received", "Events delivered by the sidecar"),
            events_sent: metrics.counter("events_sent", "Events written to sockets"),
            events_replayed: metrics.counter("events_replayed", "Events replayed to sockets that had missed them"),
            events_unknown: metrics.counter("events_unknown", "Events of a type that this version does not know"),
            events_malformed: metrics.counter("events_malformed", "Deliveries that could not be read"),
            slow_readers_closed: metrics.counter("slow_readers_closed", "Sockets closed because they did not keep up"),
        }
    }

    /// Counts a socket as open for as long as the guard lives.
    pub(crate) fn open_socket(&self) -> OpenSocket {
        self.sockets_open.inc();
        OpenSocket(self.sockets_open.clone())
    }
}

/// A socket that is counted as open.
#[derive(Debug)]
pub(crate) struct OpenSocket(Gauge);

impl Drop for OpenSocket {
    fn drop(&mut self) {
        self.0.dec();
    }
}
