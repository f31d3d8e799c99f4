//! Bodies of requests to the built-in issuer. They hold passwords and tokens, so none of them can be printed.

use platform::problem::{FieldError, Problem};
use serde::Deserialize;
use utoipa::ToSchema;

use super::task_input::Check;
use crate::actions::register_user::Newcomer;
use crate::domain::email::Email;
use crate::domain::name::Name;
use crate::domain::password::Password;
use crate::domain::timezone::TimeZone;

/// A new user.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "ada@example.com", "password": "correct horse", "first_name": "Ada", "last_name": "Lovelace"}))]
pub struct Register {
    /// Compared without regard to case.
    #[schema(
        min_length = 3,
        max_length = 254,
        example = "ada@example.com",
        pattern = r#"^\s*[^\s\x00-\x1f\x7f-\x9f()<>\[\]:;@\\,".]+(\.[^\s\x00-\x1f\x7f-\x9f()<>\[\]:;@\\,".]+)*@[^\s\x00-\x1f\x7f-\x9f()<>\[\]:;@\\,".]+(\.[^\s\x00-\x1f\x7f-\x9f()<>\[\]:;@\\,".]+)*\s*$"#
    )]
    email: String,
    #[schema(min_length = 8, max_length = 128, pattern = r"^[^\x00]*$", format = Password, write_only)]
    password: String,
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$",
        example = "Ada"
    )]
    first_name: String,
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$",
        example = "Lovelace"
    )]
    last_name: String,
    /// An IANA name; UTC unless given.
    #[schema(example = "Europe/London")]
    timezone: Option<String>,
}

impl Register {
    /// Who wants to be a user, and their password.
    ///
    /// # Errors
    /// 422 with every broken rule.
    pub fn validate(self) -> Result<(Newcomer, Password), Problem> {
        let mut check = Check::default();
        let email = check.field("/email", Email::parse(&self.email));
        let password = check.field("/password", Password::parse(self.password));
        let first_name = check.field("/first_name", Name::parse(&self.first_name));
        let last_name = check.field("/last_name", Name::parse(&self.last_name));
        let timezone = check.optional("/timezone", self.timezone.as_deref(), TimeZone::parse);
        check.finish()?;
        let (Some(email), Some(password), Some(first_name), Some(last_name)) = (email, password, first_name, last_name)
        else {
            return Err(Problem::internal(&"a broken rule was not told"));
        };
        Ok((Newcomer { email, first_name, last_name, timezone: timezone.unwrap_or(TimeZone::UTC) }, password))
    }
}

/// A proof in one of two forms: `email` and `password`, or `refresh_token`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "ada@example.com", "password": "correct horse"}))]
pub struct TokenRequest {
    #[schema(nullable = false, example = "ada@example.com")]
    email: Option<String>,
    #[schema(nullable = false, format = Password, write_only)]
    password: Option<String>,
    /// As it came with the last access token; good for one use.
    #[schema(nullable = false)]
    refresh_token: Option<String>,
}

/// What somebody proves who they are with.
pub enum Proof {
    /// What they registered with.
    Password {
        /// The address.
        email: String,
        /// The password.
        password: String,
    },
    /// What they got before.
    RefreshToken(String),
}

impl Proof {
    /// Whose keys an `Idempotency-Key` is one of: the folded address, or the refresh token.
    pub fn subject(&self) -> String {
        match self {
            Self::Password { email, .. } => Email::parse(email).map_or_else(|_| email.clone(), |email| email.folded()),
            Self::RefreshToken(token) => token.clone(),
        }
    }
}

impl TokenRequest {
    /// The proof.
    ///
    /// # Errors
    /// 422 unless it has exactly one form. What is in it is not looked at: a password that breaks the rules is a wrong one.
    pub fn validate(self) -> Result<Proof, Problem> {
        match (self.email, self.password, self.refresh_token) {
            (Some(email), Some(password), None) => Ok(Proof::Password { email, password }),
            (None, None, Some(token)) => Ok(Proof::RefreshToken(token)),
            _ => {
                let detail = "Give either email and password, or refresh_token.";
                Err(Problem::validation(vec![FieldError::new("", "proof_form", detail)]))
            }
        }
    }
}
