//! The server that the databases of this test process stand on, and the runtime that administers it.

use std::future::Future;
use std::path::PathBuf;
use std::sync::LazyLock;

use platform::database::{Pool, PoolOptions};
use reqwest::Url;
use sea_orm::ConnectionTrait;
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::pooler;

/// What the names of all test databases and roles begin with.
const PREFIX: &str = "tidings_test_";

/// Each test has a runtime of its own that ends with it; what outlives a test runs here.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(1).enable_all().build().expect("start the runtime that administers the test databases")
});

static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();

/// One server per test process: a private one, or the one that `TEST_DATABASE_URL` names.
pub(crate) struct Cluster {
    url: Url,
    admin: Pool,
    /// Tells the names of this process from those of others on the same server.
    pub(crate) prefix: String,
    /// Ends with the process.
    server: Option<postgres::Server>,
    /// Started on first use; nothing where there is none.
    pooler: OnceCell<Option<postgres::Pooler>>,
}

impl Cluster {
    /// The server, started on first use.
    pub(crate) async fn get() -> &'static Self {
        on_runtime(async { CLUSTER.get_or_init(Self::start).await }).await
    }

    async fn start() -> Self {
        let (url, server) = match std::env::var("TEST_DATABASE_URL") {
            Ok(url) => (url, None),
            Err(_) => private_server().await,
        };
        let id = Uuid::new_v4().simple().to_string();
        let prefix = format!("{PREFIX}{}", &id[..8]);
        let mut url = Url::parse(&url).expect("TEST_DATABASE_URL is the address of a Postgres server");
        let mut admin_url = url.clone();
        admin_url.query_pairs_mut().append_pair("application_name", &prefix);
        let options = PoolOptions { max_connections: 4, ..PoolOptions::of_administrator() };
        let admin =
            platform::database::connect(admin_url.as_str(), &options).await.expect("connect to the test server");
        if server.is_none() {
            remove_leftovers(&admin).await;
        }
        url.set_path("");
        Self { url, admin, prefix, server, pooler: OnceCell::new() }
    }

    /// The address of `database` as the server's administrator, who owns everything.
    pub(crate) fn owner_url(&self, database: &str) -> String {
        let mut url = self.url.clone();
        url.set_path(database);
        url.into()
    }

    /// The address of `database` as another role.
    pub(crate) fn url_as(&self, database: &str, role: &str, password: &str) -> String {
        let mut url = self.url.clone();
        url.set_path(database);
        url.set_username(role).expect("the address of the server has a host");
        url.set_password(Some(password)).expect("the address of the server has a host");
        url.into()
    }

    /// PgBouncer before this server; nothing where it is not installed, or the server is not ours.
    pub(crate) async fn pooler(&'static self) -> Option<&'static postgres::Pooler> {
        on_runtime(self.pooler.get_or_init(|| self.start_pooler())).await.as_ref()
    }

    /// `url` through PgBouncer, where it runs.
    pub(crate) fn pooled(&self, url: &str) -> Option<String> {
        let pooler = self.pooler.get()?.as_ref()?;
        let mut url = Url::parse(url).expect("the address of the server");
        url.set_port(Some(pooler.port())).expect("the address of the server has a host");
        Some(url.into())
    }

    async fn start_pooler(&self) -> Option<postgres::Pooler> {
        let program = pooler::chosen().or_else(postgres::Pooler::program)?;
        // Few connections to the server, handed out in turn: two transactions of a client seldom meet the same one.
        let settings = [("default_pool_size", "4"), ("server_round_robin", "1")];
        let started = postgres::Pooler::start(&program, self.server.as_ref()?, &settings).await;
        Some(started.unwrap_or_else(|error| panic!("{error}")))
    }

    /// Runs one statement as the administrator.
    pub(crate) async fn execute(&'static self, sql: String) {
        on_runtime(async move {
            self.admin.execute_unprepared(&sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        })
        .await;
    }

    /// Removes a database in the background, even when the test's own runtime is ending.
    pub(crate) fn drop_later(&'static self, database: String) {
        RUNTIME.spawn(async move {
            // Failing is no matter: the private server goes altogether, and a lasting one is tidied at the next start.
            let sql = format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)");
            let _ = self.admin.execute_unprepared(&sql).await;
        });
    }
}

/// Runs `work` where its connections live on after the test.
pub(crate) async fn on_runtime<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    match RUNTIME.spawn(work).await {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

async fn private_server() -> (String, Option<postgres::Server>) {
    let binaries = std::env::var_os(postgres::BINARIES_VARIABLE).map(PathBuf::from);
    let settings = [("max_connections", "300"), ("shared_buffers", "64MB")];
    let builder = postgres::Server::throw_away().binaries(binaries).settings(settings);
    let server = builder.start().await.unwrap_or_else(|error| panic!("{error}"));
    (server.url("postgres"), Some(server))
}

/// Removes what test processes that are gone have left on a lasting server; a live one shows by its application name.
async fn remove_leftovers(admin: &Pool) {
    let gone = "NOT EXISTS (SELECT FROM pg_stat_activity \
                WHERE application_name <> '' AND starts_with(name, application_name))";
    for (kind, names) in [
        ("DATABASE", "SELECT datname::text AS name FROM pg_database"),
        ("ROLE", "SELECT rolname::text AS name FROM pg_roles"),
    ] {
        let sql = format!("SELECT name FROM ({names}) AS names WHERE starts_with(name, '{PREFIX}') AND {gone}");
        let statement = sea_orm::Statement::from_string(sea_orm::DbBackend::Postgres, sql);
        let rows = admin.query_all_raw(statement).await.expect("list what earlier tests have left");
        for row in rows {
            let name: String = row.try_get("", "name").expect("a name");
            // Another process may be tidying at the same time.
            let _ = admin.execute_unprepared(&format!("DROP {kind} IF EXISTS {name}")).await;
        }
    }
}
