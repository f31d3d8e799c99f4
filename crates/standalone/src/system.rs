//! A whole system, in one process or in one for each part: the database, the sidecars, the services.

use std::num::NonZeroU8;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, anyhow, ensure};
use chrono::TimeDelta;
use platform::config::{ConfigErrors, Reader, Variables};
use platform::dapr::secrets;
use platform::database::{PoolOptions, connect};
use sidecar::{App, AppHealthCheck, Resources, Settings};
use tokio_util::sync::CancellationToken;

use crate::data_directory::{DataDirectory, Lock};
use crate::database::Database;
use crate::distributed::Distributed;
use crate::environment::{self, Environment};
use crate::group::Group;
use crate::options::{Options, Sidecars};
use crate::ports::{Bound, ServicePorts};
use crate::secrets::Secrets;
use crate::services::{SIDECAR, Service};
use crate::{components, readiness, token};

/// How long requests that were just sent to a service have to reach it before it closes its idle connections.
const LAST_CALLS: Duration = Duration::from_millis(50);

/// How long the services may take to stop: 2 s for requests under way, 3 s for their background work, 300 ms for their
/// connections, and some.
const SERVICES_STOP: Duration = Duration::from_millis(5_800);

/// How often the sidecars ask whether their apps are ready, and how long an answer may take: on one machine asking costs
/// little, and what recovers is soon found.
const HEALTH_INTERVAL: Duration = Duration::from_secs(1);

/// How long deliveries under way may take after the services have stopped, which leaves them little to wait for.
const SIDECAR_DRAIN: Duration = Duration::from_millis(500);

/// How long the broker and the scheduler may take to stop, where they are programs of their own.
const STORES_STOP: Duration = Duration::from_secs(12);

/// A running system. Dropping it ends everything at once; [`System::stop`] ends it in order.
#[derive(Debug)]
pub struct System {
    services: Group,
    /// Tells the sidecars that the services are about to stop.
    services_stop: CancellationToken,
    sidecar: Group,
    /// The broker and the scheduler, where they are programs of their own.
    stores: Group,
    database: Database,
    /// Every replica of every service, from 1 on.
    listening: Vec<(&'static Service, u8, ServicePorts)>,
    secrets: Secrets,
    options: Options,
    _lock: Lock,
}

impl System {
    /// Starts everything and waits until it is ready.
    ///
    /// # Errors
    /// Says in one line what is wrong and what to do; nothing is left running.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        environment::refuse_secrets(&options.variables)?;
        ensure!(
            options.sidecars == Sidecars::Daprd || options.replicas == NonZeroU8::MIN,
            "the embedded sidecar serves one of each service: more of them need real ones"
        );
        let data = DataDirectory::open(&options.data)?;
        let lock = data.lock()?;
        let secrets = Secrets::of(&data);
        let components = components::folder(&options.project, &data)?;
        // Mistakes in it are told here, whoever reads it later.
        let resources = Resources::load(&components)?;
        let bound = options.ports.bind(options.replicas).await?;
        secrets.make()?;
        let listening =
            bound.iter().map(|one| Ok((one.service, one.replica, one.ports()?))).collect::<std::io::Result<_>>()?;
        let database = Database::prepare(&options.variables, &options.postgres, &data, &secrets).await?;
        let (services, sidecar, stores) = (Group::default(), Group::default(), Group::default());
        let services_stop = CancellationToken::new();
        let mut system =
            Self { services, services_stop, sidecar, stores, database, listening, secrets, options, _lock: lock };
        let ran = match system.options.sidecars {
            Sidecars::Embedded => system.run(bound, resources).await,
            Sidecars::Daprd => {
                drop(bound);
                system.run_distributed(&components, &data).await
            }
        };
        match ran {
            Ok(()) => Ok(system),
            Err(error) => {
                // What failed first is the reason; that others then fail to stop adds nothing.
                let _ = system.stop().await;
                Err(error)
            }
        }
    }

    async fn run(&mut self, bound: Vec<Bound>, resources: Resources) -> anyhow::Result<()> {
        let environment = Environment::new(&self.options.variables, &self.secrets, self.port_of(backend_api::APP_ID)?)?;
        let (mut apps, mut listeners) = (Vec::new(), Vec::new());
        for Bound { service, app, dapr_http, dapr_grpc, .. } in bound {
            let ports = self.ports(service.app_id)?;
            apps.push(App { app_id: service.app_id.to_owned(), app_port: ports.app, http: dapr_http, grpc: dapr_grpc });
            listeners.push((service, ports, app));
        }
        // First, because settings may be secrets that it keeps.
        self.start_sidecar(apps, resources, &environment).await?;
        for (service, ports, listener) in listeners {
            let told = |ConfigErrors(mistakes)| misconfigured(service, &mistakes);
            let variables = self.variables(service, ports, &environment)?;
            let unreadable = |ConfigErrors(mistakes)| unreadable(service, &mistakes);
            let variables = secrets::resolve(&variables, ports.dapr_http).await.map_err(unreadable)?;
            let run = (service.configure)(&variables).map_err(told)?;
            self.services.spawn(service.app_id, run(self.options.clock.clone(), listener, self.services.token()));
        }
        self.until_ready().await
    }

