//! One connection on loan from the pool.
//!
//! Whatever is asked over it is answered in time, or the connection counts as lost: a database that falls asleep ends its
//! connections, but what stands between (a NAT, a load balancer) can also forget them without a word, and TCP takes a quarter of
//! an hour to find out.

use std::io;
use std::time::Duration;

use sea_orm::sqlx::pool::PoolConnection;
use sea_orm::sqlx::query::Query;
use sea_orm::sqlx::{
    AssertSqlSafe, Connection as _, Error, Executor as _, PgConnection, Postgres, SqlSafeStr, query_with,
};
use sea_orm::{DbErr, ExecResult, QueryResult, RuntimeErr, Statement};
use sea_query_sqlx::SqlxValues;
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use super::config::Statements;

/// How long is waited for what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// For an answer.
    pub(super) answer: Duration,
    /// By the server, for a transaction that stands still.
    pub(super) transaction: Duration,
}

/// A connection that goes back to the pool when this is dropped, out of any transaction; unless it is lost.
pub(super) struct Lease {
    /// Here until it is handed back.
    connection: Option<PoolConnection<Postgres>>,
    statements: Statements,
    patience: Patience,
    /// A transaction has begun, or may have: whoever broke off does not know.
    open: bool,
    /// There was no answer in time.
    lost: bool,
}

impl Lease {
    pub(super) fn new(connection: PoolConnection<Postgres>, statements: Statements, patience: Patience) -> Self {
        Self { connection: Some(connection), statements, patience, open: false, lost: false }
    }

    pub(super) async fn ping(&mut self) -> Result<(), DbErr> {
        let (connection, patience) = self.connection()?;
        let answer = timeout(patience, connection.ping()).await;
        self.answered(answer).map_err(failed(DbErr::Conn))
    }

    /// Begins a transaction with the statement `begin`. In the same round trip the server is told when to give it up: a connection
    /// that was lost without a word would hold its locks until TCP finds out.
    pub(super) async fn begin(&mut self, begin: &'static str) -> Result<(), DbErr> {
        self.open = true;
        let Patience { answer, transaction } = self.patience;
        let sql = format!(
            "{begin}; SET LOCAL statement_timeout = {}; SET LOCAL idle_in_transaction_session_timeout = {}",
            answer.as_millis(),
            transaction.as_millis()
        );
        self.execute_unprepared(AssertSqlSafe(sql)).await.map(|_| ())
    }

    pub(super) async fn commit(&mut self) -> Result<(), DbErr> {
        self.end("COMMIT").await
    }

    pub(super) async fn roll_back(&mut self) -> Result<(), DbErr> {
        self.end("ROLLBACK").await
    }

    async fn end(&mut self, end: &'static str) -> Result<(), DbErr> {
        self.execute_unprepared(end).await?;
        self.open = false;
        Ok(())
    }

    /// Before a statement that is in no transaction: where statements have no name, it needs one of its own.
    pub(super) async fn begin_alone(&mut self) -> Result<(), DbErr> {
        match self.statements {
            Statements::Cached => Ok(()),
            Statements::Unnamed => self.begin("BEGIN").await,
        }
    }

    /// After such a statement.
    pub(super) async fn commit_alone(&mut self) -> Result<(), DbErr> {
        if self.open { self.commit().await } else { Ok(()) }
    }

    pub(super) async fn execute(&mut self, statement: Statement) -> Result<ExecResult, DbErr> {
        let query = self.query(statement);
        let (connection, patience) = self.connection()?;
        let answer = timeout(patience, connection.execute(query)).await;
        self.answered(answer).map(Into::into).map_err(failed(DbErr::Exec))
    }

    /// Any number of statements without values.
    pub(super) async fn execute_unprepared(&mut self, sql: impl SqlSafeStr) -> Result<ExecResult, DbErr> {
        let sql = sql.into_sql_str();
        let (connection, patience) = self.connection()?;
        let answer = timeout(patience, connection.execute(sql)).await;
        self.answered(answer).map(Into::into).map_err(failed(DbErr::Exec))
    }

    pub(super) async fn query_one(&mut self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let query = self.query(statement);
        let (connection, patience) = self.connection()?;
        let answer = timeout(patience, connection.fetch_optional(query)).await;
        self.answered(answer).map(|row| row.map(Into::into)).map_err(failed(DbErr::Query))
    }

    pub(super) async fn query_all(&mut self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let query = self.query(statement);
        let (connection, patience) = self.connection()?;
        let answer = timeout(patience, connection.fetch_all(query)).await;
        self.answered(answer).map(|rows| rows.into_iter().map(Into::into).collect()).map_err(failed(DbErr::Query))
    }

    fn query(&self, statement: Statement) -> Query<'static, Postgres, SqlxValues> {
        let values = statement.values.unwrap_or_else(|| sea_orm::Values(Vec::new()));
        let query = query_with(AssertSqlSafe(statement.sql), SqlxValues(values));
        query.persistent(self.statements == Statements::Cached)
    }

    fn connection(&mut self) -> Result<(&mut PgConnection, Duration), DbErr> {
        let connection = self.connection.as_deref_mut().ok_or(Error::PoolClosed).map_err(failed(DbErr::Conn))?;
        Ok((connection, self.patience.answer))
    }

    fn answered<T>(&mut self, answer: Result<Result<T, Error>, Elapsed>) -> Result<T, Error> {
        answer.unwrap_or_else(|_| {
            self.lost = true;
            let told = format!("the database did not answer within {:?}", self.patience.answer);
            Err(Error::Io(io::Error::new(io::ErrorKind::TimedOut, told)))
        })
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) if !self.lost => {
                runtime.spawn(hand_back(connection, self.open, self.patience.answer));
            }
            // Not by the pool, which would wait for an answer for ever.
            _ => drop(connection.detach()),
        }
    }
}

/// Gives the connection back once what was asked last is answered; sqlx alone would keep its place in the pool for ever when
/// there is no answer.
async fn hand_back(mut connection: PoolConnection<Postgres>, open: bool, patience: Duration) {
    if open && !matches!(timeout(patience, connection.execute("ROLLBACK")).await, Ok(Ok(_))) {
        drop(connection.detach());
        return;
    }
    if timeout(patience, connection.return_to_pool()).await.is_err() {
        tracing::warn!("a connection to the database is given up: there was no answer within {patience:?}");
    }
}

fn failed(kind: fn(RuntimeErr) -> DbErr) -> impl Fn(Error) -> DbErr {
    move |error| kind(RuntimeErr::SqlxError(error.into()))
}
