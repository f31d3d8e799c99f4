//! `notification.deliveries`: messages on their way out.

use chrono::{DateTime, TimeDelta, Utc};
use platform::database::statement;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, QueryResult};
use serde_json::Value;
use uuid::Uuid;

use super::preferences;
use super::reminder_row::word;
use crate::domain::channel::Channel;
use crate::domain::message::{Message, Recipient, Subject};
use crate::domain::outcome::ChannelResult;
use crate::domain::preferences::Preferences;
use crate::domain::route::DeliveryStatus;

/// How long a claim lasts that nobody renews, by the clock of the database, which is one for all replicas.
const LEASE: &str = "interval '3 seconds'";

/// Messages to one address that are claimed at a time: a mailbox may not answer, and the others' are not to wait for it.
const TO_ONE_ADDRESS: i64 = 2;
/// Among so many of the longest due it is looked for what to claim.
const LOOKED_AT: i64 = 256;

/// A message that is to be handed to a provider now.
#[derive(Clone, Debug)]
pub(crate) struct Due {
    pub(crate) channel: Channel,
    pub(crate) address: String,
    /// Where it went when it was written; of the messages to one such place few are claimed at a time.
    pub(crate) written_to: String,
    /// This attempt's number, from 1.
    pub(crate) attempt: u32,
    pub(crate) message: Message,
    /// The reminder that it is of.
    pub(crate) reminder_id: Option<Uuid>,
    /// Whether that is not to be sent any more, or not then.
    pub(crate) is_over: bool,
    /// When it was written.
    pub(crate) told_at: DateTime<Utc>,
    /// What its recipient wants now.
    pub(crate) chosen: Preferences,
}

impl FromQueryResult for Due {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        let (channel, kind, timezone): (String, String, String) =
            (row.try_get(prefix, "channel")?, row.try_get(prefix, "kind")?, row.try_get(prefix, "timezone")?);
        let attempts: i32 = row.try_get(prefix, "attempts")?;
        let chosen = row.try_get::<Option<Value>>(prefix, "settings")?.map(preferences::read).unwrap_or_default();
        let channel = word(&channel)?;
        let written_to: String = row.try_get(prefix, "address")?;
        let address = match channel {
            Channel::Sms => chosen.phone.clone().unwrap_or_default(),
            _ => written_to.clone(),
        };
        let task_id: Option<Uuid> = row.try_get(prefix, "task_id")?;
        let (title, due) = (row.try_get::<Option<String>>(prefix, "task_title")?, row.try_get(prefix, "task_due")?);
        let message = Message {
            id: row.try_get(prefix, "id")?,
            kind: word(&kind)?,
            title: row.try_get(prefix, "title")?,
            body: row.try_get(prefix, "body")?,
            task: task_id.map(|id| Subject { id, title: title.unwrap_or_default(), due }),
            moment: row.try_get(prefix, "moment")?,
            recipient: Recipient {
                user_id: row.try_get(prefix, "user_id")?,
                name: row.try_get(prefix, "name")?,
                timezone: timezone.parse().unwrap_or_default(),
            },
        };
        Ok(Self {
            channel,
            address,
            written_to,
            attempt: attempts.unsigned_abs(),
            message,
            reminder_id: row.try_get(prefix, "reminder_id")?,
            is_over: row.try_get(prefix, "is_over")?,
            told_at: row.try_get(prefix, "created_at")?,
            chosen,
        })
    }
}

/// What somebody has in hand.
#[derive(Clone, Debug, Default)]
pub(crate) struct InHand {
    /// These messages.
    pub(crate) ids: Vec<Uuid>,
    /// They go to these addresses, which get no others meanwhile.
    pub(crate) addresses: Vec<String>,
}

/// Claims messages that may leave now, the longest due first, but for what is in `hand`.
pub(crate) async fn claim(
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
    most: i64,
    hand: InHand,
) -> Result<Vec<Due>, DbErr> {
    const MAY_LEAVE: &str =
        "status = 'pending' AND not_before <= $1 AND (claimed_until IS NULL OR claimed_until <= clock_timestamp())";
    let sql = format!(
        "WITH longest AS (SELECT id, address, not_before FROM notification.deliveries \
          WHERE {MAY_LEAVE} AND id <> ALL ($3) AND address <> ALL ($4) ORDER BY not_before, id LIMIT {LOOKED_AT}), \
        placed AS (SELECT id, row_number() OVER (PARTITION BY address ORDER BY not_before, id) AS place FROM longest), \
        due AS (UPDATE notification.deliveries SET claimed_until = clock_timestamp() + {LEASE}, attempts = attempts + 1 \
          WHERE id IN (SELECT id FROM notification.deliveries JOIN placed USING (id) \
            WHERE place <= {TO_ONE_ADDRESS} AND {MAY_LEAVE} ORDER BY not_before, id LIMIT $2 \
            FOR UPDATE OF deliveries SKIP LOCKED) RETURNING *) \
        SELECT due.id, due.channel, due.address, due.attempts, told.kind, told.title, told.body, told.task_id, told.task_title, told.task_due, \
          told.moment, told.user_id, told.name, told.timezone, told.reminder_id, told.created_at, chosen.settings, \
          reminder.id IS NOT NULL AND (reminder.status <> 'scheduled' OR reminder.version <> told.reminder_version) AS is_over \
        FROM due JOIN notification.notifications AS told ON told.id = due.notification_id \
          LEFT JOIN notification.preferences AS chosen ON chosen.user_id = told.user_id \
          LEFT JOIN notification.reminders AS reminder ON reminder.id = told.reminder_id"
    );
    let values = [now.into(), most.into(), hand.ids.into(), hand.addresses.into()];
    Due::find_by_statement(statement(&sql, values)).all(db).await
}