    /// The same with a process for each part.
    async fn run_distributed(&mut self, components: &Path, data: &DataDirectory) -> anyhow::Result<()> {
        let Options { variables, ports, .. } = &self.options;
        let environment = Environment::new(variables, &self.secrets, self.port_of(backend_api::APP_ID)?)?;
        let distributed = Distributed::prepare(variables, *ports, components, data)?;
        distributed.start_stores(&mut self.stores).await?;
        for (service, replica, ports) in self.listening.clone() {
            let variables = self.variables(service, ports, &environment)?;
            // A mistake in the settings is told here, not in the log of a process that starts again and again. What its sidecar
            // keeps, the service asks for itself.
            let known = variables.clone().filtered(|_, value| !secrets::names_a_secret(value));
            drop((service.configure)(&known).map_err(|ConfigErrors(mistakes)| misconfigured(service, &mistakes))?);
            let (program, sidecar) = (
                distributed.service(service, replica, &variables)?,
                distributed.sidecar(service, replica, ports, &environment)?,
            );
            self.services.spawn(service.app_id, program.run(self.services.token()));
            self.sidecar.spawn(service.app_id, sidecar.run(self.sidecar.token()));
        }
        self.until_ready().await
    }

    async fn until_ready(&mut self) -> anyhow::Result<()> {
        let ready = self.what_must_be_ready();
        tokio::select! {
            ready = readiness::wait_for(&ready) => ready,
            failure = self.failure() => Err(failure),
        }
    }

    fn variables(
        &self,
        service: &Service,
        ports: ServicePorts,
        environment: &Environment,
    ) -> anyhow::Result<Variables> {
        let Some(storage) = service.storage else {
            let trusted = environment.trusted_issuers.as_str();
            return Ok(environment.of(ports, None).with("TRUSTED_ISSUERS", trusted));
        };
        Ok(environment.of(ports, Some(self.database.url_of(&storage.schema, &self.secrets)?)))
    }

    async fn start_sidecar(
        &mut self,
        apps: Vec<App>,
        resources: Resources,
        environment: &Environment,
    ) -> anyhow::Result<()> {
        let url = self.database.url_of(&SIDECAR.schema, &self.secrets)?;
        // A service tells what cannot be read.
        let as_services = PoolOptions::read(&mut Reader::new(&self.options.variables));
        let pool = PoolOptions { max_connections: PoolOptions::default().max_connections, ..as_services };
        let db = connect(&url, &pool).await.context("the sidecar cannot use the database")?;
        let mut settings = Settings::new(apps, resources, self.options.clock.clone());
        settings.app_api_token = Some(environment.app_api_token.clone());
        settings.dapr_api_token.clone_from(&environment.dapr_api_token);
        settings.app_health_check =
            Some(AppHealthCheck { interval: HEALTH_INTERVAL, timeout: HEALTH_INTERVAL, ..AppHealthCheck::default() });
        settings.apps_stop = self.services_stop.clone();
        settings.drain = SIDECAR_DRAIN;
        self.sidecar.spawn("the sidecar", sidecar::run(db, settings, self.sidecar.token()));
        Ok(())
    }

    fn what_must_be_ready(&self) -> Vec<(String, String)> {
        let each = self.listening.iter().flat_map(|(service, replica, ports)| {
            let name = service.replica_name(*replica);
            let (app, sidecar) = match self.options.sidecars {
                Sidecars::Embedded => (name.clone(), format!("the sidecar of {name}")),
                Sidecars::Daprd => (
                    self.with_log(&name, &name),
                    self.with_log(&format!("the sidecar of {name}"), &format!("{name}-daprd")),
                ),
            };
            [
                (app, format!("http://127.0.0.1:{}/readyz", ports.app)),
                (sidecar, format!("http://127.0.0.1:{}{}", ports.dapr_http, self.readiness_of_sidecar(service))),
            ]
        });
        each.collect()
    }

    /// A part and where its log is, in an error.
    fn with_log(&self, part: &str, name: &str) -> String {
        format!("{part} (log: {})", self.options.data.join(format!("run/{name}.log")).display())
    }

