//! A notice of another system: that it has to do with a task of a user. It is recorded as what it is, and changes nothing.

use chrono::{DateTime, SubsecRound as _, Utc};
use events::schema::{MAX_USER_ID_LENGTH, check_storable};
use events::{Malformed, place_of_notices};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use uuid::{Builder, Uuid};

use super::entry::Entry;

/// The pub/sub component of notices.
const PUBSUB: &str = "tasks";
/// Their topic.
pub(crate) const TOPIC: &str = "task-created";
/// The topic of those that were given up.
pub(crate) const DEAD_LETTERS: &str = "task-created.dead";
/// What they are called in the history.
const EVENT_TYPE: &str = "external.task-created";

/// The attributes that are kept of a notice's `CloudEvent`, where they are text.
const KEPT: [&str; 4] = ["id", "source", "type", "time"];

/// A notice.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Notice {
    /// Names the message: the same in every delivery, and no id of an event of ours.
    pub(crate) event_id: Uuid,
    /// The user whom it names.
    pub(crate) user_id: String,
    /// The task that it names, where that is an id of ours.
    pub(crate) task_id: Option<Uuid>,
    /// When, as it says itself.
    pub(crate) time: Option<DateTime<Utc>>,
    /// All of it.
    pub(crate) details: Value,
    /// The trace that caused it.
    pub(crate) traceparent: Option<String>,
}

/// What is read of a `CloudEvent` whose producer is no program of ours.
#[derive(Deserialize)]
struct Message {
    data: Option<Value>,
    #[serde(flatten)]
    attributes: Map<String, Value>,
}

impl Notice {
    /// Reads a message. Where it names itself, by `source` and `id`, that is its name, else the `position` on the broker is.
    ///
    /// # Errors
    /// When it does not say what a notice has to say; the pointer starts at the `CloudEvent`.
    pub(crate) fn read(bytes: &[u8], position: &str) -> Result<Self, Malformed> {
        let Message { data, attributes } = serde_json::from_slice(bytes)
            .map_err(|error| malformed("", format!("is no CloudEvent in JSON: {error}")))?;
        let data =
            data.ok_or_else(|| malformed("/data", "is missing: publish JSON with Content-Type application/json"))?;
        let members = data
            .as_object()
            .ok_or_else(|| malformed("/data", "must be an object: publish JSON with Content-Type application/json"))?;
        let task_id = named(members, "taskId")?;
        let user_id = named(members, "userId")?;
        let attribute = |name: &str| attributes.get(name).and_then(Value::as_str);
        let name = match attribute("id") {
            Some(id) => format!("{}\n{id}", attribute("source").unwrap_or_default()),
            None => format!("{position}\n{data}"),
        };
        let mut details = json!({ "pubsub": PUBSUB, "topic": TOPIC, "data": data });
        for name in KEPT {
            if let Some(value) = attribute(name) {
                details[name] = value.into();
            }
        }
        check_storable(&details)?;
        let time = attribute("time").and_then(|time| DateTime::parse_from_rfc3339(time).ok());
        Ok(Self {
            event_id: id_of(&name),
            task_id: Uuid::try_parse(&task_id).ok(),
            user_id,
            time: time.map(|time| time.to_utc().trunc_subsecs(6)),
            details,
            traceparent: attribute("traceparent").map(ToOwned::to_owned),
        })
    }

    /// Its entry in the history; one without a time happened `now`. It has no place among the events of a workspace.
    pub(crate) fn into_entry(self, now: DateTime<Utc>) -> Entry {
        Entry {
            event_id: self.event_id,
            event_type: EVENT_TYPE.to_owned(),
            task_id: self.task_id,
            timestamp: self.time.unwrap_or(now),
            details: self.details,
            workspace_id: place_of_notices(&self.user_id),
            user_id: self.user_id,
            sequence: 0,
        }
    }
}

