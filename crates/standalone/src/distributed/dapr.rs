//! Dapr's own programs: the scheduler, which keeps jobs, and a `daprd` beside each service.

use std::ffi::OsString;
use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use events::Topic;
use platform::config::Secret;
use sidecar::SUBSCRIPTIONS;

use super::program::Program;
use super::tools::Tools;
use crate::ports::ServicePorts;

/// How long a sidecar may take to let deliveries finish, its own grace included.
const PATIENCE: Duration = Duration::from_secs(8);

/// What a sidecar logs when it stops delivering to its app, and when it begins again. Its Kafka component takes the old
/// subscription to a topic away after it made the new one, when both come at once, and then that topic is never delivered again
/// (components-contrib issue 4349): a sidecar whose app was away is started anew.
const APP_WAS_AWAY: [&str; 2] = ["App entered un-healthy status", "App entered healthy status"];

/// Where the scheduler listens.
#[derive(Clone, Copy, Debug)]
pub struct SchedulerPorts {
    /// For sidecars.
    pub api: u16,
    /// For who asks whether it is ready.
    pub health: u16,
    /// For metrics.
    pub metrics: u16,
    /// For itself, as the client of its store.
    pub etcd_client: u16,
    /// For other replicas of its store.
    pub etcd_peer: u16,
}

/// The scheduler with its data in `data`.
///
/// # Errors
/// When that folder cannot be made.
pub fn scheduler(tools: &Tools, data: &Path, folder: &Path, ports: SchedulerPorts) -> anyhow::Result<Program> {
    // etcd insists on a folder that nobody else may read.
    fs::create_dir_all(data).context("the scheduler's folder cannot be made")?;
    fs::set_permissions(data, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    let SchedulerPorts { api, health, metrics, etcd_client, etcd_peer } = ports;
    let arguments = Arguments::default()
        .with("id", "scheduler-0")
        .with("port", api)
        .with("listen-address", "127.0.0.1")
        // Sidecars come back to the address that it tells them.
        .with("override-broadcast-host-port", format!("127.0.0.1:{api}"))
        .with("healthz-port", health)
        .with("metrics-port", metrics)
        .with("metrics-listen-address", "127.0.0.1")
        .with("etcd-data-dir", data.display())
        .with("etcd-client-port", etcd_client)
        .with("etcd-initial-cluster", format!("scheduler-0=http://127.0.0.1:{etcd_peer}"));
    Ok(arguments.program(&tools.scheduler, "scheduler", folder))
}

/// A sidecar that is to be run.
#[derive(Debug)]
pub struct Sidecar<'a> {
    /// Its app's name.
    pub app_id: &'a str,
    /// The name of its process.
    pub name: String,
    /// Where its app and itself listen.
    pub ports: ServicePorts,
    /// The port for other sidecars, and the one for metrics.
    pub internal: (u16, u16),
    /// The scheduler's API.
    pub scheduler_port: u16,
    /// The folder of components.
    pub resources: PathBuf,
    /// Where its app's health is checked, if it is.
    pub health_path: Option<&'a str>,
    /// What it shows its app.
    pub app_api_token: Option<&'a Secret>,
    /// What must be shown to it.
    pub dapr_api_token: Option<&'a Secret>,
}

impl Sidecar<'_> {
    /// Its program: loopback only, without mTLS, which needs a control plane.
    pub fn program(&self, tools: &Tools, folder: &Path) -> Program {
        let (internal, metrics) = self.internal;
        let arguments = Arguments::default()
            .with("app-id", self.app_id)
            .with("mode", "standalone")
            .with("app-port", self.ports.app)
            .with("app-protocol", "http")
            .with("dapr-http-port", self.ports.dapr_http)
            .with("dapr-grpc-port", self.ports.dapr_grpc)
            .with("dapr-internal-grpc-port", internal)
            .with("dapr-listen-addresses", "127.0.0.1")
            .with("dapr-internal-grpc-listen-address", "127.0.0.1")
            .with("metrics-port", metrics)
            .with("metrics-listen-address", "127.0.0.1")
            .with("resources-path", self.resources.display())
            .with("scheduler-host-address", format!("127.0.0.1:{}", self.scheduler_port))
            .with("log-level", "info");
        let configuration = self.resources.join("configuration.yaml");
        let arguments =
            if configuration.is_file() { arguments.with("config", configuration.display()) } else { arguments };
        let subscriptions = self.resources.join(SUBSCRIPTIONS);
        let arguments =
            if subscriptions.is_dir() { arguments.with("resources-path", subscriptions.display()) } else { arguments };
        let arguments = match self.health_path {
            Some(path) => arguments
                .with("enable-app-health-check", "true")
                .with("app-health-check-path", path)
                .with("app-health-probe-interval", 1)
                .with("app-health-probe-timeout", 1000),
            None => arguments,
        };
        let mut program = arguments.program(&tools.daprd, &self.name, folder);
        // Where others reach it. Without this it looks for another address than loopback, and ends where there is none.
        program = program.with("DAPR_HOST_IP", "127.0.0.1");
        for (name, token) in [("APP_API_TOKEN", self.app_api_token), ("DAPR_API_TOKEN", self.dapr_api_token)] {
            program = program.with_or_without(name, token.map(Secret::expose));
        }
        if Topic::ALL.iter().any(|topic| topic.consumers().contains(&self.app_id)) {
            program.anew_after = Some(APP_WAS_AWAY);
        }
        program
    }
}

#[derive(Default)]
struct Arguments(Vec<OsString>);

impl Arguments {
    fn with(mut self, name: &str, value: impl Display) -> Self {
        self.0.push(format!("--{name}={value}").into());
        self
    }

    fn program(self, path: &Path, name: &str, folder: &Path) -> Program {
        Program { arguments: self.0, ..Program::new(name, path, folder, PATIENCE) }
    }
}
