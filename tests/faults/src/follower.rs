//! One user's socket, which comes back with `last_seen` whenever it breaks.

use std::time::Duration;

use futures::StreamExt as _;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use tokio_util::sync::CancellationToken;

use crate::journal::{Shared, Told, fact};
use crate::person::Person;

/// Between two attempts to connect.
const PAUSE: Duration = Duration::from_millis(50);
/// How long an opening may take: a system that stands still accepts and says nothing.
const OPENING: Duration = Duration::from_secs(10);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Notes what the socket tells until `stop`.
pub(crate) async fn follow(person: Person, journal: Shared, stop: CancellationToken) {
    let follow = async {
        loop {
            let last = journal.lock().last();
            if let Some(socket) = open(&person, last, &journal).await {
                listen(socket, last, &journal).await;
            }
            sleep(PAUSE).await;
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = follow => {}
    }
}

async fn open(person: &Person, last: i64, journal: &Shared) -> Option<Socket> {
    let mut request = format!("{}?last_seen={last}", person.socket).into_client_request().ok()?;
    let protocol = HeaderValue::from_str(&format!("bearer, {}", person.token)).ok()?;
    request.headers_mut().insert("sec-websocket-protocol", protocol);
    match timeout(OPENING, connect_async(request)).await {
        Ok(Ok((socket, _))) => Some(socket),
        Ok(Err(Error::Http(refusal))) => {
            if refusal.status() != 503 {
                journal.lock().wrong(format!("the socket was refused with {}", refusal.status()));
            }
            None
        }
        Ok(Err(_)) | Err(_) => None,
    }
}

/// Notes messages until the socket ends.
async fn listen(mut socket: Socket, last: i64, journal: &Shared) {
    while let Some(Ok(message)) = socket.next().await {
        match message {
            Message::Text(text) => {
                let message: Value = serde_json::from_str(&text).unwrap_or_default();
                note(&message, last, journal);
            }
            Message::Close(_) => return,
            _ => {}
        }
    }
}

fn note(message: &Value, last: i64, journal: &Shared) {
    let mut journal = journal.lock();
    let sequence = message["sequence"].as_i64().unwrap_or_default();
    match message["type"].as_str() {
        Some("subscribed") if sequence == last => {}
        // It closes then, and is to be opened again.
        Some("error") if message["code"] == "unavailable" => {}
        Some("event") if sequence <= journal.last() => journal.told_again += 1,
        Some("event") => {
            let expected = journal.last() + 1;
            if sequence != expected {
                journal.wrong(format!("the socket told event {sequence} after {}", expected - 1));
            }
            let event = &message["event"];
            let event_id = event["event_id"].as_str().unwrap_or_default().to_owned();
            journal.told.push(Told { sequence, event_id, fact: fact(event), at: Instant::now() });
        }
        _ => journal.wrong(format!("the socket, open with last_seen={last}, told {message}")),
    }
}
