//! A delivery of `<topic>.dead`: what a consumer gave up is kept, whatever it is.

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use platform::dapr::subscribe::Outcome;

use super::body::{Message, read};
use crate::actions::store_dead_letter::store_dead_letter;
use crate::app::App;
use crate::domain::dead_letter::{Arrival, MAX_DEAD_LETTER, unwrap};
use crate::domain::origin::Origin;

/// The largest delivery that is read to its end: base64 needs a third more than the message, and an envelope around it.
const MAX_DELIVERY: usize = MAX_DEAD_LETTER / 3 * 4 + 64 * 1024;

/// `POST /events/<topic>.dead`: stores the message. It is never refused: nobody takes the dead letters of dead letters. What
/// the database does not take is delivered again, because nothing else keeps it.
pub(crate) async fn receive(topic: Origin, State(app): State<App>, headers: HeaderMap, body: Body) -> Outcome {
    let (mut bytes, cut) = match read(body, MAX_DELIVERY).await {
        Ok(Message::Whole(bytes)) => (unwrap(bytes.into()), false),
        Ok(Message::Cut(bytes)) => (bytes.into(), true),
        Err(error) => {
            tracing::warn!(%topic, %error, "the delivery of a dead letter broke off");
            return Outcome::Retry;
        }
    };
    let cut = cut || bytes.len() > MAX_DEAD_LETTER;
    bytes.truncate(MAX_DEAD_LETTER);
    let text = |name: &str| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let arrival = Arrival {
        topic,
        bytes,
        cut,
        position: text("__partition").zip(text("__offset")),
        reason: text("dead-letter-reason"),
        attempts: text("dead-letter-attempts").and_then(|attempts| attempts.parse().ok()),
        consumer: text("dead-letter-app"),
    };
    match store_dead_letter(&app, arrival).await {
        Ok(()) => Outcome::Success,
        Err(error) => {
            tracing::warn!(%topic, %error, "the database did not take a dead letter; it is to be delivered again");
            Outcome::Retry
        }
    }
}
