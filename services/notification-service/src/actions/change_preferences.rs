//! A user chooses otherwise.

use chrono_tz::Tz;
use platform::database::begin;
use platform::problem::{FieldError, Problem};
use serde_json::{Map, Value};

use super::find_audience;
use crate::app::App;
use crate::domain::person::Person;
use crate::domain::preferences::Preferences;
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
    let wants_digest = changes.get("digest").is_some_and(|digest| !digest.is_null());
    let profile =
        if wants_digest || changes.contains_key("timezone") { Some(profile_zone(app, user_id).await?) } else { None };
    let transaction = begin(&app.db).await?;
    let held = preferences::lock(&transaction, user_id).await?;
    let chosen = held.patched(changes).map_err(|mistakes| {
        let told = mistakes.into_iter().map(|mistake| FieldError::new(mistake.pointer, mistake.code, mistake.detail));
        Problem::validation(told.collect())
    })?;
    let now = app.clock.now();
    let next_digest = match profile {
        Some(zone) => NextDigest::Is(chosen.next_digest(now, chosen.zone(zone))),
        None if chosen.digest.is_none() => NextDigest::Is(None),
        None => NextDigest::Unchanged,
    };
    preferences::save(&transaction, user_id, &chosen, next_digest, now).await?;
    transaction.commit().await?;
    Ok(chosen)
}

async fn profile_zone(app: &App, user_id: &str) -> Result<Tz, Problem> {
    let people = find_audience::people(app, &[user_id.to_owned()]).await?;
    Ok(people.first().map_or(Tz::UTC, Person::zone))
}
