//! Jobs over HTTP.

use axum::Json;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::error::legacy;
use super::read;
use crate::jobs::{Data, FailurePolicy, JSON, Job, Reason, Refusal, count};
use crate::sidecar::Sidecar;

/// Fields are known by both of their spellings, as in JSON of the protocol; `null` is the same as absent.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    name: Option<String>,
    schedule: Option<String>,
    #[serde(alias = "due_time")]
    due_time: Option<String>,
    ttl: Option<String>,
    repeats: Option<Value>,
    data: Option<Box<RawValue>>,
    overwrite: Option<bool>,
    #[serde(default, alias = "failure_policy")]
    failure_policy: Value,
}

/// `POST /v1.0/jobs/{name}`
pub(super) async fn schedule(sidecar: &Sidecar, name: &str, request: Request) -> Response {
    let scheduled = async {
        let body = read(request.into_body()).await.map_err(|error| Refusal::new(Reason::Malformed, error))?;
        let (job, overwrite) = job(name.trim(), &body)?;
        sidecar.shared.jobs.schedule(&sidecar.app_id, job, overwrite).await
    };
    answer(sidecar, scheduled.await.map(|()| StatusCode::NO_CONTENT.into_response()))
}

/// `GET /v1.0/jobs/{name}`
pub(super) async fn show(sidecar: &Sidecar, name: &str) -> Response {
    let found = sidecar.shared.jobs.get(&sidecar.app_id, name).await;
    answer(sidecar, found.map(|job| Json(shown(job)).into_response()))
}

/// `DELETE /v1.0/jobs/{name}`
pub(super) async fn delete(sidecar: &Sidecar, name: &str) -> Response {
    let deleted = sidecar.shared.jobs.delete(&sidecar.app_id, name).await;
    answer(sidecar, deleted.map(|()| StatusCode::NO_CONTENT.into_response()))
}

fn job(name: &str, body: &[u8]) -> Result<(Job, bool), Refusal> {
    let malformed = |error: String| Refusal::new(Reason::Malformed, format!("failed to read the job: {error}"));
    let body = if body.is_empty() {
        Body::default()
    } else {
        serde_json::from_slice::<Body>(body).map_err(|error| malformed(error.to_string()))?
    };
    if body.name.is_some_and(|name| !name.is_empty()) {
        return Err(Refusal::new(Reason::NameInBody, "Set the job name in the url only"));
    }
    let job = Job {
        name: name.to_owned(),
        schedule: body.schedule,
        due_time: body.due_time,
        ttl: body.ttl,
        repeats: count(&body.repeats.unwrap_or_default()).map_err(malformed)?,
        data: body.data.map(|data| Data::json(data.get())).transpose().map_err(malformed)?,
        failure_policy: FailurePolicy::from_json(&body.failure_policy).map_err(malformed)?,
    };
    Ok((job, body.overwrite.unwrap_or_default()))
}

/// Data come wrapped with their type, as the protocol does for messages of any type.
fn shown(job: Job) -> Value {
    let mut fields = Map::from_iter([("name".to_owned(), job.name.into())]);
    let texts = [("schedule", job.schedule), ("dueTime", job.due_time), ("ttl", job.ttl)];
    fields.extend(texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?.into()))));
    fields.extend(job.repeats.map(|repeats| ("repeats".to_owned(), repeats.into())));
    let data = job.data.and_then(|data| data.as_json());
    fields.extend(data.map(|data| ("data".to_owned(), json!({"@type": JSON, "value": data}))));
    fields.extend(job.failure_policy.map(|policy| ("failurePolicy".to_owned(), policy.to_json())));
    Value::Object(fields)
}

fn answer(sidecar: &Sidecar, done: Result<Response, Refusal>) -> Response {
    done.unwrap_or_else(|refusal| refuse(&sidecar.app_id, &refusal))
}

/// The status and the code that daprd gives.
fn refuse(app: &str, refusal: &Refusal) -> Response {
    let (status, code) = match refusal.reason {
        Reason::Malformed => return legacy(StatusCode::BAD_REQUEST, "ERR_MALFORMED_REQUEST", &refusal.message),
        Reason::NameInBody => (StatusCode::BAD_REQUEST, "DAPR_SCHEDULER_JOB_NAME"),
        Reason::NameEmpty => (StatusCode::BAD_REQUEST, "DAPR_SCHEDULER_JOB_NAME_EMPTY"),
        Reason::ScheduleEmpty => (StatusCode::BAD_REQUEST, "DAPR_SCHEDULER_SCHEDULE_EMPTY"),
        Reason::Exists => (StatusCode::CONFLICT, "DAPR_SCHEDULER_SCHEDULE_JOB"),
        Reason::Schedule => (StatusCode::INTERNAL_SERVER_ERROR, "DAPR_SCHEDULER_SCHEDULE_JOB"),
        Reason::Get => (StatusCode::INTERNAL_SERVER_ERROR, "DAPR_SCHEDULER_GET_JOB"),
        Reason::Delete => (StatusCode::INTERNAL_SERVER_ERROR, "DAPR_SCHEDULER_DELETE_JOB"),
        Reason::List => (StatusCode::INTERNAL_SERVER_ERROR, "DAPR_SCHEDULER_LIST_JOBS"),
    };
    let info = json!({
        "@type": "type.googleapis.com/google.rpc.ErrorInfo", "domain": "dapr.io", "reason": code,
        "metadata": {"appID": app, "namespace": "default"},
    });
    (status, Json(json!({"errorCode": code, "message": refusal.message, "details": [info]}))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_are_read_and_unknown_fields_are_not() {
        for text in [
            r#"{"dueTime":"1s","failurePolicy":{"drop":{}},"data":{"n":1.50},"repeats":1,"other":[1]}"#,
            r#"{"due_time":"1s","failure_policy":{"drop":{}},"data":{"n":1.50},"repeats":"1","ttl":null}"#,
        ] {
            let (job, overwrite) = job("n", text.as_bytes()).unwrap();
            assert_eq!((job.due_time.as_deref(), job.repeats, overwrite), (Some("1s"), Some(1), false), "{text}");
            assert_eq!(
                (job.failure_policy, job.data),
                (Some(FailurePolicy::Drop), Some(Data::json(r#"{"n":1.50}"#).unwrap()))
            );
        }
    }

    #[test]
    fn what_cannot_be_read_is_malformed() {
        let deep = format!(r#"{{"data":{}{}}}"#, "[".repeat(5_000), "]".repeat(5_000));
        for text in [
            deep.as_str(),
            r#"{"data":"\ud800"}"#,
            r#"{"data":1e999}"#,
            "{",
            "[]",
            "1",
            r#"{"repeats":-1}"#,
            r#"{"schedule":1}"#,
            r#"{"overwrite":"yes"}"#,
            r#"{"failurePolicy":1}"#,
        ] {
            assert_eq!(job("n", text.as_bytes()).unwrap_err().reason, Reason::Malformed, "{text}");
        }
        assert_eq!(job("n", br#"{"name":"n"}"#).unwrap_err().reason, Reason::NameInBody);
    }
}
