//! `audit.dead_letter_replays`: appended to and read, nothing else.

use platform::database::statement;
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use crate::domain::replay::Replay;

const INSERT: &str = "INSERT INTO audit.dead_letter_replays (id, dead_letter_id, event_id, mended, replayed_at) \
    VALUES ($1, $2, $3, $4, $5)";

const NEWEST: &str = "SELECT id, dead_letter_id, event_id, mended, replayed_at FROM audit.dead_letter_replays \
    WHERE dead_letter_id = $1 ORDER BY id DESC LIMIT $2";

/// Adds `replay`.
pub(crate) async fn insert(db: &impl ConnectionTrait, replay: Replay) -> Result<(), DbErr> {
    let Replay { id, dead_letter_id, event_id, mended, replayed_at } = replay;
    let values = [id.into(), dead_letter_id.into(), event_id.into(), mended.into(), replayed_at.into()];
    db.execute_raw(statement(INSERT, values)).await.map(drop)
}

/// The newest replays of a letter, at most `limit`.
pub(crate) async fn newest(db: &impl ConnectionTrait, dead_letter_id: Uuid, limit: i64) -> Result<Vec<Replay>, DbErr> {
    let rows = db.query_all_raw(statement(NEWEST, [dead_letter_id.into(), limit.into()])).await?;
    let replays = rows.iter().map(|row| {
        Ok(Replay {
            id: row.try_get("", "id")?,
            dead_letter_id: row.try_get("", "dead_letter_id")?,
            event_id: row.try_get("", "event_id")?,
            mended: row.try_get("", "mended")?,
            replayed_at: row.try_get("", "replayed_at")?,
        })
    });
    replays.collect()
}
