//! Why a request is not believed, and how that is told (RFC 6750 §3, RFC 9457).

use axum::http::{HeaderValue, StatusCode, header};

use crate::problem::Problem;

/// The challenge when the request carries no token at all: it must not name an error (RFC 6750 §3.1).
const CHALLENGE: &str = r#"Bearer realm="tidings""#;

/// Why a token is not believed. Every text is ours: nothing of the token or of the issuer's answer is repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// There is no bearer token in the request.
    #[error("Send an access token in the Authorization header: Bearer <token>.")]
    Missing,
    /// It is not one compact JWS of JSON (RFC 7515 §7.1) that we can read; the text says why.
    #[error("The token cannot be read: {0}. Send the access token exactly as it was issued.")]
    Malformed(&'static str),
    /// Its `alg` is not one that its issuer may use.
    #[error("The token is not signed with an algorithm that its issuer may use. Get a token signed with EdDSA.")]
    AlgorithmRefused,
    /// Its `exp` has come.
    #[error("The token has expired. Get a new one and try again.")]
    Expired,
    /// Its signature was not made with the key that it names.
    #[error("The signature of the token is wrong. Get a new token from the issuer.")]
    SignatureInvalid,
    /// Its `iss` is not trusted here.
    #[error("The issuer of the token is not trusted here. Get a token from an issuer that this service trusts.")]
    IssuerUnknown,
    /// Its `aud` does not name this service.
    #[error("The token is meant for another audience. Get a token for this service.")]
    AudienceWrong,
    /// Its `kid` is not among the issuer's keys.
    #[error("The issuer does not publish the key that the token names. Get a new token from the issuer.")]
    KeyUnknown,
    /// A claim is missing, of the wrong type or not acceptable.
    #[error("The claim {claim} {what}. Get a new token from the issuer.")]
    ClaimsInvalid {
        /// The name of the claim.
        claim: &'static str,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The user of that id is another issuer's.
    #[error("The user of this id signs in elsewhere. Sign in where you did the first time.")]
    UserOfAnotherIssuer,
    /// The issuer's keys cannot be had, so that the token can be neither believed nor refused.
    #[error("The token cannot be checked right now: its issuer does not answer. Keep the token and try again.")]
    Unavailable {
        /// When the issuer is asked again, in seconds.
        retry_after: u32,
    },
}

impl AuthError {
    /// The stable name of the refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => "token_missing",
            Self::Malformed(_) => "token_malformed",
            Self::AlgorithmRefused => "token_algorithm_refused",
            Self::Expired => "token_expired",
            Self::SignatureInvalid => "token_signature_invalid",
            Self::IssuerUnknown => "token_issuer_unknown",
            Self::AudienceWrong => "token_audience_wrong",
            Self::KeyUnknown => "token_key_unknown",
            Self::ClaimsInvalid { .. } => "token_claims_invalid",
            Self::UserOfAnotherIssuer => "user_of_another_issuer",
            Self::Unavailable { .. } => "identity_unavailable",
        }
    }

    fn challenge(&self) -> HeaderValue {
        if *self == Self::Missing {
            return HeaderValue::from_static(CHALLENGE);
        }
        let text = format!(r#"{CHALLENGE}, error="invalid_token", error_description="{self}""#);
        HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(CHALLENGE))
    }
}

impl From<AuthError> for Problem {
    /// 401 with a challenge, or 503 with `Retry-After`. The cause of a 503 is logged where the keys are fetched.
    fn from(error: AuthError) -> Self {
        if let AuthError::Unavailable { retry_after } = error {
            return Self::new(StatusCode::SERVICE_UNAVAILABLE, error.code(), "Temporarily unavailable")
                .detail(error.to_string())
                .header(header::RETRY_AFTER, HeaderValue::from(retry_after));
        }
        Self::new(StatusCode::UNAUTHORIZED, error.code(), "Authentication required")
            .detail(error.to_string())
            .header(header::WWW_AUTHENTICATE, error.challenge())
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;

    use super::*;

    #[test]
    fn a_missing_token_is_challenged_without_an_error() {
        let response = Problem::from(AuthError::Missing).into_response();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(response.headers()[header::WWW_AUTHENTICATE], CHALLENGE);
    }

    #[test]
    fn a_bad_token_is_challenged_with_what_to_do() {
        let claim = AuthError::ClaimsInvalid { claim: "exp", what: "must be a number" };
        for error in [AuthError::Malformed("it is not three parts"), AuthError::Expired, claim] {
            let response = Problem::from(error.clone()).into_response();
            let expected = format!(r#"Bearer realm="tidings", error="invalid_token", error_description="{error}""#);
            assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
            assert_eq!(response.headers()[header::WWW_AUTHENTICATE], expected);
        }
    }

    #[test]
    fn keys_out_of_reach_are_503_with_retry_after() {
        let response = Problem::from(AuthError::Unavailable { retry_after: 17 }).into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[header::RETRY_AFTER], "17");
        assert!(!response.headers().contains_key(header::WWW_AUTHENTICATE));
    }
}
