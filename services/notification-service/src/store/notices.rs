//! `notification.notices`: what somebody is to be told because of an event.

use chrono::{DateTime, TimeDelta, Utc};
use platform::database::statement;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, QueryResult};
use uuid::Uuid;

use super::claims;
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

/// Claims those that wait, the oldest first.
pub(crate) async fn claim(db: &impl ConnectionTrait, now: DateTime<Utc>, most: i64) -> Result<Vec<Notice>, DbErr> {
    let sql = format!(
        "UPDATE notification.notices SET claimed_until = $2 WHERE id IN (SELECT id FROM notification.notices \
           WHERE done_at IS NULL AND (claimed_until IS NULL OR claimed_until <= $1) \
           ORDER BY happened_at, id LIMIT $3 FOR UPDATE SKIP LOCKED) RETURNING {COLUMNS}"
    );
    let values = [now.into(), claims::until(now).into(), most.into()];
    Notice::find_by_statement(statement(&sql, values)).all(db).await
}

/// Gives them back: they are anybody's from `until` on.
pub(crate) async fn put_off(db: &impl ConnectionTrait, ids: &[Uuid], until: DateTime<Utc>) -> Result<(), DbErr> {
    let sql = "UPDATE notification.notices SET claimed_until = $2 WHERE id = ANY ($1) AND done_at IS NULL";
    db.execute_raw(statement(sql, [ids.to_vec().into(), until.into()])).await.map(|_| ())
}

/// Their messages are made; those that are done for long are forgotten.
pub(crate) async fn done(db: &impl ConnectionTrait, ids: &[Uuid], now: DateTime<Utc>) -> Result<(), DbErr> {
    let sql = "WITH forgotten AS (DELETE FROM notification.notices WHERE done_at < $3) \
        UPDATE notification.notices SET done_at = $2, claimed_until = NULL WHERE id = ANY ($1)";
    db.execute_raw(statement(sql, [ids.to_vec().into(), now.into(), (now - KEEP).into()])).await.map(|_| ())
}
