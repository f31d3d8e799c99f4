//! A real daprd, with a Kafka broker and Dapr's scheduler behind it, from the programs that `scripts/dapr-tools` makes.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use platform::config::{Secret, Variables};
use standalone::distributed::{Broker, SchedulerPorts, Sidecar, Tools, free_port, scheduler};
use standalone::{ServicePorts, wait_for};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use super::{APP_ID, Process, Target, folder, write_resources};
use crate::case::{Setup, Side};

/// Every topic that some row names.
const TOPICS: [&str; 5] = ["orders", "guarded", "guarded.dead", "raw", "other"];

/// More than one, so that order is one of keys and not of the topic.
const PARTITIONS: u16 = 2;

/// What a component says of its broker in the table.
const BROKER: &str = "localhost:9092";

/// Settings of the broker's client that only a real one has: a group for each setup, large messages, and a shorter pause than 5 s
/// before a message comes again. To name the namespace has daprd put it before every topic, so that no setup meets what another
/// one left.
const CLIENT: &str = "  metadata:
    - { name: consumerGroup, value: '{namespace}-{appID}' }
    - { name: maxMessageBytes, value: '8388608' }
    - { name: backOffDuration, value: 50ms }
";

/// The broker and the scheduler, which all setups share.
pub(crate) struct Daprd {
    tools: Tools,
    folder: PathBuf,
    broker: String,
    scheduler_port: u16,
    stores: Stores,
    setups: AtomicUsize,
}

/// What runs until it is stopped; ends with this process in any case.
struct Stores {
    tasks: JoinSet<anyhow::Result<()>>,
    stop: CancellationToken,
}

/// One setup's place on the broker and the scheduler, and its files.
pub(crate) struct Place {
    namespace: String,
    folder: PathBuf,
}

impl Daprd {
    /// Starts what `setups` of them need.
    pub(crate) async fn start(setups: usize) -> anyhow::Result<Self> {
        let tools = Tools::find(&Variables::from_process())?;
        let folder = folder();
        std::fs::create_dir_all(&folder)?;
        let mut stores = Stores { tasks: JoinSet::new(), stop: CancellationToken::new() };
        let (port, controller_port) = (free_port()?, free_port()?);
        let broker =
            Broker { tools: &tools, data: folder.join("broker"), folder: folder.clone(), port, controller_port };
        broker.prepare().await?;
        stores.tasks.spawn(broker.program().once(stores.stop.clone()));
        let ports = SchedulerPorts {
            api: free_port()?,
            health: free_port()?,
            metrics: free_port()?,
            etcd_client: free_port()?,
            etcd_peer: free_port()?,
        };
        let scheduler = scheduler(&tools, &folder.join("scheduler"), &folder, ports)?;
        stores.tasks.spawn(scheduler.once(stores.stop.clone()));
        let topics = (0..setups).flat_map(|setup| TOPICS.map(|topic| format!("{}{topic}", namespace(setup))));
        let topics: Vec<String> = topics.collect();
        let ready = async {
            broker.create_topics(&topics, PARTITIONS).await?;
            wait_for(&[("the scheduler".to_owned(), format!("http://127.0.0.1:{}/healthz", ports.health))]).await
        };
        tokio::select! {
            ready = ready => ready?,
            Some(ended) = stores.tasks.join_next() => {
                ended??;
                anyhow::bail!("the broker or the scheduler ended: their logs are in {}", folder.display());
            }
        }
        let broker = broker.address();
        Ok(Self { tools, folder, broker, scheduler_port: ports.api, stores, setups: AtomicUsize::new(0) })
    }

    /// Ends the broker and the scheduler; says where the logs are if they are to be kept.
    pub(crate) async fn stop(mut self, keep_logs: bool) -> anyhow::Result<()> {
        self.stores.stop.cancel();
        while let Some(ended) = self.stores.tasks.join_next().await {
            // Java calls it a failure when it was told to end.
            let _ = ended?;
        }
        if keep_logs {
            println!("the logs are in {}\n", self.folder.display());
            return Ok(());
        }
        Ok(std::fs::remove_dir_all(&self.folder)?)
    }

    /// Starts the sidecar of one app.
    fn run(
        &self,
        app_id: &str,
        app_port: u16,
        setup: &Setup,
        place: &Place,
        stop: &CancellationToken,
    ) -> anyhow::Result<(String, JoinHandle<anyhow::Result<()>>)> {
        let dapr_http = free_port()?;
        let token = |text: &str| setup.tokens.then(|| Secret::new(text));
        let (ours, theirs) = (token("ours"), token("theirs"));
        let sidecar = Sidecar {
            app_id,
            name: format!("{app_id}-daprd"),
            ports: ServicePorts { app: app_port, dapr_http, dapr_grpc: free_port()? },
            internal: (free_port()?, free_port()?),
            scheduler_port: self.scheduler_port,
            resources: place.folder.join("components"),
            health_path: setup.health_path,
            app_api_token: theirs.as_ref(),
            dapr_api_token: ours.as_ref(),
        };
        let program = sidecar.program(&self.tools, &place.folder).with("NAMESPACE", &place.namespace);
        Ok((format!("http://127.0.0.1:{dapr_http}"), tokio::spawn(program.once(stop.clone()))))
    }
}

impl Target for Daprd {
    type Store = Place;

    fn side(&self) -> Side {
        Side::Daprd
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(40)
    }

    async fn store(&self, setup: &Setup) -> anyhow::Result<Place> {
        let setups = self.setups.fetch_add(1, Ordering::Relaxed);
        // Without topics, none of its own is needed.
        let without = setup.subscriptions.as_array().is_some_and(Vec::is_empty);
        let namespace = if without { "default".to_owned() } else { namespace(setups) };
        let folder = self.folder.join(setups.to_string());
        Ok(Place { namespace, folder })
    }

    async fn start(&self, setup: &Setup, app_port: u16, place: &Place) -> anyhow::Result<Process> {
        let components = setup.components.replace(BROKER, &self.broker).replacen("  metadata:\n", CLIENT, 1);
        write_resources(&place.folder.join("components"), setup, &components)?;
        let shutdown = CancellationToken::new();
        let (http, mut running) = self.run(APP_ID, app_port, setup, place, &shutdown)?;
        for app_id in setup.others {
            let (_, other) = self.run(app_id, app_port, setup, place, &shutdown)?;
            let first = running;
            running = tokio::spawn(async move { first.await?.and(other.await?) });
        }
        let outbound = [("daprd".to_owned(), format!("{http}/v1.0/healthz/outbound"))];
        tokio::select! {
            ready = wait_for(&outbound) => ready?,
            ended = &mut running => {
                ended??;
                anyhow::bail!("daprd ended: its log is in {}", place.folder.display());
            }
        }
        Ok(Process { http, shutdown, running })
    }
}

/// The namespace of a setup.
fn namespace(setup: usize) -> String {
    format!("setup{setup}")
}
