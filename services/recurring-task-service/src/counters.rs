//! What the service counts, for `/metrics`.

use platform::metrics::Metrics;
use prometheus_client::metrics::counter::Counter;

/// One count for each way in which something can end.
#[derive(Clone, Debug)]
pub(crate) struct Counters {
    /// Series that began.
    pub(crate) begun: Counter,
    /// Instances whose tasks are there.
    pub(crate) made: Counter,
    /// Instances that were taken back.
    pub(crate) withdrawn: Counter,
    /// Instances that were put away undone.
    pub(crate) skipped: Counter,
    /// Instances that backend-api does not make.
    pub(crate) refused: Counter,
    /// Attempts that are repeated.
    pub(crate) retried: Counter,
}

impl Counters {
    /// Counters that are shown among `metrics`.
    pub(crate) fn register(metrics: &Metrics) -> Self {
        Self {
            begun: metrics.counter("series_begun", "Series that began"),
            made: metrics.counter("instances_made", "Instances whose tasks were made"),
            withdrawn: metrics
                .counter("instances_withdrawn", "Instances that were taken back because the one before was reopened"),
            skipped: metrics.counter("instances_skipped", "Instances that were put away undone"),
            refused: metrics
                .counter("instances_refused", "Instances that backend-api does not make; their series stop"),
            retried: metrics
                .counter("instances_retried", "Attempts to do something with an instance that are repeated"),
        }
    }
}
