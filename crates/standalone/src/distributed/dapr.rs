//! Dapr's own programs: the scheduler, which keeps jobs, and a `daprd` beside each service.

use std::ffi::OsString;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::time::Duration;

use platform::config::Secret;

use super::program::Program;
use super::tools::Tools;
use crate::ports::ServicePorts;

/// How long a sidecar may take to let deliveries finish, its own grace included.
const PATIENCE: Duration = Duration::from_secs(8);

/// Where the scheduler listens.
#[derive(Clone, Copy, Debug)]
pub(super) struct SchedulerPorts {
    pub(super) api: u16,
    pub(super) health: u16,
    pub(super) metrics: u16,
    pub(super) etcd_client: u16,
    pub(super) etcd_peer: u16,
}

/// The scheduler with its data in `data`.
pub(super) fn scheduler(tools: &Tools, data: &Path, folder: &Path, ports: SchedulerPorts) -> Program {
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
    arguments.program(&tools.scheduler, "scheduler", folder)
}

/// A sidecar that is to be run.
#[derive(Debug)]
pub(super) struct Sidecar<'a> {
    pub(super) app_id: &'a str,
    pub(super) ports: ServicePorts,
    /// The port for other sidecars, and the one for metrics.
    pub(super) internal: (u16, u16),
    pub(super) scheduler_port: u16,
    /// The folder of components.
    pub(super) resources: PathBuf,
    pub(super) app_api_token: &'a Secret,
    pub(super) dapr_api_token: Option<&'a Secret>,
}

impl Sidecar<'_> {
    /// Its program: loopback only, without mTLS, which needs a control plane.
    pub(super) fn program(&self, tools: &Tools, folder: &Path) -> Program {
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
            .with("enable-app-health-check", "true")
            .with("app-health-check-path", "/readyz")
            .with("app-health-probe-interval", 1)
            .with("app-health-probe-timeout", 1000)
            .with("log-level", "info");
        let mut program = arguments.program(&tools.daprd, &format!("{}-daprd", self.app_id), folder);
        let mut variables: Vec<(String, String)> =
            std::env::vars().filter(|(name, _)| name != "DAPR_API_TOKEN").collect();
        variables.push(("APP_API_TOKEN".to_owned(), self.app_api_token.expose().to_owned()));
        variables.extend(self.dapr_api_token.map(|token| ("DAPR_API_TOKEN".to_owned(), token.expose().to_owned())));
        program.variables = Some(variables);
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
        Program {
            name: name.to_owned(),
            path: path.to_path_buf(),
            arguments: self.0,
            variables: None,
            folder: folder.to_path_buf(),
            patience: PATIENCE,
        }
    }
}
