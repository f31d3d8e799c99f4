//! What a token says, type-checked claim by claim (RFC 7519 §4.1), so that none is skipped for being of another type.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

use super::{AuthError, TrustedIssuer};

/// How far the issuer's clock may be ahead of ours (`iat`, `nbf`). There is no leeway for `exp`: everybody who looks at
/// [`Identity::expires_at`] agrees on the same instant.
const CLOCK_SKEW: TimeDelta = TimeDelta::seconds(60);

/// The longest user id, and the longest profile claim, in characters.
const MAX_LENGTH: usize = 255;

/// Whom a verified token names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Claim `user_id`, else `sub`: 1 to 255 characters, none of them a control character. Unique per issuer.
    pub user_id: String,
    /// Who said so: claim `iss`.
    pub issuer: String,
    /// Claim `email`.
    pub email: Option<String>,
    /// Claim `first_name`.
    pub first_name: Option<String>,
    /// Claim `last_name`.
    pub last_name: Option<String>,
    /// Claim `name`: the full name.
    pub name: Option<String>,
    /// Claim `timezone`, unchecked: meant to be an IANA name.
    pub timezone: Option<String>,
    /// Claim `exp`: from this instant on the token is refused.
    pub expires_at: DateTime<Utc>,
}

impl Identity {
    /// The identity that `claims` state at `now`, if `issuer` could have said so.
    ///
    /// A profile claim that cannot be used (not a string, empty, too long, with control characters) is left out: it is
    /// a hint, and says nothing about whether the token is genuine.
    ///
    /// # Errors
    /// [`AuthError::ClaimsInvalid`], [`AuthError::IssuerUnknown`], [`AuthError::AudienceWrong`] or
    /// [`AuthError::Expired`].
    pub(super) fn of(
        claims: &Map<String, Value>,
        issuer: &TrustedIssuer,
        now: DateTime<Utc>,
    ) -> Result<Self, AuthError> {
        if claimed_issuer(claims)? != issuer.issuer {
            return Err(AuthError::IssuerUnknown);
        }
        check_audience(claims, &issuer.audience)?;
        let expires_at = required_time(claims, "exp")?;
        let issued_at = required_time(claims, "iat")?;
        let not_before = time(claims, "nbf")?;
        let user_id = user_id(claims)?;
        if now >= expires_at {
            return Err(AuthError::Expired);
        }
        if issued_at > now + CLOCK_SKEW {
            return Err(invalid("iat", "lies in the future"));
        }
        if not_before.is_some_and(|time| time > now + CLOCK_SKEW) {
            return Err(invalid("nbf", "lies in the future"));
        }
        let profile =
            |claim| claims.get(claim).and_then(Value::as_str).filter(|text| is_plain(text)).map(str::to_owned);
        Ok(Self {
            user_id,
            issuer: issuer.issuer.clone(),
            email: profile("email"),
            first_name: profile("first_name"),
            last_name: profile("last_name"),
            name: profile("name"),
            timezone: profile("timezone"),
            expires_at,
        })
    }
}

/// The claim `iss`.
///
/// # Errors
/// [`AuthError::ClaimsInvalid`] when it is missing or not a string.
pub(super) fn claimed_issuer(claims: &Map<String, Value>) -> Result<&str, AuthError> {
    match claims.get("iss") {
        Some(Value::String(issuer)) => Ok(issuer),
        Some(_) => Err(invalid("iss", "must be a string")),
        None => Err(invalid("iss", "is missing")),
    }
}

/// `aud` is a string or an array of strings (RFC 7519 §4.1.3).
fn check_audience(claims: &Map<String, Value>, expected: &str) -> Result<(), AuthError> {
    let is_ours = match claims.get("aud") {
        None => return Err(invalid("aud", "is missing")),
        Some(Value::String(audience)) => audience == expected,
        Some(Value::Array(audiences)) if audiences.iter().all(Value::is_string) => {
            audiences.iter().any(|audience| audience == expected)
        }
        Some(_) => return Err(invalid("aud", "must be a string or an array of strings")),
    };
    if is_ours { Ok(()) } else { Err(AuthError::AudienceWrong) }
}

fn user_id(claims: &Map<String, Value>) -> Result<String, AuthError> {
    let claim = if claims.contains_key("user_id") { "user_id" } else { "sub" };
    match claims.get(claim) {
        Some(Value::String(id)) if is_plain(id) => Ok(id.clone()),
        Some(_) => Err(invalid(claim, "must be a string of 1 to 255 characters without control characters")),
        None => Err(invalid(claim, "is missing")),
    }
}

/// Whether it may be a user id or part of a profile: 1 to 255 characters, none of them a control character.
pub fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= MAX_LENGTH && !text.chars().any(char::is_control)
}

fn required_time(claims: &Map<String, Value>, claim: &'static str) -> Result<DateTime<Utc>, AuthError> {
    time(claims, claim)?.ok_or(invalid(claim, "is missing"))
}

/// A `NumericDate`: a JSON number of seconds since the Unix epoch, with or without a fraction (RFC 7519 §2).
fn time(claims: &Map<String, Value>, claim: &'static str) -> Result<Option<DateTime<Utc>>, AuthError> {
    let Some(value) = claims.get(claim) else {
        return Ok(None);
    };
    let seconds = value.as_f64().ok_or(invalid(claim, "must be a number of seconds"))?;
    let since_epoch = Duration::try_from_secs_f64(seconds).ok().and_then(|time| TimeDelta::from_std(time).ok());
    let time = since_epoch.and_then(|time| DateTime::UNIX_EPOCH.checked_add_signed(time));
    time.map(Some).ok_or(invalid(claim, "is not a time"))
}

fn invalid(claim: &'static str, what: &'static str) -> AuthError {
    AuthError::ClaimsInvalid { claim, what }
}
