//! What was published, kept in memory instead of sent.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::Message;

/// How many events are kept; older ones are forgotten.
const MOST: usize = 1_000;

/// The latest events of `EVENT_PUBLISHER_TYPE=memory`, oldest first. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Kept(Arc<Mutex<VecDeque<Value>>>);

impl Kept {
    pub(super) fn keep(&self, topic: &str, messages: &[Message]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for message in messages {
            let event: Value = serde_json::from_slice(&message.cloud_event).unwrap_or_default();
            kept.push_back(json!({ "topic": topic, "event": event }));
        }
        let surplus = kept.len().saturating_sub(MOST);
        kept.drain(..surplus);
    }

    /// Each as `{topic, event}`, oldest first.
    pub fn events(&self) -> Vec<Value> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// `GET /internal/published-events`: `{items: [{topic, event}]}`.
    pub fn router(&self) -> Router {
        Router::new().route("/internal/published-events", get(list)).with_state(self.clone())
    }
}

async fn list(State(kept): State<Kept>) -> Json<Value> {
    Json(json!({ "items": kept.events() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_kept() {
        let kept = Kept::default();
        for n in 0..MOST + 5 {
            let cloud_event = json!({ "n": n }).to_string().into_bytes();
            let message = Message { id: String::new(), cloud_event, partition_key: String::new(), traceparent: None };
            kept.keep("t", &[message]);
        }
        let events = kept.events();
        assert_eq!((events.len(), &events[0]), (MOST, &json!({ "topic": "t", "event": { "n": 5 } })));
    }
}
