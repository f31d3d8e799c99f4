//! What the sidecar is told when it starts.

use std::time::Duration;

use platform::clock::Clock;
use platform::config::Secret;
use platform::random::Random;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::Resources;

/// One app, and the two listeners on which its sidecar answers.
#[derive(Debug)]
pub struct App {
    /// Its id: who it is in invocation, and its consumer group.
    pub app_id: String,
    /// Where it listens for callbacks, on the loopback address.
    pub app_port: u16,
    /// The bound listener of the HTTP API.
    pub http: TcpListener,
    /// The bound listener of the gRPC API.
    pub grpc: TcpListener,
}

/// The pauses after which the log delivers again what no retry policy brought to an end: each is twice the one before.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// The pause after the first failure.
    pub first: Duration,
    /// The longest pause.
    pub longest: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: Duration::from_millis(100), longest: Duration::from_secs(5) }
    }
}

impl Backoff {
    /// The pause after the `failures`th failure in a row, counted from 1.
    pub(crate) fn pause(&self, failures: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
        self.first.saturating_mul(doubled).min(self.longest)
    }
}

/// How an app is asked whether it may be called: `GET`, without a token; any 2xx is yes. The defaults are daprd's, except
/// for the path.
#[derive(Clone, Debug)]
pub struct AppHealthCheck {
    /// Where it is asked.
    pub path: String,
    /// How often.
    pub interval: Duration,
    /// How long it may take to answer; at most the interval.
    pub timeout: Duration,
    /// How many failures in a row make it unhealthy. The first success ends that.
    pub threshold: u32,
}

impl Default for AppHealthCheck {
    fn default() -> Self {
        Self {
            path: "/readyz".to_owned(),
            interval: Duration::from_secs(5),
            timeout: Duration::from_millis(500),
            threshold: 3,
        }
    }
}

impl AppHealthCheck {
    /// # Errors
    /// Says what cannot be, as daprd does at its start.
    pub(crate) fn validate(&self) -> anyhow::Result<()> {
        anyhow::ensure!(self.timeout <= self.interval, "app health checks may not take longer than their interval");
        anyhow::ensure!(!self.timeout.is_zero(), "app health checks need a timeout");
        anyhow::ensure!(self.threshold > 0, "app health checks need a threshold of at least 1");
        Ok(())
    }
}

/// Everything that [`crate::run`] needs beside the database.
pub struct Settings {
    /// The apps of this process.
    pub apps: Vec<App>,
    /// What the components folder says.
    pub resources: Resources,
    /// When set, every call of the API needs it as `dapr-api-token`, except health.
    pub dapr_api_token: Option<Secret>,
    /// When set, every call that the sidecar makes to an app carries it as `dapr-api-token`.
    pub app_api_token: Option<Secret>,
    /// Where time is read.
    pub clock: Clock,
    /// Where ids of events and traces are taken from.
    pub random: Random,
    /// How the apps' health is checked. `None`: an app is healthy from the moment it listens.
    pub app_health_check: Option<AppHealthCheck>,
    /// Cancelled when the apps are about to stop, by whoever stops them: nothing is sent to them from then on.
    pub apps_stop: CancellationToken,
    /// The pauses after which the log delivers again what no retry policy brought to an end.
    pub backoff: Backoff,
    /// How long an app may take to answer a job, or a delivery where no `Resiliency` says, before that counts as failed.
    pub callback_timeout: Duration,
    /// How often the log is looked at for what other processes appended.
    pub poll_interval: Duration,
    /// How long a claim on a job holds unless it is renewed: jobs of a process that died are called for again after that.
    pub job_lease: Duration,
    /// How often jobs are looked at for what other processes scheduled.
    pub job_poll_interval: Duration,
    /// Jobs of one app that are called for at once, at most.
    pub jobs_at_once: usize,
    /// How long messages are kept that every consumer group has passed; those of a topic `<topic>.dead` without one are kept
    /// for ever.
    pub retention: Duration,
    /// How often messages past retention are looked for.
    pub retention_interval: Duration,
    /// How long deliveries and requests under way may take to finish at shutdown.
    pub drain: Duration,
}

impl Settings {
    /// Settings for production, without tokens.
    pub fn new(apps: Vec<App>, resources: Resources, clock: Clock) -> Self {
        Self {
            apps,
            resources,
            dapr_api_token: None,
            app_api_token: None,
            clock,
            random: Random::system(),
            app_health_check: None,
            apps_stop: CancellationToken::new(),
            backoff: Backoff::default(),
            callback_timeout: Duration::from_mins(1),
            poll_interval: Duration::from_secs(2),
            job_lease: Duration::from_secs(10),
            job_poll_interval: Duration::from_secs(1),
            jobs_at_once: 64,
            retention: Duration::from_hours(7 * 24),
            retention_interval: Duration::from_hours(1),
            drain: Duration::from_secs(5),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let pauses: Vec<u128> = [1, 2, 3, 6, 7, 40, u32::MAX].map(|n| Backoff::default().pause(n).as_millis()).to_vec();
        assert_eq!(pauses, [100, 200, 400, 3_200, 5_000, 5_000, 5_000]);
    }
}
