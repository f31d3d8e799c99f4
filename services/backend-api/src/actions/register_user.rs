//! Makes a user of the built-in issuer.

use platform::problem::Problem;

use super::issue_token::{Grant, issue_token};
use super::provision_user::add_user;
use crate::domain::email::Email;
use crate::domain::name::Name;
use crate::domain::timezone::TimeZone;
use crate::store::change::Change;
use crate::store::credentials::{self, Credentials};
use crate::store::users::{BUILT_IN_ISSUER, User};

/// Somebody who wants to be a user.
#[derive(Clone, Debug)]
pub struct Newcomer {
    /// Where they can be reached, and what they sign in with.
    pub email: Email,
    /// The given name.
    pub first_name: Name,
    /// The family name.
    pub last_name: Name,
    /// The time zone.
    pub timezone: TimeZone,
}

/// Stores the user with their personal workspace and credentials, tells `user.created`, and grants the first credentials.
///
/// # Errors
/// 409 `email_taken`.
pub async fn register_user(change: &mut Change, newcomer: Newcomer, password_hash: String) -> Result<Grant, Problem> {
    let clock = change.clock();
    let user = User {
        id: clock.new_id().to_string(),
        email: Some(newcomer.email.as_str().to_owned()),
        first_name: newcomer.first_name.into_string(),
        last_name: newcomer.last_name.into_string(),
        timezone: newcomer.timezone.name().to_owned(),
        workspace_id: clock.new_id(),
    };
    if !add_user(change, &user, BUILT_IN_ISSUER).await? {
        return Err(Problem::internal(&"a new id was taken"));
    }
    let credentials = Credentials { user_id: user.id.clone(), password_hash };
    let now = change.clock().now();
    if !credentials::insert(change.transaction(), &newcomer.email.folded(), credentials, now).await? {
        let detail = "Somebody has registered this e-mail address already. Sign in, or use another one.";
        return Err(Problem::conflict("email_taken", detail));
    }
    Ok(issue_token(change, user).await?)
}
