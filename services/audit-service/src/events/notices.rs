//! A delivery of `task-created`: a notice of another system, which declares itself in `components/subscriptions/`.

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use platform::dapr::subscribe::Outcome;
use platform::database::refuses_data;

use super::body::{Message, read};
use super::delivery::{defer, refuse};
use crate::app::App;
use crate::domain::dead_letter::MAX_MESSAGE;
use crate::domain::entry::Recorded;
use crate::domain::notice::Notice;
use crate::domain::origin::Origin;

/// `POST /events/task-created`: records the notice, once.
pub(crate) async fn receive(State(app): State<App>, headers: HeaderMap, body: Body) -> Outcome {
    let bytes = match read(body, MAX_MESSAGE).await {
        Ok(Message::Whole(bytes)) => bytes,
        Ok(Message::Cut(_)) => {
            return refuse(&app, Origin::Notices, None, &format!("is larger than {MAX_MESSAGE} bytes"));
        }
        Err(error) => {
            tracing::warn!(origin = %Origin::Notices, %error, "a delivery broke off");
            return Outcome::Retry;
        }
    };
    let text =
        |name: &str| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes())).unwrap_or_default();
    let position = format!("{}/{}", text("__partition"), text("__offset"));
    let notice = match Notice::read(&bytes, &position) {
        Ok(notice) => notice,
        Err(malformed) => return refuse(&app, Origin::Notices, None, &malformed),
    };
    let id = notice.event_id;
    match app.recorder.store(notice.into_entry(app.clock.now())).await {
        Ok(Recorded::Now) => {
            app.counters.recorded.inc();
            tracing::debug!(%id, "a notice was recorded");
        }
        // The same source gave the same id to something else: the first one stays, and this one is not lost.
        Ok(Recorded::Otherwise) => {
            return refuse(&app, Origin::Notices, Some(&id.to_string()), &"bears the source and id of another notice");
        }
        Ok(Recorded::Before) => drop(app.counters.duplicate.inc()),
        Err(error) if refuses_data(&error) => {
            return refuse(&app, Origin::Notices, Some(&id.to_string()), &error);
        }
        Err(error) => return defer(Origin::Notices, &id, &error),
    }
    Outcome::Success
}
