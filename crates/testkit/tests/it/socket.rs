use std::net::Ipv4Addr;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use reqwest::StatusCode;
use serde_json::json;
use testkit::socket::{Closed, Socket};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

const SOON: Duration = Duration::from_secs(10);

#[expect(clippy::result_large_err, reason = "the shape that the library asks for")]
fn refuse_strangers(request: &Request, response: Response) -> Result<Response, ErrorResponse> {
    if request.headers().contains_key("origin") { Ok(response) } else { Err(refusal()) }
}

fn refusal() -> ErrorResponse {
    http::Response::builder().status(StatusCode::FORBIDDEN).body(None).unwrap()
}

/// Pings, repeats each message after a `hello`, and closes with 4401 when it is told `bye`.
async fn server() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut socket) = tokio_tungstenite::accept_hdr_async(stream, refuse_strangers).await else { continue };
            socket.send(Message::text(r#"{"type":"hello"}"#)).await.unwrap();
            while let Some(Ok(message)) = socket.next().await {
                let bye = Message::Close(Some(CloseFrame { code: 4401.into(), reason: Utf8Bytes::from("expired") }));
                let answer = if message.to_text().unwrap() == "\"bye\"" { bye } else { message };
                socket.send(Message::Ping(vec![1].into())).await.unwrap();
                if socket.send(answer).await.is_err() {
                    break;
                }
            }
        }
    });
    format!("ws://{address}/ws")
}

#[tokio::test]
async fn messages_and_the_close_code_arrive() {
    let mut socket = Socket::open(&server().await, &[("origin", "http://localhost")]).await.unwrap();
    assert_eq!(socket.next_json(SOON).await, json!({"type": "hello"}));
    socket.send_json(&json!({"type": "one"})).await;
    socket.send_json(&json!({"type": "two"})).await;
    assert_eq!(socket.next_of_type("two", SOON).await, json!({"type": "two"}));
    socket.send_json(&json!("bye")).await;
    assert_eq!(socket.closed(SOON).await, Closed { code: 4401, reason: "expired".to_owned() });
}

#[tokio::test]
async fn a_refusal_has_its_status() {
    assert_eq!(Socket::open(&server().await, &[]).await.unwrap_err(), StatusCode::FORBIDDEN);
}

#[tokio::test]
#[should_panic(expected = "no message came within 50ms")]
async fn silence_is_told() {
    let mut socket = Socket::open(&server().await, &[("origin", "http://localhost")]).await.unwrap();
    socket.next_json(SOON).await;
    socket.next_json(Duration::from_millis(50)).await;
}
