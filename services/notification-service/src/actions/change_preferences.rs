//! A user chooses otherwise.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use platform::database::begin;
use platform::problem::{FieldError, Problem};
use serde_json::{Map, Value};

use super::deliver::LONGEST_PAUSE;
use super::find_audience;
use crate::app::App;
use crate::domain::person::Person;
use crate::domain::preferences::Preferences;
use crate::store::deliveries;
use crate::store::preferences::{self, NextDigest};

/// Applies a merge patch to what the user chose; returns what is chosen now.
///
/// # Errors
/// 422 for each member that cannot be; 503 while the database is away, or backend-api when it has to say where the user's clock is.
pub(crate) async fn change_preferences(
    app: &App,
    user_id: &str,
    changes: &Map<String, Value>,
) -> Result<Preferences, Problem> {
    let mut profile = None;
    loop {
        let (transaction, now) = (begin(&app.db).await?, app.clock.now());
        let held = preferences::lock(&transaction, user_id, now).await?;
        let quiet = (held.quiet_hours, held.timezone);
        let chosen = held.patched(changes).map_err(|mistakes| {
            let told =
                mistakes.into_iter().map(|mistake| FieldError::new(mistake.pointer, mistake.code, mistake.detail));
            Problem::validation(told.collect())
        })?;
        let Some(next_digest) = next_digest(&chosen, changes, profile, now) else {
            // Nothing is held while somebody else is asked.
            transaction.rollback().await?;
            profile = Some(profile_zone(app, user_id).await?);
            continue;
        };
        preferences::save(&transaction, user_id, &chosen, next_digest, now).await?;
        if (chosen.quiet_hours, chosen.timezone) != quiet {
            // Each is looked at again before it leaves, and waits on where it is quiet still.
            deliveries::wake(&transaction, user_id, now, LONGEST_PAUSE).await?;
        }
        transaction.commit().await?;
        app.bells.deliveries.ring();
        return Ok(chosen);
    }
}

/// When the next digest is due after these changes; nothing when the profile has to say first where the clock is.
fn next_digest(
    chosen: &Preferences,
    changes: &Map<String, Value>,
    profile: Option<Tz>,
    now: DateTime<Utc>,
) -> Option<NextDigest> {
    if chosen.digest.is_none() {
        return Some(NextDigest::Is(None));
    }
    if !["digest", "timezone"].iter().any(|name| changes.contains_key(*name)) {
        return Some(NextDigest::Unchanged);
    }
    let zone = chosen.timezone.or(profile)?;
    Some(NextDigest::Is(chosen.next_digest(now, zone)))
}

async fn profile_zone(app: &App, user_id: &str) -> Result<Tz, Problem> {
    let people = find_audience::people(app, &[user_id.to_owned()]).await?;
    Ok(people.first().map_or(Tz::UTC, Person::zone))
}