/// Whoever claimed these lives, and works on them: the claims last on.
pub(crate) async fn renew(db: &impl ConnectionTrait, under_way: Vec<Uuid>) -> Result<(), DbErr> {
    let sql = format!(
        "UPDATE notification.deliveries SET claimed_until = clock_timestamp() + {LEASE} WHERE id IN (SELECT id FROM notification.deliveries \
           WHERE id = ANY ($1) AND status = 'pending' AND claimed_until IS NOT NULL FOR UPDATE SKIP LOCKED)"
    );
    db.execute_raw(statement(&sql, [under_way.into()])).await.map(|_| ())
}

/// When, by a clock that says `now`, the next message may leave, or the next claim ends, but for what waits for what is in `hand`.
pub(crate) async fn next(
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
    hand: InHand,
) -> Result<Option<DateTime<Utc>>, DbErr> {
    // What is claimed is due: of the others, of which there may be many, only the first is read.
    let sql = "SELECT least(\
          (SELECT min(not_before) FROM notification.deliveries WHERE status = 'pending' AND not_before > $1), \
          (SELECT min(coalesce($1 + (claimed_until - clock_timestamp()), not_before)) FROM notification.deliveries \
            WHERE status = 'pending' AND not_before <= $1 AND (claimed_until > clock_timestamp() OR address <> ALL ($2)))) AS next";
    let row = db.query_one_raw(statement(sql, [now.into(), hand.addresses.into()])).await?;
    row.map_or(Ok(None), |row| row.try_get("", "next"))
}

/// It is to be tried again at `not_before`.
pub(crate) async fn put_off(
    db: &impl ConnectionTrait,
    id: Uuid,
    not_before: DateTime<Utc>,
    detail: &str,
) -> Result<(), DbErr> {
    let sql = "UPDATE notification.deliveries SET not_before = $2, claimed_until = NULL, detail = $3 WHERE id = $1 AND status = 'pending'";
    db.execute_raw(statement(sql, [id.into(), not_before.into(), detail.into()])).await.map(|_| ())
}

/// It was not tried, and is to be looked at again at `not_before`.
pub(crate) async fn put_back(db: &impl ConnectionTrait, id: Uuid, not_before: DateTime<Utc>) -> Result<(), DbErr> {
    let sql = "UPDATE notification.deliveries SET not_before = $2, claimed_until = NULL, attempts = attempts - 1 \
        WHERE id = $1 AND status = 'pending'";
    db.execute_raw(statement(sql, [id.into(), not_before.into()])).await.map(|_| ())
}

/// Whatever waits for quiet hours to end is due: this user has others now. What was tried before keeps its pause, which is over after
/// `pause` at the latest.
pub(crate) async fn wake(
    db: &impl ConnectionTrait,
    user_id: &str,
    now: DateTime<Utc>,
    pause: TimeDelta,
) -> Result<(), DbErr> {
    let sql = "UPDATE notification.deliveries AS delivery SET not_before = $2 FROM notification.notifications AS told \
        WHERE told.id = delivery.notification_id AND told.user_id = $1 \
          AND delivery.status = 'pending' AND delivery.not_before > $2 AND (delivery.attempts = 0 OR delivery.not_before > $3)";
    db.execute_raw(statement(sql, [user_id.into(), now.into(), (now + pause).into()])).await.map(|_| ())
}

/// How a message ended.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    pub(crate) status: DeliveryStatus,
    pub(crate) detail: Option<String>,
    pub(crate) provider_id: Option<String>,
}

/// Stores how it ended; says whether nobody had before.
pub(crate) async fn end(
    db: &impl ConnectionTrait,
    id: Uuid,
    ending: &Ending,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let sql = "UPDATE notification.deliveries SET status = $2, detail = $3, provider_id = $4, ended_at = $5, claimed_until = NULL \
        WHERE id = $1 AND status = 'pending'";
    let Ending { status, detail, provider_id } = ending.clone();
    let values = [id.into(), status.as_str().into(), detail.into(), provider_id.into(), now.into()];
    Ok(db.execute_raw(statement(sql, values)).await?.rows_affected() == 1)
}

/// What became of the messages of reminders so far: of the version that each has now.
pub(crate) async fn results(
    db: &impl ConnectionTrait,
    reminders: &[Uuid],
) -> Result<Vec<(Uuid, ChannelResult)>, DbErr> {
    let sql = "SELECT told.reminder_id, told.user_id, delivery.channel, delivery.status, delivery.detail \
        FROM notification.reminders AS reminder \
        JOIN notification.notifications AS told ON told.reminder_id = reminder.id AND told.reminder_version = reminder.version \
        JOIN notification.deliveries AS delivery ON delivery.notification_id = told.id \
        WHERE reminder.id = ANY ($1) ORDER BY told.user_id, delivery.channel";
    let rows = db.query_all_raw(statement(sql, [reminders.to_vec().into()])).await?;
    rows.iter()
        .map(|row| {
            let (channel, status): (String, String) = (row.try_get("", "channel")?, row.try_get("", "status")?);
            let (user_id, detail) = (row.try_get("", "user_id")?, row.try_get("", "detail")?);
            let result = ChannelResult { user_id, channel: word(&channel)?, status: word(&status)?, detail };
            Ok((row.try_get("", "reminder_id")?, result))
        })
        .collect()
}
