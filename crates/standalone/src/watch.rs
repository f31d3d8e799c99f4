//! `tidings watch`: what a user's socket tells, a line for each message.

use std::io::Write as _;

use anyhow::{Context as _, anyhow, bail};
use futures::StreamExt as _;
use platform::config::Variables;
use standalone::{DataDirectory, Secrets, service_port};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode};
use tokio_tungstenite::tungstenite::{self, Message};

use crate::cli;

/// Prints messages until the socket closes, or as many as were asked for.
pub(crate) async fn run(arguments: &cli::Watch) -> anyhow::Result<()> {
    let secrets = Secrets::of(&DataDirectory::open(&arguments.place.data()?)?);
    let (ports, user) = (arguments.place.ports(), arguments.user.as_str());
    let token = standalone::token::mint(&Variables::from_process(), &secrets, ports, user, arguments.lifetime)?;
    let port = service_port("websocket-service", ports)?;
    let mut request = format!("ws://127.0.0.1:{port}/ws").into_client_request()?;
    let protocol = HeaderValue::from_str(&format!("bearer, {token}"))?;
    request.headers_mut().insert("sec-websocket-protocol", protocol);
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.map_err(|error| no_socket(port, &error))?;
    let mut left = arguments.count;
    while left != Some(0) {
        match socket.next().await.context("the socket was closed")?.map_err(|error| once(&error))? {
            Message::Text(text) => {
                writeln!(std::io::stdout(), "{text}")?;
                left = left.map(|left| left - 1);
            }
            Message::Close(frame) => {
                bail!("the socket was closed: {}", frame.map_or_else(String::new, |f| f.to_string()))
            }
            _ => {}
        }
    }
    Ok(())
}

/// Why there is none on this port.
fn no_socket(port: u16, error: &tungstenite::Error) -> anyhow::Error {
    match error {
        tungstenite::Error::Http(answer) if answer.status() == StatusCode::UNAUTHORIZED => anyhow!(
            "the socket on port {port} refuses the token: it is signed with another secret than the system's; say which \
             system is meant with --data-dir and --port-offset, or set AUTH_SECRET as it is set there"
        ),
        tungstenite::Error::Http(answer) => anyhow!("the socket on port {port} was refused: {}", answer.status()),
        _ => once(error).context(format!("there is no socket on port {port}: start the system with ./scripts/up")),
    }
}

/// The error without its cause, whose text is in its own already.
fn once(error: &tungstenite::Error) -> anyhow::Error {
    anyhow!("{error}")
}
