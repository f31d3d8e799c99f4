//! What providers answer by HTTP.

use std::error::Error as _;
use std::time::Duration;

use chrono::DateTime;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use reqwest::{RequestBuilder, StatusCode};
use serde_json::Value;

use super::SendError;
use super::text::one_line;

/// The longest that is waited because a provider says so.
const MAX_RETRY_AFTER: Duration = Duration::from_hours(24);

/// What a provider answered that took a message.
pub(super) struct Taken {
    pub(super) headers: HeaderMap,
    /// Null where it is not JSON.
    pub(super) body: Value,
}

/// Sends `request` to `provider` and reads its answer; `explain` finds the provider's own words in a refusal.
///
/// # Errors
/// Transient: 408, 429, 5xx, and no answer at all. Permanent: every other refusal.
pub(super) async fn exchange(
    provider: &str,
    request: RequestBuilder,
    explain: impl FnOnce(&Value) -> Option<String>,
) -> Result<Taken, SendError> {
    let response = request.send().await.map_err(|error| unanswered(provider, &error))?;
    let (status, headers) = (response.status(), response.headers().clone());
    // Of a message that was taken nothing else must be known, so that it is not sent again.
    let body = response.bytes().await.unwrap_or_default();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    if status.is_success() {
        return Ok(Taken { headers, body });
    }
    let said = explain(&body).map(|said| format!(": {}", one_line(&said))).unwrap_or_default();
    let detail = format!("{provider} answered {}{said}", status.as_u16());
    let may_pass =
        status.is_server_error() || [StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT].contains(&status);
    Err(if may_pass {
        SendError::Transient { detail, retry_after: retry_after(&headers) }
    } else {
        SendError::Permanent { detail }
    })
}

fn unanswered(provider: &str, error: &reqwest::Error) -> SendError {
    if error.is_builder() {
        return SendError::permanent(format!("the request to {provider} cannot be written"));
    }
    let what = match (error.is_timeout(), error.is_connect()) {
        (true, _) => "did not answer in time",
        (_, true) => "cannot be reached",
        _ => "did not answer",
    };
    // The innermost cause has the words of the machine; the outer ones have the address.
    let mut cause = error.source();
    while let Some(inner) = cause.and_then(|cause| cause.source()) {
        cause = Some(inner);
    }
    let cause = cause.map(|cause| format!(": {}", one_line(&cause.to_string()))).unwrap_or_default();
    SendError::transient(format!("{provider} {what}{cause}"))
}

/// In seconds, or until a moment by the provider's own clock (RFC 9110 §10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let moment = |text| DateTime::parse_from_rfc2822(text).ok();
    let wanted = text(RETRY_AFTER)?;
    let wait = match wanted.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => (moment(wanted)? - moment(text(DATE)?)?).to_std().unwrap_or_default(),
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_says_how_long_to_wait() {
        let date = "Sat, 31 Jan 2026 09:00:00 GMT";
        for (wanted, wait) in [
            ("30", Some(30)),
            ("0", Some(0)),
            ("Sat, 31 Jan 2026 09:01:30 GMT", Some(90)),
            ("Sat, 31 Jan 2026 08:59:00 GMT", Some(0)),
            ("18446744073709551615", Some(86_400)),
            ("-1", None),
            ("soon", None),
        ] {
            let headers = [(RETRY_AFTER, wanted), (DATE, date)].map(|(name, value)| (name, value.parse().unwrap()));
            assert_eq!(retry_after(&headers.into_iter().collect()), wait.map(Duration::from_secs), "{wanted}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
