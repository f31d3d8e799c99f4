//! A WebSocket client.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use reqwest::StatusCode;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderMap, HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// An open connection; pings are answered while something is awaited.
#[derive(Debug)]
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The headers of the server's consent, such as the protocol it chose.
    pub headers: HeaderMap,
}

/// How the server ended a connection: the code and reason of RFC 6455 §5.5.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The close code; 1005 when the frame had none, 1006 when the connection broke off without one.
    pub code: u16,
    /// The reason, for people.
    pub reason: String,
}

impl Socket {
    /// Opens `url`, such as `ws://127.0.0.1:8005/ws`.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn connect(url: &str) -> Self {
        Self::open(url, &[]).await.unwrap_or_else(|status| panic!("{url} was refused with {status}"))
    }

    /// Opens `url` with these headers more.
    ///
    /// # Errors
    /// The status with which the server refused.
    ///
    /// # Panics
    /// When there is no answer at all.
    pub async fn open(url: &str, headers: &[(&str, &str)]) -> Result<Self, StatusCode> {
        let mut request = url.into_client_request().expect("the address of a socket");
        for (name, value) in headers {
            let name = HeaderName::try_from(*name).expect("a header's name");
            request.headers_mut().insert(name, HeaderValue::try_from(*value).expect("a header's value"));
        }
        match connect_async(request).await {
            Ok((stream, response)) => Ok(Self { stream, headers: response.headers().clone() }),
            Err(Error::Http(response)) => Err(response.status()),
            Err(error) => panic!("{url}: {error}"),
        }
    }

    /// Sends a JSON message.
    ///
    /// # Panics
    /// When the connection is closed.
    pub async fn send_json(&mut self, message: &Value) {
        self.send_text(&message.to_string()).await;
    }

    /// Sends a text message, whatever it is.
    ///
    /// # Panics
    /// When the connection is closed.
    pub async fn send_text(&mut self, message: &str) {
        self.stream.send(Message::text(message)).await.expect("send a message");
    }

    /// Sends bytes.
    ///
    /// # Panics
    /// When the connection is closed.
    pub async fn send_bytes(&mut self, message: &[u8]) {
        self.stream.send(Message::binary(message.to_vec())).await.expect("send a message");
    }

    /// The next message.
    ///
    /// # Panics
    /// When none comes in time, when it is not JSON, or when the server closes the connection.
    pub async fn next_json(&mut self, deadline: Duration) -> Value {
        let next = timeout(deadline, self.next()).await;
        let next = next.unwrap_or_else(|_| panic!("no message came within {deadline:?}"));
        let text = next.unwrap_or_else(|closed| panic!("instead of a message came {closed:?}"));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text:?}"))
    }

    /// The next message whose `type` is `kind`; others before it are skipped.
    ///
    /// # Panics
    /// When none comes in time, or when the server closes the connection.
    pub async fn next_of_type(&mut self, kind: &str, deadline: Duration) -> Value {
        let end = tokio::time::Instant::now() + deadline;
        loop {
            let message = self.next_json(end.saturating_duration_since(tokio::time::Instant::now())).await;
            if message["type"] == kind {
                return message;
            }
        }
    }

    /// How the server closes the connection; messages before that are skipped.
    ///
    /// # Panics
    /// When it does not do so in time.
    pub async fn closed(&mut self, deadline: Duration) -> Closed {
        let end = async {
            loop {
                if let Err(closed) = self.next().await {
                    return closed;
                }
            }
        };
        timeout(deadline, end).await.unwrap_or_else(|_| panic!("the connection was not closed within {deadline:?}"))
    }

    /// Closes the connection from this side.
    pub async fn close(mut self) {
        // It may be closed already.
        let _ = self.stream.close(None).await;
    }

    async fn next(&mut self) -> Result<String, Closed> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => return Ok(text.as_str().to_owned()),
                Some(Ok(Message::Close(Some(frame)))) => {
                    return Err(Closed { code: frame.code.into(), reason: frame.reason.as_str().to_owned() });
                }
                Some(Ok(Message::Close(None))) => return Err(Closed { code: 1005, reason: String::new() }),
                Some(Ok(Message::Binary(_))) => panic!("a binary message came, and the services send text"),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(Closed { code: 1006, reason: error.to_string() }),
                None => return Err(Closed { code: 1006, reason: String::new() }),
            }
        }
    }
}
