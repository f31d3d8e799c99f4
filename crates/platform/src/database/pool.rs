//! A pool of connections.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::Url;
use sea_orm::sqlx::pool::PoolConnectionMetadata;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sea_orm::sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Error, PgConnection};
use sea_orm::{ConnAcquireErr, ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement};
use sea_orm_migration::async_trait;
use tokio::time::{Instant, timeout};

use super::config::{PoolOptions, Statements};
use super::lease::{Lease, Patience};

/// A connection that was idle for longer is asked whether it lives before it is used: its server may have been restarted or
/// have gone to sleep. Asking each time would be a round trip more for every transaction.
const IDLE: Duration = Duration::from_secs(1);

/// A service's connections to its database; cheap to clone.
#[derive(Clone)]
pub struct Pool {
    connections: PgPool,
    statements: Statements,
    patience: Patience,
}

impl fmt::Debug for Pool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Pool").field("statements", &self.statements).finish_non_exhaustive()
    }
}

/// A pool of connections; the first one is made at once, so a wrong address is told here.
///
/// # Errors
/// When the database cannot be reached in time, or refuses the credentials.
pub async fn connect(url: &str, options: &PoolOptions) -> Result<Pool, DbErr> {
    let address = address(url).map_err(refused)?;
    let deadline = Instant::now() + options.first_connection;
    loop {
        match pool_options(options).connect_with(address.clone()).await {
            Ok(connections) => return Ok(Pool::of(connections, options)),
            Err(Error::PoolTimedOut) => {
                // A pool tries again after what may pass, and then tells only that it took too long.
                let Err(error) = try_once(&address, options).await else { continue };
                if Instant::now() >= deadline {
                    return Err(refused(error));
                }
                tracing::warn!(%error, "the database does not answer in time; trying again");
            }
            Err(error) => return Err(refused(error)),
        }
    }
}

/// The pool of a service, which begins without its database where it has to: it is not ready then, and what is in the way is told.
///
/// # Errors
/// When `url` is no address.
pub async fn open(url: &str, options: &PoolOptions) -> Result<Pool, DbErr> {
    let address = address(url).map_err(refused)?;
    if let Err(error) = try_once(&address, options).await {
        tell_of(&address, &error);
    }
    Ok(Pool::of(pool_options(options).connect_lazy_with(address), options))
}

/// Connects without a pool, which would keep what goes wrong to itself.
async fn try_once(address: &PgConnectOptions, options: &PoolOptions) -> Result<(), Error> {
    let connection = timeout(options.acquire_timeout, PgConnection::connect_with(address)).await;
    let connection = connection.map_err(|_| Error::PoolTimedOut)??;
    // It is made; how it ends does not matter.
    let _ = connection.close().await;
    Ok(())
}

fn tell_of(address: &PgConnectOptions, error: &Error) {
    let (host, port, user, database) =
        (address.get_host(), address.get_port(), address.get_username(), address.get_database());
    tracing::error!(host, port, user, database, %error, "the database of DATABASE_URL cannot be used; this service is not ready until it can");
}

/// What is connected to, as `url` says it.
///
/// `channel_binding`, which Neon's addresses ask for, is passed over: sqlx has none. `sslmode=verify-full` is as good.
///
/// # Errors
/// When it is no address.
pub fn address(url: &str) -> Result<PgConnectOptions, Error> {
    let mut url = Url::parse(url).map_err(|error| Error::Configuration(error.into()))?;
    if url.query().is_some() {
        let known = url.query_pairs().into_owned().filter(|(name, _)| name != "channel_binding");
        let known: Vec<_> = known.collect();
        url.query_pairs_mut().clear().extend_pairs(known);
    }
    // A pooler may refuse a parameter that it does not know at the start of a session, such as this one, which makes no difference
    // since Postgres 12.
    Ok(PgConnectOptions::from_url(&url)?.extra_float_digits(None).disable_statement_logging())
}

fn pool_options(options: &PoolOptions) -> PgPoolOptions {
    // Half of the time in which a request is to have a connection: the other half is for a new one.
    let patience = options.acquire_timeout / 2;
    let last_loss = LastLoss::default();
    PgPoolOptions::new()
        .max_connections(options.max_connections)
        .acquire_timeout(options.acquire_timeout)
        .test_before_acquire(false)
        .before_acquire(move |connection, idle| {
            let last_loss = last_loss.clone();
            Box::pin(async move { is_alive(connection, &idle, &last_loss, patience).await })
        })
}

/// When a connection was found to have been forgotten without a word.
type LastLoss = Arc<Mutex<Option<Instant>>>;

/// Whether an idle connection may be used. What took one is likely to have taken the others that were there: once one gave no
/// answer in time, those are not waited for in turn.
async fn is_alive(
    connection: &mut PgConnection,
    idle: &PoolConnectionMetadata,
    last_loss: &Mutex<Option<Instant>>,
    patience: Duration,
) -> Result<bool, Error> {
    if idle.idle_for < IDLE {
        return Ok(true);
    }
    let lost = *last_loss.lock().unwrap_or_else(PoisonError::into_inner);
    let used = Instant::now().checked_sub(idle.idle_for);
    if lost.is_some_and(|lost| used.is_none_or(|used| used < lost)) {
        return Ok(false);
    }
    if let Ok(answer) = timeout(patience, connection.ping()).await {
        return answer.map(|()| true);
    }
    *last_loss.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    tracing::warn!("an idle connection to the database gave no answer within {patience:?} and is replaced");
    Ok(false)
}

fn refused(error: Error) -> DbErr {
    match error {
        Error::PoolTimedOut => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
        Error::PoolClosed => DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed),
        error => DbErr::Conn(RuntimeErr::SqlxError(error.into())),
    }
}

impl Pool {
    fn of(connections: PgPool, options: &PoolOptions) -> Self {
        let patience = Patience { answer: options.answer_timeout, transaction: options.idle_transaction };
        Self { connections, statements: options.statements, patience }
    }

    pub(super) async fn lease(&self) -> Result<Lease, DbErr> {
        let connection = self.connections.acquire().await.map_err(refused)?;
        Ok(Lease::new(connection, self.statements, self.patience))
    }

    /// Asks something that is in no transaction.
    async fn alone<T>(&self, ask: impl AsyncFnOnce(&mut Lease) -> Result<T, DbErr>) -> Result<T, DbErr> {
        let mut lease = self.lease().await?;
        lease.begin_alone().await?;
        let answer = ask(&mut lease).await?;
        lease.commit_alone().await?;
        Ok(answer)
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), DbErr> {
        self.lease().await?.ping().await
    }

    /// Closes all connections, once they are handed back.
    pub async fn close(&self) {
        self.connections.close().await;
    }

    /// The connections themselves, without what this makes of them.
    pub(super) fn connections(&self) -> PgPool {
        self.connections.clone()
    }
}

/// Each statement by itself.
#[async_trait::async_trait]
impl ConnectionTrait for Pool {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.alone(async |lease| lease.execute(statement).await).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.lease().await?.execute_unprepared(AssertSqlSafe(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.alone(async |lease| lease.query_one(statement).await).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.alone(async |lease| lease.query_all(statement).await).await
    }
}
