//! What the service counts, for `/metrics`.

use platform::metrics::Metrics;
use prometheus_client::metrics::counter::Counter;

/// One count for each way in which something can end.
#[derive(Clone, Debug)]
pub(crate) struct Counters {
    /// Reminders whose messages were made.
    pub(crate) fired: Counter,
    /// Of these, those that were made noticeably late.
    pub(crate) late: Counter,
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
            sent: metrics.counter("messages_sent", "E-mails and text messages that a provider took"),
            retried: metrics.counter("messages_retried", "Attempts to send a message that failed and are repeated"),
            failed: metrics.counter("messages_failed", "E-mails and text messages that were given up"),
        }
    }
}
