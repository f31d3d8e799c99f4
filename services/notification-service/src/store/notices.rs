//! `notification.notices`: what somebody is to be told because of an event.

use chrono::{DateTime, TimeDelta, Utc};
use platform::database::{Transaction, statement};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, QueryResult};
use uuid::Uuid;

use super::due;
use super::reminder_row::word;
use crate::domain::message::Kind;

/// How long those that are done are kept, to recognise an event that comes again.
const KEEP: TimeDelta = TimeDelta::days(30);

/// Something that happened, which some people are to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    /// The event's id.
    pub(crate) id: Uuid,
    pub(crate) kind: Kind,
    pub(crate) task_id: Option<Uuid>,
    pub(crate) workspace_id: Uuid,
    /// Who did it, and so need not be told.
    pub(crate) actor: String,
    /// Whom it is for; everybody who has to do with the task where that is not said.
    pub(crate) recipients: Option<Vec<String>>,
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) happened_at: DateTime<Utc>,
}

const COLUMNS: &str = "id, kind, task_id, workspace_id, actor, recipients, title, body, happened_at";

impl FromQueryResult for Notice {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        let kind: String = row.try_get(prefix, "kind")?;
        Ok(Self {
            id: row.try_get(prefix, "id")?,
            kind: word(&kind)?,
            task_id: row.try_get(prefix, "task_id")?,
            workspace_id: row.try_get(prefix, "workspace_id")?,
            actor: row.try_get(prefix, "actor")?,
            recipients: row.try_get(prefix, "recipients")?,
            title: row.try_get(prefix, "title")?,
            body: row.try_get(prefix, "body")?,
            happened_at: row.try_get(prefix, "happened_at")?,
        })
    }
}

/// Stores it, unless it is there already.
pub(crate) async fn store(db: &impl ConnectionTrait, notice: &Notice) -> Result<(), DbErr> {
    let sql = format!(
        "INSERT INTO notification.notices ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING"
    );
    let Notice { id, kind, task_id, workspace_id, actor, recipients, title, body, happened_at } = notice.clone();
    let values = [
        id.into(),
        kind.as_str().into(),
        task_id.into(),
        workspace_id.into(),
        actor.into(),
        recipients.into(),
        title.into(),
        body.into(),
        happened_at.into(),
    ];
    db.execute_raw(statement(&sql, values)).await.map(|_| ())
}

/// Those that wait, the oldest first, but for those that somebody is storing the messages of right now.
pub(crate) async fn waiting(db: &impl ConnectionTrait, now: DateTime<Utc>, most: i64) -> Result<Vec<Notice>, DbErr> {
    let sql = format!(
        "SELECT {COLUMNS} FROM notification.notices WHERE done_at IS NULL AND (claimed_until IS NULL OR claimed_until <= $1) \
         ORDER BY happened_at, id LIMIT $2 FOR UPDATE SKIP LOCKED"
    );
    Notice::find_by_statement(statement(&sql, [now.into(), most.into()])).all(db).await
}

/// Locks those that still wait, until the transaction ends; says which. The others are somebody else's.
pub(crate) async fn lock_waiting(transaction: &Transaction, ids: &[Uuid]) -> Result<Vec<Uuid>, DbErr> {
    let sql = "SELECT id FROM notification.notices WHERE id = ANY ($1) AND done_at IS NULL FOR UPDATE SKIP LOCKED";
    due::hold_briefly(transaction).await?;
    let rows = transaction.query_all_raw(statement(sql, [ids.to_vec().into()])).await?;
    rows.iter().map(|row| row.try_get("", "id")).collect()
}

/// Lets them wait until `until`; those that somebody has locked are theirs.
pub(crate) async fn put_off(db: &impl ConnectionTrait, ids: &[Uuid], until: DateTime<Utc>) -> Result<(), DbErr> {
    let sql = "UPDATE notification.notices SET claimed_until = $2 \
        WHERE id IN (SELECT id FROM notification.notices WHERE id = ANY ($1) AND done_at IS NULL FOR UPDATE SKIP LOCKED)";
    db.execute_raw(statement(sql, [ids.to_vec().into(), until.into()])).await.map(|_| ())
}

/// Their messages are made; those that are done for long are forgotten.
pub(crate) async fn done(db: &impl ConnectionTrait, ids: &[Uuid], now: DateTime<Utc>) -> Result<(), DbErr> {
    let sql = "WITH forgotten AS (DELETE FROM notification.notices WHERE done_at < $3) \
        UPDATE notification.notices SET done_at = $2, claimed_until = NULL WHERE id = ANY ($1)";
    db.execute_raw(statement(sql, [ids.to_vec().into(), now.into(), (now - KEEP).into()])).await.map(|_| ())
}