    /// A daprd serves some time before it finds its app healthy and lets calls through to it. Where it wants a token, that cannot
    /// be tried from here.
    fn readiness_of_sidecar(&self, service: &Service) -> String {
        let open = Reader::new(&self.options.variables).optional("DAPR_API_TOKEN").is_none();
        match self.options.sidecars {
            Sidecars::Daprd if open => format!("/v1.0/invoke/{}/method/livez", service.app_id),
            _ => "/v1.0/healthz".to_owned(),
        }
    }

    /// Waits until a part of the system ends by itself, and says which and why. What is a program of its own is started again
    /// instead, the private database server too.
    pub async fn failure(&mut self) -> anyhow::Error {
        let database = async {
            match self.options.sidecars {
                Sidecars::Embedded => self.database.failure().await,
                Sidecars::Daprd => self.database.keep_up().await,
            }
        };
        tokio::select! {
            failure = self.services.failure() => failure,
            failure = self.sidecar.failure() => failure,
            failure = self.stores.failure() => failure,
            failure = database => failure,
        }
    }

    /// Stops the services, then the sidecars, then the broker and the scheduler, and last the private database server. In one process
    /// that takes 10 s at most.
    ///
    /// # Errors
    /// When a part ended with an error; the others are stopped all the same.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.services_stop.cancel();
        tokio::time::sleep(LAST_CALLS).await;
        let services = self.services.stop(SERVICES_STOP).await;
        let sidecar = self.sidecar.stop(self.options.sidecars.patience()).await;
        let stores = self.stores.stop(STORES_STOP).await;
        self.database.stop().await;
        services.and(sidecar).and(stores)
    }

    /// Where a service answers, such as `http://127.0.0.1:8000`.
    ///
    /// # Errors
    /// When there is no such service.
    pub fn base_url(&self, app_id: &str) -> anyhow::Result<String> {
        Ok(format!("http://127.0.0.1:{}", self.port_of(app_id)?))
    }

    /// The same of one of its replicas, from 1 on.
    ///
    /// # Errors
    /// When there is no such replica.
    pub fn replica_url(&self, app_id: &str, replica: u8) -> anyhow::Result<String> {
        Ok(format!("http://127.0.0.1:{}", self.ports_of_replica(app_id, replica)?.app))
    }

    /// The same as people write it, such as `http://localhost:8000`.
    ///
    /// # Errors
    /// When there is no such service.
    pub fn public_url(&self, app_id: &str) -> anyhow::Result<String> {
        Ok(format!("http://localhost:{}", self.port_of(app_id)?))
    }

    /// Where the HTTP API of a service's sidecar answers.
    ///
    /// # Errors
    /// When there is no such service.
    pub fn sidecar_url(&self, app_id: &str) -> anyhow::Result<String> {
        Ok(format!("http://127.0.0.1:{}", self.ports(app_id)?.dapr_http))
    }

    /// Every replica of every service, from 1 on, with the port that it listens on.
    pub fn services(&self) -> impl Iterator<Item = (&'static Service, u8, u16)> {
        self.listening.iter().map(|(service, replica, ports)| (*service, *replica, ports.app))
    }

    /// The database's address as the owner of all tables.
    pub fn owner_url(&self) -> &str {
        self.database.owner_url()
    }

    /// The secrets of this system.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// A token of the built-in issuer that names `user`.
    ///
    /// # Errors
    /// When the secrets cannot be read.
    pub fn token(&self, user: &str, lifetime: TimeDelta) -> anyhow::Result<String> {
        let port = self.port_of(backend_api::APP_ID)?;
        token::mint_for(&self.options.variables, &self.secrets, port, user, lifetime)
    }

    fn port_of(&self, app_id: &str) -> anyhow::Result<u16> {
        Ok(self.ports(app_id)?.app)
    }

    fn ports(&self, app_id: &str) -> anyhow::Result<ServicePorts> {
        self.ports_of_replica(app_id, 1)
    }

    fn ports_of_replica(&self, app_id: &str, replica: u8) -> anyhow::Result<ServicePorts> {
        let found = self.listening.iter().find(|(service, n, _)| (service.app_id, *n) == (app_id, replica));
        found.map(|(.., ports)| *ports).ok_or_else(|| anyhow!("there is no replica {replica} of a service {app_id}"))
    }
}

fn misconfigured(service: &Service, mistakes: &[String]) -> anyhow::Error {
    anyhow!("{} is not configured right: {}", service.app_id, in_a_line(mistakes))
}

/// Every service is given all settings, so that it need not be the one that has any use for these.
fn unreadable(service: &Service, mistakes: &[String]) -> anyhow::Error {
    anyhow!("settings cannot be read through the sidecar of {}: {}", service.app_id, in_a_line(mistakes))
}

fn in_a_line(mistakes: &[String]) -> String {
    let mistakes: Vec<&str> = mistakes.iter().map(|mistake| mistake.trim()).collect();
    mistakes.join("; ")
}
