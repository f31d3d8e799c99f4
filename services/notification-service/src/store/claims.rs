//! Claims: whoever works on a row has it until a moment; when that has passed, the work is anybody's again. So a process that is killed takes nothing
//! with it, and two replicas never do the same at the same time.

use chrono::{DateTime, TimeDelta, Utc};
use platform::database::statement;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use uuid::Uuid;

use super::reminder_row::COLUMNS;
use crate::domain::reminder::Reminder;

/// How long a claim on reminders or notices lasts: longer than it takes to ask who may be told, and to store the messages.
const LEASE: TimeDelta = TimeDelta::seconds(15);

/// Claims reminders whose moment has come, the oldest first.
pub(crate) async fn claim_due(
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
    most: i64,
) -> Result<Vec<Reminder>, DbErr> {
    let sql = format!(
        "UPDATE notification.reminders SET claimed_until = $2 WHERE id IN (SELECT id FROM notification.reminders \
           WHERE status = 'scheduled' AND fired_at IS NULL AND fire_at <= $1 AND (claimed_until IS NULL OR claimed_until <= $1) \
           ORDER BY fire_at, id LIMIT $3 FOR UPDATE SKIP LOCKED) RETURNING {COLUMNS}"
    );
    let values = [now.into(), (now + LEASE).into(), most.into()];
    Reminder::find_by_statement(statement(&sql, values)).all(db).await
}

/// Claims one reminder, whenever its moment is.
pub(crate) async fn claim(db: &impl ConnectionTrait, id: Uuid, now: DateTime<Utc>) -> Result<Option<Reminder>, DbErr> {
    let sql = format!(
        "UPDATE notification.reminders SET claimed_until = $2 WHERE id = $3 AND status = 'scheduled' AND fired_at IS NULL \
           AND (claimed_until IS NULL OR claimed_until <= $1) RETURNING {COLUMNS}"
    );
    let values = [now.into(), (now + LEASE).into(), id.into()];
    Reminder::find_by_statement(statement(&sql, values)).one(db).await
}

/// Gives claimed reminders back: they are anybody's from `until` on.
pub(crate) async fn put_off(db: &impl ConnectionTrait, ids: &[Uuid], until: DateTime<Utc>) -> Result<(), DbErr> {
    let sql = "UPDATE notification.reminders SET claimed_until = $2 WHERE id = ANY ($1) AND fired_at IS NULL";
    db.execute_raw(statement(sql, [ids.to_vec().into(), until.into()])).await.map(|_| ())
}

/// When there is something to do next: with what is due already and was put off, or whose claim ends, and `grace` after the next
/// moment of a reminder.
pub(crate) async fn next(
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
    grace: TimeDelta,
) -> Result<Option<DateTime<Utc>>, DbErr> {
    let sql = "SELECT least(\
          (SELECT min(coalesce(claimed_until, fire_at)) FROM notification.reminders \
            WHERE status = 'scheduled' AND fired_at IS NULL AND fire_at <= $1), \
          (SELECT min(fire_at) FROM notification.reminders WHERE status = 'scheduled' AND fired_at IS NULL AND fire_at > $1) \
            + make_interval(secs => $2), \
          (SELECT min(coalesce(claimed_until, happened_at)) FROM notification.notices WHERE done_at IS NULL)) AS next";
    let row = db.query_one_raw(statement(sql, [now.into(), grace.as_seconds_f64().into()])).await?;
    row.map_or(Ok(None), |row| row.try_get("", "next"))
}

/// The end of a claim that begins now.
pub(super) fn until(now: DateTime<Utc>) -> DateTime<Utc> {
    now + LEASE
}
