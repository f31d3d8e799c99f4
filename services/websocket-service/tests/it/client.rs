//! A WebSocket client of the service.

use std::net::SocketAddr;

use reqwest::StatusCode;
use serde_json::Value;
use testkit::socket::Socket;

use crate::world::DEADLINE;

pub(crate) struct Client(Socket);

impl Client {
    /// Opens `/ws{query}` with further headers.
    pub(crate) async fn open(address: SocketAddr, query: &str, headers: &[(&str, &str)]) -> Result<Self, StatusCode> {
        Socket::open(&format!("ws://{address}/ws{query}"), headers).await.map(Self)
    }

    /// Opens a socket with a token as subprotocol.
    pub(crate) async fn bearer(address: SocketAddr, token: &str) -> Self {
        let protocols = format!("bearer, {token}");
        Self::open(address, "", &[("sec-websocket-protocol", &protocols)]).await.unwrap()
    }

    /// Opens a socket that has not said whose it is.
    pub(crate) async fn unknown(address: SocketAddr) -> Self {
        Self::open(address, "", &[]).await.unwrap()
    }

    /// The subprotocol that the server chose.
    pub(crate) fn protocol(&self) -> Option<&str> {
        self.0.headers.get("sec-websocket-protocol").map(|value| value.to_str().unwrap())
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.0.send_text(text).await;
    }

    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        self.0.send_bytes(bytes).await;
    }

    pub(crate) async fn send_auth(&mut self, token: &str) {
        self.0.send_json(&serde_json::json!({"type": "auth", "token": token})).await;
    }

    /// The next message.
    pub(crate) async fn message(&mut self) -> Value {
        self.0.next_json(DEADLINE).await
    }

    /// The sequence of the next message, which is an event.
    pub(crate) async fn event(&mut self) -> i64 {
        let message = self.message().await;
        assert_eq!(message["type"], "event", "{message}");
        assert_eq!(message["sequence"], message["event"]["sequence"]);
        message["sequence"].as_i64().unwrap()
    }

    /// The code of the next message, which is an error.
    pub(crate) async fn error(&mut self) -> String {
        let message = self.message().await;
        assert_eq!(message["type"], "error", "{message}");
        message["code"].as_str().unwrap().to_owned()
    }

    /// The code and reason with which the server closes.
    pub(crate) async fn close(&mut self) -> (u16, String) {
        let closed = self.0.closed(DEADLINE).await;
        (closed.code, closed.reason)
    }

    /// Asserts that everything before this was said: the answer to a ping comes next.
    pub(crate) async fn nothing_more(&mut self) {
        self.send(r#"{"type":"ping"}"#).await;
        assert_eq!(self.message().await, serde_json::json!({"type": "pong"}));
    }
}
