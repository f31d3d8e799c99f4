//! The `Authorization` header (RFC 6750 §2.1).

use axum::http::{HeaderMap, header};

use super::AuthError;

/// The token of the request's one `Authorization: Bearer <token>` header; the scheme's case does not matter (RFC 9110
/// §11.1).
///
/// # Errors
/// [`AuthError::Missing`] without such a header or with another scheme, [`AuthError::Malformed`] when there are several
/// headers or there is not exactly one token.
pub fn bearer(headers: &HeaderMap) -> Result<&str, AuthError> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().ok_or(AuthError::Missing)?;
    if values.next().is_some() {
        return Err(AuthError::Malformed("there is more than one Authorization header"));
    }
    let value = value.to_str().map_err(|_| AuthError::Malformed("the header is not ASCII"))?;
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(AuthError::Missing);
    }
    match token.trim_matches(' ') {
        "" => Err(AuthError::Malformed("there is no token after Bearer")),
        token if token.contains([' ', '\t', ',']) => {
            Err(AuthError::Malformed("there is more than a token after Bearer"))
        }
        token => Ok(token),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn code(values: &[&'static str]) -> Result<String, &'static str> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, HeaderValue::from_static(value));
        }
        bearer(&headers).map(str::to_owned).map_err(|error| error.code())
    }

    #[test]
    fn the_scheme_is_case_insensitive() {
        for value in ["Bearer a.b.c", "bearer a.b.c", "BEARER   a.b.c"] {
            assert_eq!(code(&[value]), Ok("a.b.c".to_owned()));
        }
    }

    #[test]
    fn without_a_bearer_token_it_is_missing() {
        for values in [&[][..], &["Basic YTpi"], &["a.b.c"], &["Bearera.b.c"]] {
            assert_eq!(code(values), Err("token_missing"), "{values:?}");
        }
    }

    #[test]
    fn two_headers_or_two_tokens_are_malformed() {
        for values in
            [&["Bearer a.b.c", "Bearer a.b.c"][..], &["Bearer"], &["Bearer "], &["Bearer a b"], &["Bearer a, b"]]
        {
            assert_eq!(code(values), Err("token_malformed"), "{values:?}");
        }
    }
}
