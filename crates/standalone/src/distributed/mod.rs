//! The distributed system on one machine: a broker, Dapr's scheduler, and each service as a process of its own with a `daprd`
//! beside it.

mod broker;
mod dapr;
mod log_tail;
mod program;
mod tools;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use platform::config::{Reader, Variables};
use platform::dapr::topics::TopicNames;
use sidecar::Resources;

pub use self::broker::Broker;
use self::broker::{ANSWERING, PARTITIONS, STARTING, create_topics};
pub use self::dapr::{SchedulerPorts, Sidecar, scheduler};
pub use self::program::Program;
use self::program::fresh_folder;
pub use self::tools::Tools;
use crate::data_directory::DataDirectory;
use crate::environment::Environment;
use crate::group::Group;
use crate::ports::{Ports, ServicePorts, free_listener};
use crate::services::Service;
use crate::{components, readiness};

/// What `components/` says of the broker's address, which is another one where the ports are.
const BROKER_ADDRESS: &str = "localhost:9092";

/// What it says of the file of secrets, beside it.
const SECRETS_FILE: &str = "secrets.json";

/// How long a service may take to end: its drain, its background work, and some.
const SERVICE_PATIENCE: Duration = Duration::from_secs(7);

/// The parts that are no services, and where their programs and files are.
#[derive(Debug)]
pub(crate) struct Distributed {
    tools: Tools,
    /// Logs, process ids and what is written for one run.
    folder: PathBuf,
    data: DataDirectory,
    topics: Vec<String>,
    /// `KAFKA_BOOTSTRAP_SERVERS`: a broker that runs already, such as Redpanda, instead of one of its own.
    broker_elsewhere: Option<String>,
    broker_ports: (u16, u16),
    scheduler_ports: SchedulerPorts,
}

impl Distributed {
    /// Finds the programs and the ports, and writes the components down for the sidecars.
    ///
    /// # Errors
    /// When a program is missing, or the components cannot be written.
    pub(crate) fn prepare(
        variables: &Variables,
        ports: Ports,
        components: &Path,
        data: &DataDirectory,
    ) -> anyhow::Result<Self> {
        let tools = Tools::find(variables)?;
        let folder = data.join("run");
        fresh_folder(&folder)?;
        let broker_ports = (port(ports, 9092)?, port(ports, 9093)?);
        let scheduler_ports = SchedulerPorts {
            api: port(ports, 13_509)?,
            etcd_client: port(ports, 2379)?,
            etcd_peer: port(ports, 2380)?,
            health: free_port()?,
            metrics: free_port()?,
        };
        // A name that cannot be is told by every service.
        let own = TopicNames::read(&mut Reader::new(variables));
        let resources = Resources::load(components)?;
        let topics = own.all().chain(resources.declared_topics().map(ToOwned::to_owned)).collect();
        let broker_elsewhere = Reader::new(variables).optional("KAFKA_BOOTSTRAP_SERVERS").map(ToOwned::to_owned);
        let data = data.clone();
        let distributed = Self { tools, folder, data, topics, broker_elsewhere, broker_ports, scheduler_ports };
        distributed.write_components(components)?;
        Ok(distributed)
    }

    /// Starts the broker and the scheduler in `group`, and waits until they serve.
    pub(crate) async fn start_stores(&self, group: &mut Group) -> anyhow::Result<()> {
        if self.broker_elsewhere.is_none() {
            let broker = self.broker();
            broker.prepare().await?;
            group.spawn("the broker", broker.program().run(group.token()));
        }
        let scheduler = scheduler(&self.tools, &self.data.join("scheduler"), &self.folder, self.scheduler_ports)?;
        group.spawn("the scheduler", scheduler.run(group.token()));
        let patience = if self.broker_elsewhere.is_some() { ANSWERING } else { STARTING };
        create_topics(&self.tools, &self.folder, &self.broker_address(), patience, &self.topics, PARTITIONS).await?;
        let health = format!("http://127.0.0.1:{}/healthz", self.scheduler_ports.health);
        readiness::wait_for(&[("the scheduler".to_owned(), health)]).await
    }

    /// The process of a service's replica.
    pub(crate) fn service(&self, service: &Service, replica: u8, variables: &Variables) -> anyhow::Result<Program> {
        let variables = variables.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let path = self.tools.service(service.app_id)?;
        let program = Program::new(&service.replica_name(replica), &path, &self.folder, SERVICE_PATIENCE);
        Ok(Program { variables: Some(variables), ..program })
    }

    /// The process of its sidecar.
    pub(crate) fn sidecar(
        &self,
        service: &Service,
        replica: u8,
        ports: ServicePorts,
        environment: &Environment,
    ) -> anyhow::Result<Program> {
        let sidecar = Sidecar {
            app_id: service.app_id,
            name: format!("{}-daprd", service.replica_name(replica)),
            ports,
            internal: (free_port()?, free_port()?),
            scheduler_port: self.scheduler_ports.api,
            resources: self.components(),
            health_path: Some("/readyz"),
            app_api_token: Some(&environment.app_api_token),
            dapr_api_token: environment.dapr_api_token.as_ref(),
        };
        Ok(sidecar.program(&self.tools, &self.folder))
    }

    fn broker(&self) -> Broker<'_> {
        let (port, controller_port) = self.broker_ports;
        Broker {
            tools: &self.tools,
            data: self.data.join("broker"),
            folder: self.folder.clone(),
            port,
            controller_port,
        }
    }

    fn broker_address(&self) -> String {
        self.broker_elsewhere.clone().unwrap_or_else(|| self.broker().address())
    }

    fn components(&self) -> PathBuf {
        self.folder.join("components")
    }

    fn write_components(&self, from: &Path) -> anyhow::Result<()> {
        let broker = self.broker_address();
        let project = from.canonicalize().unwrap_or_else(|_| from.to_owned());
        let secrets = project.with_file_name(SECRETS_FILE).display().to_string();
        components::copy(from, &self.components(), |text| {
            text.replace(BROKER_ADDRESS, &broker).replace(&format!("./{SECRETS_FILE}"), &secrets)
        })
    }
}

/// The port that is `usual` where there is no offset.
fn port(ports: Ports, usual: u16) -> anyhow::Result<u16> {
    match ports.of(usual) {
        Some(0) => free_port(),
        port => port.context("--port-offset is too large for the broker's and the scheduler's ports"),
    }
}

/// A port that nobody listens on at this moment.
///
/// # Errors
/// When there is none.
pub fn free_port() -> anyhow::Result<u16> {
    let listener = free_listener().context("there is no free port")?;
    Ok(listener.local_addr()?.port())
}
