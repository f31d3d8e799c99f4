//! Calling the app for a tick.

use http::{StatusCode, header};
use reqwest::Method;

use super::claim::Claimed;
use super::tick::{Next, Outcome};
use crate::delivery::{reason, request};
use crate::sidecar::Sidecar;

/// Calls `POST /job/<name>` with the job's data. A success is done, and so is 404, as with daprd: an app that does not know the job
/// will not know it a second later.
pub(super) async fn call(sidecar: &Sidecar, claimed: &Claimed) -> Outcome {
    let (app, job) = (&claimed.claim.app, &claimed.claim.job);
    let body = claimed.data.clone().unwrap_or_else(|| b"null".to_vec());
    let request = request(sidecar, Method::POST, &format!("/job/{}", escape(job)))
        .header(header::CONTENT_TYPE, "application/json")
        .body(body);
    let answer = async {
        let response = request.send().await?;
        let status = response.status();
        // The whole answer belongs to the call: the app is not done before it has sent it.
        response.bytes().await.map(|_| status)
    };
    match answer.await {
        Ok(status) if status.is_success() => Outcome::Done,
        Ok(StatusCode::NOT_FOUND) => {
            // The first time and now and then: a job may tick a thousand times a second.
            if (claimed.tick.before + 1).unsigned_abs().is_power_of_two() {
                tracing::warn!(app, job, "the app does not know the job (404); the tick counts as done");
            }
            Outcome::Done
        }
        Ok(status) => Outcome::Failed(format!("the app answered {}", status.as_u16())),
        Err(error) if error.is_connect() => Outcome::Absent,
        Err(error) => Outcome::Failed(reason(&error)),
    }
}

/// Tells in the log what came of an attempt.
pub(super) fn report(claimed: &Claimed, outcome: &Outcome, next: &Next) {
    let (app, job, tick) = (&claimed.claim.app, &claimed.claim.job, &claimed.tick.at);
    match (outcome, next) {
        (Outcome::Failed(reason), Next::Again { attempts, .. }) if (*attempts).unsigned_abs().is_power_of_two() => {
            tracing::warn!(app, job, %tick, attempts, reason, "job failed; it is tried again");
        }
        (Outcome::Failed(reason), Next::End | Next::Tick(_)) => {
            let attempts = claimed.tick.attempts + 1;
            tracing::warn!(app, job, %tick, attempts, reason, "job failed for the last time; the tick is given up");
        }
        _ => tracing::debug!(app, job, %tick, ?outcome, ?next, "job called"),
    }
}

/// A name as one segment of a path (RFC 3986 §3.3).
fn escape(name: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(byte);
    let escaped = |byte: u8| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    let path: String = name.bytes().map(escaped).collect();
    // Segments of dots only are taken for steps along the path.
    if path.bytes().all(|byte| byte == b'.') { path.replace('.', "%2E") } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_segment() {
        assert_eq!(escape("purge-tasks_1:2.3"), "purge-tasks_1:2.3");
        assert_eq!(escape("a b%é"), "a%20b%25%C3%A9");
        assert_eq!(escape(".."), "%2E%2E");
    }
}
