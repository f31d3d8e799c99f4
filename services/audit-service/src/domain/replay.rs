//! Sending a dead letter again.

use chrono::{DateTime, Utc};
use events::{Malformed, Received, place_of_notices};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::dead_letter;
use super::notice::Notice;
use super::origin::Origin;

/// The largest message that is published, in bytes: the sidecar takes no more than [`dead_letter::MAX_MESSAGE`], what it
/// and the request add included.
const MAX_PUBLISHED: usize = dead_letter::MAX_MESSAGE - 16 * 1024;

/// A message that keeps the contract and may be published.
#[derive(Clone, Debug)]
pub(crate) struct Publishable {
    /// Names the event.
    pub(crate) event_id: Uuid,
    /// The workspace in which it happened; its events stay in order.
    pub(crate) workspace_id: Uuid,
    /// The event, without its wrapper.
    pub(crate) payload: Value,
    /// The trace that caused it.
    pub(crate) traceparent: Option<String>,
    /// The whole `CloudEvent`.
    pub(crate) bytes: Vec<u8>,
}

impl Publishable {
    /// Checks `bytes` of the letter `id`, which came from `origin`, as a consumer would. An event type that is not known yet is none of our business.
    ///
    /// # Errors
    /// What a consumer would find wrong.
    pub(crate) fn read(origin: Origin, id: Uuid, bytes: Vec<u8>) -> Result<Self, Malformed> {
        if bytes.len() > MAX_PUBLISHED {
            let reason = format!("is larger than the {MAX_PUBLISHED} bytes that can be published");
            return Err(Malformed { pointer: String::new(), reason });
        }
        let bytes = without_expiration(bytes);
        if origin == Origin::Notices {
            let bytes = named(bytes, id);
            let Notice { event_id, user_id, details: payload, traceparent, .. } = dead_letter::read_notice(&bytes)?;
            return Ok(Self { event_id, workspace_id: place_of_notices(&user_id), payload, traceparent, bytes });
        }
        Ok(match dead_letter::read(&bytes)? {
            Received::Known { event, payload, traceparent } => {
                let (event_id, workspace_id) = (event.event_id, event.organization_id);
                Self { event_id, workspace_id, payload, traceparent, bytes }
            }
            Received::Unknown { event_id, organization_id, payload, traceparent, .. } => {
                Self { event_id, workspace_id: organization_id, payload, traceparent, bytes }
            }
        })
    }
}

/// Somebody wants it to arrive, so it does not matter that it has expired, which may be why it is a dead letter.
fn without_expiration(bytes: Vec<u8>) -> Vec<u8> {
    let Ok(mut attributes) = serde_json::from_slice::<Map<String, Value>>(&bytes) else { return bytes };
    match attributes.remove("expiration") {
        None => bytes,
        Some(_) => Value::Object(attributes).to_string().into_bytes(),
    }
}

/// A notice that does not name itself is named after its letter: it is recorded once however often it is published again.
fn named(bytes: Vec<u8>, letter: Uuid) -> Vec<u8> {
    let Ok(mut attributes) = serde_json::from_slice::<Map<String, Value>>(&bytes) else { return bytes };
    if attributes.get("id").is_some_and(Value::is_string) {
        return bytes;
    }
    attributes.insert("id".to_owned(), letter.to_string().into());
    Value::Object(attributes).to_string().into_bytes()
}

/// That a letter was published again.
#[derive(Clone, Debug)]
pub(crate) struct Replay {
    /// Names the replay.
    pub(crate) id: Uuid,
    /// The letter.
    pub(crate) dead_letter_id: Uuid,
    /// The event that was published.
    pub(crate) event_id: Uuid,
    /// The message that was published instead of the letter's own.
    pub(crate) mended: Option<Vec<u8>>,
    /// When.
    pub(crate) replayed_at: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_without_a_name_is_recorded_once_however_often_it_is_published_again() {
        let bytes = br#"{"specversion": "1.0", "data": {"taskId": "1", "userId": "456"}}"#;
        let read = |letter| Publishable::read(Origin::Notices, Uuid::from_u128(letter), bytes.to_vec()).unwrap();
        let published = read(1);
        for position in ["0/8", "0/9"] {
            assert_eq!(Notice::read(&published.bytes, position).unwrap().event_id, published.event_id);
        }
        assert_eq!(read(1).event_id, published.event_id);
        assert_ne!(read(2).event_id, published.event_id, "another one that says the same");
        let own = br#"{"id": "own", "data": {"taskId": "1", "userId": "456"}}"#.to_vec();
        assert_eq!(Publishable::read(Origin::Notices, Uuid::nil(), own.clone()).unwrap().bytes, own);
    }
}
