//! Finds the user whom an address and a password name together.

use platform::problem::Problem;

use super::issue_token::not_proven;
use crate::domain::email::Email;
use crate::domain::password::NOBODYS_HASH;
use crate::password_hasher::PasswordHasher;
use crate::store::credentials;
use crate::store::users::{self, User};
use platform::database::Pool;

/// The user. A wrong password, an address without an account and a text that is no address get the same answer after the
/// same work.
///
/// # Errors
/// 401 `credentials_invalid`, 503 `busy`.
pub async fn verify_password(
    db: &Pool,
    hasher: &PasswordHasher,
    email: &str,
    password: String,
) -> Result<User, Problem> {
    let credentials = match Email::parse(email) {
        Ok(email) => credentials::find(db, &email.folded()).await?,
        Err(_) => None,
    };
    let (user_id, hash) = match credentials {
        Some(credentials) => (Some(credentials.user_id), credentials.password_hash),
        None => (None, NOBODYS_HASH.to_owned()),
    };
    let matches = hasher.matches(password, hash).await?;
    let Some(user_id) = user_id.filter(|_| matches) else {
        return Err(not_proven("credentials_invalid", "The e-mail address or the password is wrong."));
    };
    users::find(db, &user_id).await?.ok_or_else(|| Problem::internal(&"credentials without a user"))
}
