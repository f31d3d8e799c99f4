//! A transaction.

use std::fmt;

use sea_orm::sqlx::AssertSqlSafe;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use sea_orm_migration::async_trait;
use tokio::sync::Mutex;

use super::lease::Lease;
use super::pool::Pool;

/// A transaction, which is rolled back unless it is committed: also one whose beginning is broken off.
pub struct Transaction {
    lease: Mutex<Lease>,
}

impl fmt::Debug for Transaction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Transaction").finish_non_exhaustive()
    }
}

impl Transaction {
    pub(super) async fn begin(db: &Pool, begin: &'static str) -> Result<Self, DbErr> {
        let mut lease = db.lease().await?;
        lease.begin(begin).await?;
        Ok(Self { lease: Mutex::new(lease) })
    }

    /// Keeps what was changed.
    ///
    /// # Errors
    /// When the database refuses, or does not answer: then nobody knows whether it is kept.
    pub async fn commit(self) -> Result<(), DbErr> {
        self.lease.into_inner().commit().await
    }

    /// Gives up what was changed.
    ///
    /// # Errors
    /// When the database does not answer; nothing is kept all the same.
    pub async fn rollback(self) -> Result<(), DbErr> {
        self.lease.into_inner().roll_back().await
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.lease.lock().await.execute(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.lease.lock().await.execute_unprepared(AssertSqlSafe(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.lease.lock().await.query_one(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.lease.lock().await.query_all(statement).await
    }
}
