//! Messages leave by their channels: tried again where that may help, and ended where not.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use platform::bell::AGAIN;
use platform::database::begin;
use sea_orm::DbErr;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use super::end_reminders;
use super::second_look::{Look, look};
use super::under_way::{Held, UnderWay};
use crate::app::App;
use crate::channels::SendError;
use crate::domain::route::DeliveryStatus;
use crate::store::deliveries::{self, Due, Ending};

/// Messages under way at a time.
const UNDER_WAY: usize = 16;
/// So much room there has to be before others are claimed, several together.
const ROOM: usize = UNDER_WAY / 4;

/// Attempts of a message at most. The pauses between them double from 2 s: 17 minutes in all.
const ATTEMPTS: u32 = 10;
/// The pause after the first attempt.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(2);
/// The longest that a provider may ask to wait.
pub(super) const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(1);

/// How long backend-api is left alone when it does not say whether a message may still leave.
const ASK_AGAIN: TimeDelta = TimeDelta::seconds(2);

/// How often it is tried to store what became of a message that has left, and how long after the first failure.
const RECORDINGS: u32 = 6;
const RECORD_AGAIN: Duration = Duration::from_millis(200);

/// Sends what is due, until `stop`; then what is under way may still end.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    // Each is a task of its own: one that holds a connection goes on while this one waits for a connection.
    let (mut sending, under_way) = (JoinSet::new(), UnderWay::default());
    let _renewing = AbortOnDropHandle::new(tokio::spawn(under_way.clone().renew(app.clone())));
    loop {
        let room = UNDER_WAY - sending.len();
        let mut next = None;
        if room >= ROOM && !stop.is_cancelled() {
            match claim(&app, room, &under_way).await {
                Ok((claimed, waits_until)) => {
                    for (held, due) in claimed {
                        let app = app.clone();
                        sending.spawn(async move {
                            deliver(&app, due).await;
                            drop(held);
                        });
                    }
                    next = waits_until;
                }
                Err(error) => {
                    tracing::warn!(%error, "messages wait for the database");
                    next = Some(app.clock.now() + AGAIN);
                }
            }
        }
        if sending.is_empty() && stop.is_cancelled() {
            return;
        }
        tokio::select! {
            Some(_) = sending.join_next() => {}
            () = app.bells.deliveries.wait(next, &app.clock, &stop), if !stop.is_cancelled() => {}
        }
    }
}

/// Messages that may leave now, at most as many as there is room for, and when the next one may.
async fn claim(
    app: &App,
    room: usize,
    under_way: &UnderWay,
) -> Result<(Vec<(Held, Due)>, Option<DateTime<Utc>>), DbErr> {
    let now = app.clock.now();
    let most = i64::try_from(room).unwrap_or(1);
    let claimed = deliveries::claim(&app.db, now, most, under_way.in_hand()).await?;
    let claimed: Vec<_> = claimed.into_iter().map(|due| (under_way.hold(&due), due)).collect();
    let next = if claimed.len() < room { deliveries::next(&app.db, now, under_way.in_hand()).await? } else { None };
    Ok((claimed, next))
}

async fn deliver(app: &App, due: Due) {
    let (id, channel) = (due.message.id, due.channel);
    let ending = match look(app, &due).await {
        Ok(Look::Send) => attempt(app, &due).await,
        Ok(Look::Wait(not_before)) => return stored(app, id, deliveries::put_back(&app.db, id, not_before).await),
        Ok(Look::Skip(why)) => {
            tracing::info!(%id, ?channel, why, "a message is not sent any more");
            Some(Ending { status: DeliveryStatus::Skipped, detail: Some(why.to_owned()), provider_id: None })
        }
        Err(error) => {
            tracing::warn!(%id, ?channel, %error, "nobody says whether a message that waited may leave; it is asked again");
            let not_before = app.clock.now() + ASK_AGAIN;
            return stored(app, id, deliveries::put_back(&app.db, id, not_before).await);
        }
    };
    if let Some(ending) = ending {
        record(app, &due, &ending).await;
    }
}

/// Hands it to its provider; says how it ended, unless it is to be tried again.
async fn attempt(app: &App, due: &Due) -> Option<Ending> {
    let (id, channel, attempt) = (due.message.id, due.channel, due.attempt);
    match app.channels.send(channel, &due.address, &due.message).await {
        Ok(receipt) => {
            app.counters.sent.inc();
            tracing::info!(%id, ?channel, attempt, "a message has left");
            Some(Ending { status: DeliveryStatus::Sent, detail: None, provider_id: receipt.provider_id })
        }
        Err(SendError::Transient { detail, retry_after }) if attempt < ATTEMPTS => {
            app.counters.retried.inc();
            let pause = pause(attempt, retry_after);
            tracing::warn!(%id, ?channel, attempt, detail, seconds = pause.num_seconds(), "a message could not leave; it is tried again");
            let not_before = app.clock.now() + pause;
            stored(app, id, deliveries::put_off(&app.db, id, not_before, &detail).await);
            None
        }
        Err(error) => {
            app.counters.failed.inc();
            tracing::warn!(%id, ?channel, attempt, %error, "a message cannot be sent");
            Some(Ending { status: DeliveryStatus::Failed, detail: Some(error.to_string()), provider_id: None })
        }
    }
}

/// The pause after an attempt: twice the one before, at least what the provider asks for.
fn pause(attempt: u32, retry_after: Option<Duration>) -> TimeDelta {
    let doubled = FIRST_PAUSE * 2_i32.saturating_pow(attempt.saturating_sub(1).min(10));
    let asked = retry_after.and_then(|asked| TimeDelta::from_std(asked).ok()).unwrap_or_default();
    doubled.max(asked.min(LONGEST_PAUSE))
}

/// When a message is due again was stored, or not: then it is when its claim ends.
fn stored(app: &App, id: Uuid, outcome: Result<(), DbErr>) {
    if let Err(error) = outcome {
        tracing::warn!(%id, %error, "when a message is tried again could not be stored: it is when its claim ends");
    }
    app.bells.deliveries.ring();
}

/// Stores what became of a message. What has left should not leave again, so this is not given up at the first failure of the database.
async fn record(app: &App, due: &Due, ending: &Ending) {
    let mut pause = RECORD_AGAIN;
    for recording in 1..=RECORDINGS {
        match record_once(app, due, ending).await {
            Ok(()) => return app.wake.ring(),
            Err(error) => {
                tracing::warn!(id = %due.message.id, recording, %error, "what became of a message could not be stored");
            }
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
}

async fn record_once(app: &App, due: &Due, ending: &Ending) -> Result<(), DbErr> {
    let transaction = begin(&app.db).await?;
    if !deliveries::end(&transaction, due.message.id, ending, app.clock.now()).await? {
        return transaction.rollback().await;
    }
    let reminder: Vec<_> = due.reminder_id.into_iter().collect();
    end_reminders::end_reminders(app, &transaction, &reminder).await?;
    transaction.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_heed_the_provider_within_reason() {
        let seconds = |attempt, asked: Option<u64>| pause(attempt, asked.map(Duration::from_secs)).num_seconds();
        assert_eq!([1, 2, 3, 9].map(|attempt| seconds(attempt, None)), [2, 4, 8, 512]);
        assert_eq!([seconds(1, Some(60)), seconds(9, Some(60)), seconds(1, Some(u64::MAX))], [60, 512, 2]);
        assert_eq!(seconds(1, Some(86_400)), 3_600);
    }
}
