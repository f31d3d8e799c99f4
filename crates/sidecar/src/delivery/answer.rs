//! What an app's answer to a delivery means.

use http::StatusCode;
use serde::Deserialize;

/// What becomes of a delivered message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It is dealt with.
    Done,
    /// It is not wanted: to the dead-letter topic, if there is one.
    Drop(&'static str),
    /// It comes again, if the status is one that is worth it; words are always.
    Retry(String, Option<StatusCode>),
}

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    status: String,
}

impl Answer {
    /// Reads an answer. 404 drops, any other status outside 2xx retries; inside 2xx the body may say otherwise.
    pub(crate) fn read(status: StatusCode, body: &[u8]) -> Self {
        if status == StatusCode::NOT_FOUND {
            return Self::Drop("the app answered 404");
        }
        if !status.is_success() {
            return Self::Retry(format!("the app answered {}", status.as_u16()), Some(status));
        }
        // A body that is no such object says nothing.
        let said = serde_json::from_slice::<Body>(body).map(|body| body.status).unwrap_or_default();
        match said.as_str() {
            "" | "SUCCESS" => Self::Done,
            "DROP" => Self::Drop("the app answered DROP"),
            "RETRY" => Self::Retry("the app answered RETRY".to_owned(), None),
            other => Self::Retry(format!("the app answered an unknown status, {other:?}"), None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> &'static str {
        match Answer::read(StatusCode::from_u16(status).unwrap(), body.as_bytes()) {
            Answer::Done => "done",
            Answer::Drop(_) => "drop",
            Answer::Retry(..) => "retry",
        }
    }

    #[test]
    fn a_successful_answer_without_a_status_is_done() {
        for body in ["", "ok", "{}", "[]", "{\"other\":1}", "{\"status\":\"\"}", "{\"status\":\"SUCCESS\"}"] {
            assert_eq!(answer(200, body), "done", "{body}");
        }
        assert_eq!(answer(204, ""), "done");
    }

    #[test]
    fn the_body_may_ask_for_another_attempt_or_a_drop() {
        assert_eq!(answer(200, "{\"status\":\"DROP\"}"), "drop");
        for body in ["{\"status\":\"RETRY\"}", "{\"status\":\"retry\"}", "{\"status\":\"success\"}"] {
            assert_eq!(answer(200, body), "retry", "{body}");
        }
    }

    #[test]
    fn only_404_drops_without_a_word() {
        assert_eq!(answer(404, ""), "drop");
        for status in [301, 400, 401, 403, 409, 429, 500, 503] {
            assert_eq!(answer(status, "{\"status\":\"SUCCESS\"}"), "retry", "{status}");
        }
    }
}
