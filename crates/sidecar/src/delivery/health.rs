//! Whether an app may be called. It is asked now and then; several failures in a row mean no, the next success means yes.

use std::sync::Arc;

use reqwest::Method;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::callback;
use crate::settings::AppHealthCheck;
use crate::sidecar::Sidecar;

/// An app's health: unhealthy until it was seen otherwise. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct AppHealth(Arc<watch::Sender<bool>>);

impl Default for AppHealth {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl AppHealth {
    pub(crate) fn is_healthy(&self) -> bool {
        *self.0.borrow()
    }

    pub(crate) async fn until_healthy(&self) {
        // The sender is ours, so waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|healthy| *healthy).await;
    }

    /// Follows the changes.
    pub(crate) fn follow(&self) -> watch::Receiver<bool> {
        self.0.subscribe()
    }

    fn set(&self, healthy: bool) {
        self.0.send_replace(healthy);
    }
}

/// Watches the health of an app that listens, until it or its sidecar is stopped.
pub(crate) async fn watch(sidecar: Sidecar) {
    let (stop, app_stops) = (sidecar.stop.clone(), sidecar.shared.apps_stop.clone());
    tokio::select! {
        () = stop.cancelled() => {}
        () = app_stops.cancelled() => sidecar.health.set(false),
        () = probe_for_ever(&sidecar) => {}
    }
}

async fn probe_for_ever(sidecar: &Sidecar) {
    let Some(check) = &sidecar.shared.health_check else {
        sidecar.health.set(true);
        return std::future::pending().await;
    };
    let app = sidecar.app_id.as_str();
    let mut ticks = tokio::time::interval(check.interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failures = Failures { in_a_row: check.threshold, threshold: check.threshold };
    loop {
        ticks.tick().await;
        let found = probe(sidecar, check).await;
        let Some(healthy) = failures.healthy_after(found.is_ok()) else { continue };
        match found {
            Ok(()) => tracing::info!(app, "app is healthy"),
            Err(reason) => tracing::warn!(app, reason, "app is unhealthy: nothing is sent to it until it recovers"),
        }
        sidecar.health.set(healthy);
    }
}

/// How many probes failed since the last success.
struct Failures {
    in_a_row: u32,
    threshold: u32,
}

impl Failures {
    /// Notes a probe; what the app's health is from now on, if that is news.
    fn healthy_after(&mut self, success: bool) -> Option<bool> {
        let before = self.in_a_row < self.threshold;
        self.in_a_row = if success { 0 } else { self.in_a_row.saturating_add(1) };
        let now = self.in_a_row < self.threshold;
        (before != now).then_some(now)
    }
}

/// Asks once.
async fn probe(sidecar: &Sidecar, check: &AppHealthCheck) -> Result<(), String> {
    // Without the app's token, as daprd asks: a probe is nothing that only the sidecar may do.
    let request = sidecar.shared.client.request(Method::GET, sidecar.app_url(&check.path));
    match callback::send(request.timeout(check.timeout)).await {
        Ok((status, _)) if status.is_success() => Ok(()),
        Ok((status, _)) => Err(format!("{} answered {}", check.path, status.as_u16())),
        Err(error) => Err(format!("{}: {error}", check.path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_failures_in_a_row_make_an_app_unhealthy_and_one_success_ends_it() {
        let mut failures = Failures { in_a_row: 3, threshold: 3 };
        let found = "xx.xx.xxxx..x".chars().map(|probe| failures.healthy_after(probe == '.'));
        let news: Vec<(usize, bool)> =
            found.enumerate().filter_map(|(at, healthy)| healthy.map(|healthy| (at, healthy))).collect();
        assert_eq!(news, [(2, true), (8, false), (10, true)]);
    }
}
