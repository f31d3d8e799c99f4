//! A socket that has not said who it is: its first message does, within a time.

use futures::{SinkExt as _, StreamExt as _};
use platform::auth::AuthError;
use platform::trace::TraceContext;

use super::incoming::{Incoming, Mistakes};
use super::line::{Receiver, Sender, Subscribed};
use crate::actions::authenticate_socket;
use crate::actions::subscribe_socket::{self, SubscribeError};
use crate::app::App;
use crate::domain::client_message::ClientMessage;
use crate::domain::ending::Ending;
use crate::domain::last_seen::LastSeen;
use crate::domain::server_message::ServerMessage;

/// Waits for the client's `auth`, believes it or not, and gives the socket its seats. A `last_seen` in the message goes
/// before the one in the query.
///
/// # Errors
/// Why the socket is closed.
pub(super) async fn introduce(
    app: &App,
    sender: &mut Sender,
    receiver: &mut Receiver,
    last_seen: Option<LastSeen>,
    trace: Option<TraceContext>,
) -> Result<Subscribed, Ending> {
    let admitted = async {
        let first = tokio::time::timeout(app.limits.first_message, first_auth(sender, receiver));
        let auth = first.await.map_err(|_| Ending::AuthTimeout)??;
        admit(app, &auth.token, auth.last_seen.or(last_seen).as_ref(), trace.as_ref()).await
    };
    tokio::select! {
        () = app.stop.cancelled() => Err(Ending::GoingAway),
        admitted = admitted => admitted,
    }
}

struct Auth {
    token: String,
    last_seen: Option<LastSeen>,
}

async fn first_auth(sender: &mut Sender, receiver: &mut Receiver) -> Result<Auth, Ending> {
    let mut mistakes = Mistakes::default();
    loop {
        let answer = match Incoming::of(receiver.next().await) {
            Incoming::Message(ClientMessage::Auth { token, last_seen }) => return Ok(Auth { token, last_seen }),
            Incoming::Message(ClientMessage::Ping) => ServerMessage::Pong,
            Incoming::Mistake(mistake) => {
                mistakes.count(mistake)?;
                ServerMessage::Error { code: mistake.code() }
            }
            Incoming::Heartbeat => continue,
            Incoming::End(ending) => return Err(ending),
        };
        let sent = sender.send(answer.to_text().into()).await;
        sent.map_err(|_| Ending::ConnectionLost)?;
    }
}

async fn admit(
    app: &App,
    token: &str,
    last_seen: Option<&LastSeen>,
    trace: Option<&TraceContext>,
) -> Result<Subscribed, Ending> {
    let (profile, session) = authenticate_socket::by_token(app, token).await.map_err(|error| match error {
        AuthError::Unavailable { .. } => Ending::Unavailable(error.code()),
        _ => Ending::Refused(error.code()),
    })?;
    match subscribe_socket::subscribe(app, &profile, last_seen, trace).await {
        Ok(registration) => Ok(Subscribed { session, registration }),
        Err(SubscribeError::TooManySockets(_)) => Err(Ending::TooManySockets),
        Err(SubscribeError::Refused(error)) => Err(Ending::Refused(error.code())),
        Err(error) => {
            tracing::warn!(cause = %error, "a socket could not be subscribed");
            Err(Ending::Unavailable("unavailable"))
        }
    }
}
