//! Makes a user the first time they are seen, with their personal workspace.

use events::{EventDraft, EventType, Source, UserData};
use platform::auth::Identity;
use platform::problem::Problem;
use platform::trace::TraceContext;

use crate::domain::timezone::TimeZone;
use crate::store::change::{Change, Changes};
use crate::store::isolation::Acting;
use crate::store::users::{self, KnownUser, User};

/// The user whom `identity` names, as `issuer` vouches; made from its claims, with `user.created`, when this is their first
/// sight. The issuer of a user who is there already may be another one.
///
/// # Errors
/// When the database is away.
pub async fn provision_user(
    changes: &Changes,
    identity: &Identity,
    issuer: &str,
    trace: Option<TraceContext>,
) -> Result<KnownUser, Problem> {
    if let Some(user) = users::find_known(&changes.db, &identity.user_id).await? {
        return Ok(user);
    }
    let mut change = changes.begin(Acting::System, trace).await?;
    let (first_name, last_name) = names(identity);
    let timezone = identity.timezone.as_deref().and_then(|name| TimeZone::parse(name).ok());
    let newcomer = User {
        id: identity.user_id.clone(),
        email: identity.email.clone(),
        first_name,
        last_name,
        timezone: timezone.unwrap_or(TimeZone::UTC).name().to_owned(),
        workspace_id: change.clock().new_id(),
    };
    let made = add_user(&mut change, &newcomer, issuer).await?;
    change.commit().await?;
    if made {
        let User { workspace_id, timezone, .. } = newcomer;
        return Ok(KnownUser { issuer: issuer.to_owned(), workspace_id, timezone });
    }
    // Somebody else was first in between.
    users::find_known(&changes.db, &identity.user_id).await?.ok_or_else(|| Problem::internal(&"a user vanished"))
}

/// Stores a new user of `issuer` and tells `user.created`; false when the user is there already.
///
/// # Errors
/// When the database refuses.
pub async fn add_user(change: &mut Change, user: &User, issuer: &str) -> Result<bool, Problem> {
    let made = users::insert(change.transaction(), user, issuer, change.clock().now()).await?;
    if made {
        change.emit(EventDraft::user(EventType::UserCreated, event_data(user), Source::RestApi));
    }
    Ok(made)
}

/// The user as events carry them.
pub fn event_data(user: &User) -> UserData {
    UserData {
        id: user.id.clone(),
        email: user.email.clone(),
        first_name: user.first_name.clone(),
        last_name: user.last_name.clone(),
        timezone: user.timezone.clone(),
        workspace_id: user.workspace_id,
        previous_timezone: None,
    }
}

/// Some issuers give the names apart, others (Better Auth) as one.
fn names(identity: &Identity) -> (String, String) {
    if identity.first_name.is_some() || identity.last_name.is_some() {
        return (identity.first_name.clone().unwrap_or_default(), identity.last_name.clone().unwrap_or_default());
    }
    let name = identity.name.as_deref().unwrap_or_default().trim();
    let (first, last) = name.split_once(' ').unwrap_or((name, ""));
    (first.to_owned(), last.trim().to_owned())
}
