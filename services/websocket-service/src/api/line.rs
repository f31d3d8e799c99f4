//! The life of a socket after the upgrade: introduction, conversation, farewell.

use axum::extract::ws::{Message, WebSocket};
use futures::stream::{SplitSink, SplitStream, StreamExt as _};
use platform::trace::TraceContext;
use tokio::sync::OwnedSemaphorePermit;

use super::{farewell, introduction, reader::Reader, writer};
use crate::actions::replay_missed;
use crate::app::App;
use crate::domain::ending::Ending;
use crate::domain::last_seen::LastSeen;
use crate::domain::session::Session;
use crate::hub::Registration;

/// The half of a socket that is written to.
pub(super) type Sender = SplitSink<WebSocket, Message>;
/// The half of a socket that is read from.
pub(super) type Receiver = SplitStream<WebSocket>;

/// How a socket comes in.
#[derive(Debug)]
pub(super) enum Entry {
    /// It is known whose it is, and it has its seats.
    Known(Subscribed),
    /// Its first message says whose it is.
    Unknown {
        /// From the query.
        last_seen: Option<LastSeen>,
        /// Of the opening request.
        trace: Option<TraceContext>,
        /// Allows it to be open; given back when it has said whose it is, or is closed.
        permit: OwnedSemaphorePermit,
    },
    /// It is told why not, and closed.
    Refused(Ending),
}

/// A socket that gets events.
#[derive(Debug)]
pub(super) struct Subscribed {
    pub(super) session: Session,
    pub(super) registration: Registration,
}

/// Lives the socket's whole life.
pub(super) async fn live(app: &App, socket: WebSocket, entry: Entry) {
    let _open = app.metrics.open_socket();
    let (mut sender, mut receiver) = socket.split();
    let mut unauthenticated = None;
    let subscribed = match entry {
        Entry::Known(subscribed) => Ok(subscribed),
        Entry::Refused(ending) => Err(ending),
        Entry::Unknown { last_seen, trace, permit } => {
            // Boxed, so that its memory is free again while the socket idles.
            let introduced = Box::pin(introduction::introduce(app, &mut sender, &mut receiver, last_seen, trace)).await;
            // One that was not introduced stays counted until it is closed.
            unauthenticated = Some(permit).filter(|_| introduced.is_err());
            introduced
        }
    };
    let (ending, rest) = match subscribed {
        Err(ending) => (ending, None),
        Ok(Subscribed { session, registration }) => {
            let user = session.user_id.clone();
            let ending = converse(app, &mut sender, &mut receiver, session, &registration).await;
            tracing::debug!(user, ?ending, "a socket ends");
            let mailbox = registration.mailbox().clone();
            (ending, Some(mailbox).filter(|_| ending.delivers_the_rest()))
        }
    };
    if ending == Ending::SlowReader {
        app.metrics.slow_readers_closed.inc();
    }
    Box::pin(farewell::close(sender, receiver, ending, rest.as_deref(), app.limits.closing)).await;
    drop(unauthenticated);
}

/// Reads and writes at the same time, in one task, until one of them ends or has to.
async fn converse(
    app: &App,
    sender: &mut Sender,
    receiver: &mut Receiver,
    session: Session,
    registration: &Registration,
) -> Ending {
    let mailbox = registration.mailbox();
    tokio::select! {
        () = app.stop.cancelled() => Ending::GoingAway,
        () = mailbox.overflowed() => Ending::SlowReader,
        ending = writer::run(sender, mailbox, &app.metrics) => ending,
        ending = Reader::new(app, mailbox, session).run(receiver) => ending,
        error = replay_missed::run(app, registration) => {
            tracing::warn!(cause = %error, "what a socket missed could not be replayed");
            Ending::Unavailable("unavailable")
        }
    }
}
