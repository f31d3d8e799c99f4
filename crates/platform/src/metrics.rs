//! Prometheus metrics: a registry for each service, handed in, never global.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// What a service counts and measures, shown at `/metrics`.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Arc<Mutex<Registry>>,
    requests: Family<RequestLabels, Histogram, fn() -> Histogram>,
}

/// One time series per route, not per path.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    method: String,
    route: String,
    status: u16,
}

impl Metrics {
    /// An empty registry whose series carry `service`.
    pub fn new(service: &'static str) -> Self {
        let mut registry = Registry::with_labels([("service".into(), service.into())].into_iter());
        let requests: Family<RequestLabels, Histogram, fn() -> Histogram> =
            Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.001, 2.0, 13)));
        registry.register("http_request_duration_seconds", "Requests by route and status", requests.clone());
        Self { registry: Arc::new(Mutex::new(registry)), requests }
    }

    /// A new counter; its series is called `<name>_total`.
    pub fn counter(&self, name: &str, help: &str) -> Counter {
        let counter = Counter::default();
        self.lock().register(name, help, counter.clone());
        counter
    }

    /// A new gauge.
    pub fn gauge(&self, name: &str, help: &str) -> Gauge {
        let gauge = Gauge::default();
        self.lock().register(name, help, gauge.clone());
        gauge
    }

    /// A new histogram with these upper bounds; its series are called `<name>_bucket`, `_sum` and `_count`.
    pub fn histogram(&self, name: &str, help: &str, bounds: impl IntoIterator<Item = f64>) -> Histogram {
        let histogram = Histogram::new(bounds);
        self.lock().register(name, help, histogram.clone());
        histogram
    }

    /// Counts a finished request.
    pub fn request(&self, method: &str, route: &str, status: u16, took: Duration) {
        // HTTP takes any word for a method; a series for each would be a way to fill the memory.
        let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].contains(&method);
        let method = if known { method } else { "other" }.to_owned();
        let labels = RequestLabels { method, route: route.to_owned(), status };
        self.requests.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// `OpenMetrics` text.
    pub fn render(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = encode(&mut text, &self.lock());
        text
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_methods_share_one_series() {
        let metrics = Metrics::new("test");
        for n in 0..100 {
            metrics.request(&format!("FOO{n}"), "unmatched", 405, Duration::ZERO);
        }
        assert_eq!(metrics.render().matches("_count{").count(), 1, "{}", metrics.render());
    }
}
