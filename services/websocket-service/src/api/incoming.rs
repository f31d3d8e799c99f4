//! What comes in on a socket, told apart.

use axum::extract::ws::Message;
use tokio_tungstenite::tungstenite::Error as WsError;

use crate::domain::client_message::{ClientMessage, Mistake};
use crate::domain::ending::Ending;

/// How many messages a client may get wrong.
const MAX_MISTAKES: u32 = 20;

/// What came in.
#[derive(Debug)]
pub(super) enum Incoming {
    /// A message that is understood.
    Message(ClientMessage),
    /// A message that is not.
    Mistake(Mistake),
    /// A ping, which is answered already, or a pong.
    Heartbeat,
    /// Nothing more will come.
    End(Ending),
}

impl Incoming {
    /// Tells it apart.
    pub(super) fn of(received: Option<Result<Message, axum::Error>>) -> Self {
        match received {
            Some(Ok(Message::Text(text))) => match ClientMessage::parse(&text) {
                Ok(message) => Self::Message(message),
                Err(mistake) => Self::Mistake(mistake),
            },
            Some(Ok(Message::Binary(_))) => Self::Mistake(Mistake::Bad),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Self::Heartbeat,
            Some(Ok(Message::Close(_))) => Self::End(Ending::ClosedByClient),
            Some(Err(error)) => Self::End(broken(error)),
            None => Self::End(Ending::ConnectionLost),
        }
    }
}

fn broken(error: axum::Error) -> Ending {
    match error.into_inner().downcast_ref() {
        Some(WsError::Capacity(_)) => Ending::MessageTooBig,
        Some(WsError::Utf8(_)) => Ending::NotUtf8,
        Some(WsError::Protocol(tokio_tungstenite::tungstenite::error::ProtocolError::ResetWithoutClosingHandshake)) => {
            Ending::ConnectionLost
        }
        Some(WsError::Protocol(_)) => Ending::ProtocolBroken,
        _ => Ending::ConnectionLost,
    }
}

/// Counts what a client gets wrong.
#[derive(Debug, Default)]
pub(super) struct Mistakes(u32);

impl Mistakes {
    /// Counts one more.
    ///
    /// # Errors
    /// When it is one too many.
    pub(super) fn count(&mut self, mistake: Mistake) -> Result<(), Ending> {
        self.0 += 1;
        if self.0 < MAX_MISTAKES { Ok(()) } else { Err(Ending::TooManyMistakes(mistake.code())) }
    }
}
