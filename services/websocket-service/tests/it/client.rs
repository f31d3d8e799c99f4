//! A WebSocket client.

use std::net::SocketAddr;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::world::DEADLINE;

pub(crate) struct Client {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The subprotocol that the server chose.
    pub(crate) protocol: Option<String>,
}

/// What a socket gave next.
#[derive(Debug, PartialEq)]
pub(crate) enum Got {
    Text(String),
    Ping,
    Close(u16, String),
    Ended,
}

impl Client {
    /// Opens `/ws{query}` with further headers.
    pub(crate) async fn open(
        address: SocketAddr,
        query: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, Error> {
        let mut request = format!("ws://{address}/ws{query}").into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        let (stream, response) = timeout(DEADLINE, connect_async(request)).await.unwrap()?;
        let protocol = response.headers().get("sec-websocket-protocol");
        Ok(Self { stream, protocol: protocol.map(|value| value.to_str().unwrap().to_owned()) })
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

    pub(crate) async fn send(&mut self, text: &str) {
        self.send_message(Message::text(text)).await.unwrap();
    }

    pub(crate) async fn send_message(&mut self, message: Message) -> Result<(), Error> {
        timeout(DEADLINE, self.stream.send(message)).await.unwrap()
    }

    pub(crate) async fn send_auth(&mut self, token: &str) {
        self.send(&serde_json::json!({"type": "auth", "token": token}).to_string()).await;
    }

    pub(crate) async fn next(&mut self) -> Got {
        loop {
            return match timeout(DEADLINE, self.stream.next()).await.expect("something comes in time") {
                Some(Ok(Message::Text(text))) => Got::Text(text.to_string()),
                Some(Ok(Message::Ping(_))) => Got::Ping,
                Some(Ok(Message::Close(Some(frame)))) => Got::Close(frame.code.into(), frame.reason.to_string()),
                Some(Ok(Message::Pong(_))) => continue,
                Some(Ok(other)) => panic!("{other:?}"),
                Some(Err(_)) | None => Got::Ended,
            };
        }
    }

    /// The next text message, as text.
    pub(crate) async fn text(&mut self) -> String {
        loop {
            match self.next().await {
                Got::Text(text) => return text,
                Got::Ping => {}
                other => panic!("a message was expected, not {other:?}"),
            }
        }
    }

    /// The next text message.
    pub(crate) async fn message(&mut self) -> Value {
        serde_json::from_str(&self.text().await).unwrap()
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

    /// The code and reason with which the server closes next.
    pub(crate) async fn close(&mut self) -> (u16, String) {
        loop {
            match self.next().await {
                Got::Close(code, reason) => return (code, reason),
                Got::Ping => {}
                other => panic!("a close frame was expected, not {other:?}"),
            }
        }
    }

    /// Asserts that everything before this was said: the answer to a ping comes next.
    pub(crate) async fn nothing_more(&mut self) {
        self.send(r#"{"type":"ping"}"#).await;
        assert_eq!(self.text().await, r#"{"type":"pong"}"#);
    }
}
