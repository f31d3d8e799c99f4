//! A compact JWS (RFC 7515 §7.1) taken apart; nothing in it is believed yet.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde_json::{Map, Value};

use super::AuthError;

/// The longest token that is looked at, in bytes.
const MAX_LENGTH: usize = 8 * 1024;

/// The longest key id that is looked for, in bytes.
const MAX_KEY_ID_LENGTH: usize = 255;

/// A token that could be read and whose algorithm could be acceptable.
#[derive(Debug)]
pub(super) struct UnverifiedToken<'a> {
    /// The algorithm that its header names; never `none` and never a symmetric one.
    pub(super) algorithm: Algorithm,
    /// The key that its header names.
    pub(super) key_id: String,
    /// What its payload claims.
    pub(super) claims: Map<String, Value>,
    /// What was signed: the first two parts with their dot.
    pub(super) signed: &'a str,
    /// The third part, still in base64url.
    pub(super) signature: &'a str,
}

impl<'a> UnverifiedToken<'a> {
    /// Reads the header and the payload.
    ///
    /// # Errors
    /// [`AuthError::Malformed`], or [`AuthError::AlgorithmRefused`] for `none`, HMAC and what we do not know.
    pub(super) fn read(token: &'a str) -> Result<Self, AuthError> {
        let three_parts = AuthError::Malformed("it is not three parts with dots between them");
        let (signed, signature) = token.rsplit_once('.').ok_or(three_parts.clone())?;
        let (header, payload) = signed.split_once('.').ok_or(three_parts.clone())?;
        if payload.contains('.') {
            return Err(three_parts);
        }
        let header = object(header).ok_or(AuthError::Malformed("its header is not JSON in base64url"))?;
        let claims = object(payload).ok_or(AuthError::Malformed("its payload is not JSON in base64url"))?;
        let algorithm = algorithm(&header)?;
        check_header(&header)?;
        Ok(Self { algorithm, key_id: key_id(&header)?, claims, signed, signature })
    }
}

/// Refuses a token of more than 8 KiB, before any work is put into it.
///
/// # Errors
/// [`AuthError::Malformed`].
pub(super) fn check_length(token: &str) -> Result<(), AuthError> {
    if token.len() > MAX_LENGTH { Err(AuthError::Malformed("it is longer than 8 KiB")) } else { Ok(()) }
}

fn object(part: &str) -> Option<Map<String, Value>> {
    let json = URL_SAFE_NO_PAD.decode(part).ok()?;
    serde_json::from_slice(&json).ok()
}

fn algorithm(header: &Map<String, Value>) -> Result<Algorithm, AuthError> {
    let Some(Value::String(name)) = header.get("alg") else {
        return Err(AuthError::Malformed("its header has no alg"));
    };
    let algorithm: Algorithm = name.parse().map_err(|_| AuthError::AlgorithmRefused)?;
    if is_symmetric(algorithm) {
        return Err(AuthError::AlgorithmRefused);
    }
    Ok(algorithm)
}

/// Whether it is an HMAC, whose key would be a published one.
pub(super) fn is_symmetric(algorithm: Algorithm) -> bool {
    matches!(algorithm, Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512)
}

/// No extension is understood, so that `crit` is refused (RFC 7515 §4.1.11); `typ` is optional and names a JWT (RFC 7519
/// §5.1) or an access token (RFC 9068 §2.1).
fn check_header(header: &Map<String, Value>) -> Result<(), AuthError> {
    if header.contains_key("crit") {
        return Err(AuthError::Malformed("its header has critical extensions"));
    }
    let is_token = |kind: &str| {
        let kind = kind.to_ascii_lowercase();
        matches!(kind.strip_prefix("application/").unwrap_or(&kind), "jwt" | "at+jwt")
    };
    match header.get("typ") {
        None => Ok(()),
        Some(Value::String(kind)) if is_token(kind) => Ok(()),
        Some(_) => Err(AuthError::Malformed("its typ is not JWT")),
    }
}

/// The key id is required: without it a key that was replaced could not be told from a forged signature.
fn key_id(header: &Map<String, Value>) -> Result<String, AuthError> {
    match header.get("kid") {
        Some(Value::String(id)) if !id.is_empty() && id.len() <= MAX_KEY_ID_LENGTH => Ok(id.clone()),
        _ => Err(AuthError::Malformed("its header has no kid of 1 to 255 characters")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn token(header: &Value) -> String {
        format!("{}.{}.c2ln", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode("{}"))
    }

    fn code(token: &str) -> &'static str {
        UnverifiedToken::read(token).map_or_else(|error| error.code(), |_| "read")
    }

    #[test]
    fn the_header_of_better_auth_is_read() {
        let token = token(&json!({"alg": "EdDSA", "kid": "k1"}));
        let read = UnverifiedToken::read(&token).unwrap();
        assert_eq!((read.algorithm, read.key_id.as_str()), (Algorithm::EdDSA, "k1"));
        assert_eq!(format!("{}.{}", read.signed, read.signature), token);
    }

    #[test]
    fn the_type_may_be_named_in_any_case() {
        for kind in ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt"] {
            assert_eq!(code(&token(&json!({"alg": "EdDSA", "kid": "k", "typ": kind}))), "read", "{kind}");
        }
    }

    #[test]
    fn no_key_means_no_unsigned_and_no_symmetric_token() {
        for algorithm in ["none", "None", "", "HS256", "HS384", "HS512", "ES512"] {
            let token = token(&json!({"alg": algorithm, "kid": "k"}));
            assert_eq!(code(&token), "token_algorithm_refused", "{algorithm}");
        }
    }

    #[test]
    fn an_unreadable_token_is_malformed() {
        let headers = [
            json!([]),
            json!({}),
            json!({"alg": 1, "kid": "k"}),
            json!({"alg": "EdDSA"}),
            json!({"alg": "EdDSA", "kid": 7}),
            json!({"alg": "EdDSA", "kid": ""}),
            json!({"alg": "EdDSA", "kid": "k".repeat(256)}),
            json!({"alg": "EdDSA", "kid": "k", "crit": ["exp"]}),
            json!({"alg": "EdDSA", "kid": "k", "crit": null}),
            json!({"alg": "EdDSA", "kid": "k", "typ": "JOSE"}),
            json!({"alg": "EdDSA", "kid": "k", "typ": null}),
        ];
        for header in headers {
            assert_eq!(code(&token(&header)), "token_malformed", "{header}");
        }
        for text in ["", "a", "a.b", "..", "a.b.c", "e30.e30.e30.e30", "e30=.e30.", "\u{e9}.b.c"] {
            assert_eq!(code(text), "token_malformed", "{text}");
        }
    }
}
