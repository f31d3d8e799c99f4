//! One WebSocket of a client that needs little memory.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, bail};
use futures::StreamExt as _;
use serde_json::Value;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::people::Person;

/// An open socket.
pub(crate) type Socket = WebSocketStream<TcpStream>;

/// How long a socket may take to be subscribed.
const PATIENCE: Duration = Duration::from_mins(1);

/// Sockets that leave from one address: far fewer than it has ports.
const PER_ADDRESS: usize = 5_000;

/// Opens the `number`th socket, for `person`, at port `port` of this machine, and waits until it is subscribed. With
/// `receive_buffer` the operating system keeps no more than about that many bytes that were not read.
pub(crate) async fn open(
    port: u16,
    person: &Person,
    number: usize,
    receive_buffer: Option<u32>,
) -> anyhow::Result<Socket> {
    timeout(PATIENCE, subscribe(port, person, number, receive_buffer))
        .await
        .context("a socket was not subscribed in time")?
}

async fn subscribe(port: u16, person: &Person, number: usize, receive_buffer: Option<u32>) -> anyhow::Result<Socket> {
    let tcp = TcpSocket::new_v4()?;
    if let Some(bytes) = receive_buffer {
        tcp.set_recv_buffer_size(bytes)?;
    }
    let host = u8::try_from(2 + number / PER_ADDRESS).context("too many sockets")?;
    tcp.bind(SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, host)), 0))?;
    let stream = tcp.connect((Ipv4Addr::LOCALHOST, port).into()).await?;
    stream.set_nodelay(true)?;
    let mut request = format!("ws://127.0.0.1:{port}/ws").into_client_request()?;
    let protocol = HeaderValue::from_str(&format!("bearer, {}", person.token))?;
    request.headers_mut().insert("sec-websocket-protocol", protocol);
    let small = WebSocketConfig::default().read_buffer_size(4096).write_buffer_size(0);
    let (mut socket, _) = tokio_tungstenite::client_async_with_config(request, stream, Some(small)).await?;
    loop {
        match socket.next().await.context("the socket was closed")?? {
            Message::Text(text) => {
                let message: Value = serde_json::from_str(&text)?;
                return if message["type"] == "subscribed" { Ok(socket) } else { bail!("the socket said {message}") };
            }
            Message::Close(frame) => bail!("the socket was closed: {frame:?}"),
            _ => {}
        }
    }
}

/// Whether an opening failed with 503: there is too much to do, or something that it needs is away for a moment.
pub(crate) fn is_to_come_again(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(Error::Http(answer)) if answer.status() == 503)
}

/// The next text, while pings are answered; `None` when the socket is closed.
pub(crate) async fn next_text(socket: &mut Socket) -> Option<tokio_tungstenite::tungstenite::Utf8Bytes> {
    loop {
        match socket.next().await? {
            Ok(Message::Text(text)) => return Some(text),
            Ok(Message::Close(_)) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    async fn opened_where_the_answer_is(status: &str) -> anyhow::Error {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let answer = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(stream.read_u8().await.unwrap());
            }
            stream.write_all(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").as_bytes()).await.unwrap();
        };
        let person = Person { user: "bench-1000".to_owned(), token: "token".to_owned() };
        tokio::join!(open(port, &person, 0, None), answer).0.unwrap_err()
    }

    #[tokio::test]
    async fn only_a_503_is_to_come_again() {
        assert!(is_to_come_again(&opened_where_the_answer_is("503 Service Unavailable").await));
        assert!(!is_to_come_again(&opened_where_the_answer_is("401 Unauthorized").await));
    }
}
