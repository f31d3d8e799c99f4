//! What the service counts, for `/metrics`.

use platform::metrics::Metrics;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;

/// Upper bounds of how late a reminder is, in seconds: from what nobody notices to an outage of an hour.
const LATENESS: [f64; 12] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3_600.0];

/// One count for each way in which something can end.
#[derive(Clone, Debug)]
pub(crate) struct Counters {
    /// Reminders whose messages were made.
    pub(crate) fired: Counter,
    /// Of these, those that were made noticeably late.
    pub(crate) late: Counter,
    /// How long after their moments, in seconds.
    pub(crate) lateness: Histogram,
    /// Messages that a provider took.
    pub(crate) sent: Counter,
    /// Messages that are tried again.
    pub(crate) retried: Counter,
    /// Messages that were given up.
    pub(crate) failed: Counter,
}

impl Counters {
    /// Counters that are shown among `metrics`.
    pub(crate) fn register(metrics: &Metrics) -> Self {
        Self {
            fired: metrics.counter("reminders_fired", "Reminders whose messages were made"),
            late: metrics
                .counter("reminders_late", "Reminders whose messages were made more than 5 s after their moment"),
            lateness: metrics.histogram(
                "reminder_lateness_seconds",
                "How long after their moments the messages of reminders were made",
                LATENESS,
            ),
            sent: metrics.counter("messages_sent", "E-mails and text messages that a provider took"),
            retried: metrics.counter("messages_retried", "Attempts to send a message that failed and are repeated"),
            failed: metrics.counter("messages_failed", "E-mails and text messages that were given up"),
        }
    }
}
