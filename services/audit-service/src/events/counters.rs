//! What became of the deliveries and the dead letters, for `/metrics`.

use platform::metrics::Metrics;
use prometheus_client::metrics::counter::Counter;

/// One count for each way in which a delivery can end for good.
#[derive(Clone, Debug)]
pub(crate) struct Counters {
    /// Became an entry.
    pub(crate) recorded: Counter,
    /// Was in the history already.
    pub(crate) duplicate: Counter,
    /// Bears the id of another event, which stays.
    pub(crate) conflicting: Counter,
    /// Has an event type that this version does not know; acknowledged.
    pub(crate) unknown: Counter,
    /// Cannot be read or stored; went to the dead-letter topic.
    pub(crate) malformed: Counter,
    /// Was given up by some consumer, and is kept.
    pub(crate) dead_letters_stored: Counter,
    /// Was given up, and published again.
    pub(crate) dead_letters_replayed: Counter,
}

impl Counters {
    /// Counters that are shown among `metrics`.
    pub(crate) fn register(metrics: &Metrics) -> Self {
        Self {
            recorded: metrics.counter("entries_recorded", "Events that became an entry of the history"),
            duplicate: metrics.counter("events_duplicate", "Deliveries of events that were recorded already"),
            conflicting: metrics.counter("events_conflicting", "Events that bear the id of another event"),
            unknown: metrics.counter("events_unknown", "Events of a type that this version does not know"),
            malformed: metrics.counter("events_malformed", "Messages sent to the dead-letter topic"),
            dead_letters_stored: metrics.counter("dead_letters_stored", "Messages that a consumer gave up, stored"),
            dead_letters_replayed: metrics.counter("dead_letters_replayed", "Dead letters published again"),
        }
    }
}
