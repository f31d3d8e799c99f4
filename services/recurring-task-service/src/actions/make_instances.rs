//! Instances are made, withdrawn and put away, many at a time.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use platform::bell::AGAIN;
use sea_orm::DbErr;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::ask_backend::work;
use crate::app::App;
use crate::store::claims::{self, Claim};

/// Instances under way at a time.
const UNDER_WAY: usize = 16;

/// How long everything is left alone when backend-api did not answer.
const REST: Duration = Duration::from_millis(500);

/// The pause before an instance is tried again, which doubles, and the longest.
const FIRST_PAUSE: TimeDelta = TimeDelta::milliseconds(500);
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(1);
/// The longest pause when nobody answered: whoever is back is asked soon.
const LONGEST_ABSENCE: TimeDelta = TimeDelta::seconds(2);

/// Does what is to be done, until `stop`; then what is under way may still end.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    // Each is a task of its own: one that holds a connection goes on while this one waits for a connection.
    let mut under_way: JoinSet<bool> = JoinSet::new();
    let mut rests_until = Instant::now();
    loop {
        let room = UNDER_WAY - under_way.len();
        let rests = rests_until > Instant::now();
        let mut next = None;
        if room >= UNDER_WAY / 2 && !rests && !stop.is_cancelled() {
            next = begin_some(&app, &mut under_way, room).await;
        }
        if under_way.is_empty() && stop.is_cancelled() {
            return;
        }
        tokio::select! {
            Some(answered) = under_way.join_next() => {
                if !answered.unwrap_or(true) {
                    rests_until = Instant::now() + REST;
                }
            }
            () = tokio::time::sleep_until(rests_until), if rests && !stop.is_cancelled() => {}
            () = app.bells.instances.wait(next, &app.clock, &stop), if !rests && !stop.is_cancelled() => {}
        }
    }
}

/// Begins with what is to be done now, as far as there is room; says when there is more.
async fn begin_some(app: &App, under_way: &mut JoinSet<bool>, room: usize) -> Option<DateTime<Utc>> {
    match claim(app, room).await {
        Ok((claimed, next)) => {
            for claim in claimed {
                let app = app.clone();
                under_way.spawn(async move { attend(&app, claim).await });
            }
            next
        }
        Err(error) => {
            tracing::warn!(%error, "instances wait for the database");
            Some(app.clock.now() + AGAIN)
        }
    }
}

/// Instances that something is to be done with now, at most as many as there is room for, and when the next one is due.
async fn claim(app: &App, room: usize) -> Result<(Vec<Claim>, Option<DateTime<Utc>>), DbErr> {
    let claimed = claims::claim(&app.db, app.clock.now(), i64::try_from(room).unwrap_or(1)).await?;
    let next = if claimed.len() < room { claims::next(&app.db).await? } else { None };
    Ok((claimed, next))
}

/// Does what is to be done with one; says whether backend-api is there.
async fn attend(app: &App, claim: Claim) -> bool {
    let (task_id, series_id, attempt) =
        (claim.occurrence.task_id, claim.occurrence.series_id, claim.occurrence.attempts);
    let Err(failure) = work(app, &claim).await else { return true };
    let is_absent = failure.is_absence();
    app.counters.retried.inc();
    if attempt.unsigned_abs().is_power_of_two() {
        tracing::warn!(%task_id, %series_id, attempt, %failure, "an instance has to wait; it is tried again");
    }
    let until = app.clock.now() + pause(attempt, is_absent);
    if let Err(error) = claims::put_off(&app.db, &claim, until).await {
        tracing::warn!(%task_id, %error, "when an instance is tried again could not be stored: it is when its claim ends");
    }
    app.bells.instances.ring();
    !is_absent
}

fn pause(attempt: i32, is_absent: bool) -> TimeDelta {
    let doubled = FIRST_PAUSE * 2_i32.saturating_pow(attempt.saturating_sub(1).clamp(0, 10).unsigned_abs());
    doubled.min(if is_absent { LONGEST_ABSENCE } else { LONGEST_PAUSE })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_whoever_is_back_is_asked_soon() {
        assert_eq!([1, 2, 3, 99].map(|attempt| pause(attempt, true).num_milliseconds()), [500, 1_000, 2_000, 2_000]);
        assert_eq!([1, 2, 99].map(|attempt| pause(attempt, false).num_milliseconds()), [500, 1_000, 60_000]);
    }
}