/// A member of the data that names somebody or something: other systems count, or call them by names.
fn named(data: &Map<String, Value>, name: &str) -> Result<String, Malformed> {
    let text = match data.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) if number.is_i64() || number.is_u64() => number.to_string(),
        _ => return Err(malformed(&format!("/data/{name}"), "must be text or a whole number")),
    };
    let plain = !text.is_empty() && text.chars().count() <= MAX_USER_ID_LENGTH && !text.chars().any(char::is_control);
    let reason = || format!("must be 1 to {MAX_USER_ID_LENGTH} characters on one line");
    if plain { Ok(text) } else { Err(malformed(&format!("/data/{name}"), reason())) }
}

fn id_of(name: &str) -> Uuid {
    let hash: [u8; 32] = Sha256::new().chain_update(format!("{PUBSUB}\n{TOPIC}\n{name}")).finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    Builder::from_custom_bytes(bytes).into_uuid()
}

fn malformed(pointer: &str, reason: impl Into<String>) -> Malformed {
    Malformed { pointer: pointer.to_owned(), reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a sidecar wraps what `dapr publish` sends.
    fn message() -> Value {
        json!({
            "specversion": "1.0", "id": "5929aaac-a5e2-4ca1-859c-edfe73f11565", "source": "backend-api",
            "type": "com.dapr.event.sent", "datacontenttype": "application/json", "pubsubname": "tasks",
            "topic": "task-created", "time": "2026-01-31T09:00:00Z", "traceid": "", "traceparent": "",
            "data": {"taskId": "123", "userId": "456"},
        })
    }

    fn read(message: &Value) -> Result<Notice, String> {
        Notice::read(message.to_string().as_bytes(), "0/7").map_err(|malformed| malformed.to_string())
    }

    #[test]
    fn a_notice_names_a_user_and_a_task() {
        let notice = read(&message()).unwrap();
        assert_eq!((notice.user_id.as_str(), notice.task_id), ("456", None));
        let expected = json!({
            "pubsub": "tasks", "topic": "task-created", "data": {"taskId": "123", "userId": "456"},
            "id": "5929aaac-a5e2-4ca1-859c-edfe73f11565", "source": "backend-api", "type": "com.dapr.event.sent",
            "time": "2026-01-31T09:00:00Z",
        });
        assert_eq!(notice.details, expected);
        let mut ours = message();
        ours["data"] = json!({"taskId": "01890a5d-ac96-774b-bcce-b302099a8057", "userId": 456, "more": [1, 2.5]});
        let notice = read(&ours).unwrap();
        assert_eq!((notice.user_id.as_str(), notice.task_id.is_some()), ("456", true));
        assert_eq!(notice.details["data"], ours["data"]);
    }

    #[test]
    fn a_message_has_one_name_and_another_has_another() {
        let first = read(&message()).unwrap().event_id;
        assert_eq!(read(&message()).unwrap().event_id, first);
        let mut other = message();
        other["source"] = json!("elsewhere");
        assert_ne!(read(&other).unwrap().event_id, first);
        let mut nameless = message();
        nameless.as_object_mut().unwrap().remove("id");
        let bytes = nameless.to_string();
        let named_by_place = |position| Notice::read(bytes.as_bytes(), position).unwrap().event_id;
        assert_eq!(named_by_place("0/7"), named_by_place("0/7"));
        assert_ne!(named_by_place("0/7"), named_by_place("0/8"));
    }

    #[test]
    fn what_is_no_notice_is_told() {
        let with = |data: Value| {
            let mut message = message();
            message["data"] = data;
            read(&message).unwrap_err()
        };
        assert!(with(json!("{\"taskId\": \"1\"}")).contains("/data must be an object: publish JSON"));
        assert!(with(json!({"userId": "456"})).contains("/data/taskId must be text"));
        assert!(with(json!({"taskId": "1"})).contains("/data/userId must be text"));
        assert!(with(json!({"taskId": 1.5, "userId": "456"})).contains("/data/taskId"));
        assert!(with(json!({"taskId": "1", "userId": "a\nb"})).contains("/data/userId must be 1 to 255"));
        assert!(with(json!({"taskId": "1", "userId": "x", "note": "\u{0}"})).contains("/data/note"));
        assert!(Notice::read(b"{", "").unwrap_err().to_string().contains("no CloudEvent"));
        assert!(Notice::read(b"{\"data_base64\": \"eA==\"}", "").unwrap_err().to_string().contains("/data is missing"));
    }
}
