//! The writing half of a socket.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;

use axum::extract::ws::Message;
use bytes::Bytes;
use futures::{Sink as _, SinkExt as _};

use super::line::Sender;
use crate::domain::ending::Ending;
use crate::hub::{Mailbox, Parcel};
use crate::metrics::SocketMetrics;

/// Writes what the mailbox holds, for as long as the connection takes it.
///
/// A parcel is taken out only when the connection is ready for it: wherever this is dropped, none is lost between the two,
/// and what remains in the mailbox follows what was written.
pub(super) async fn run(sender: &mut Sender, mailbox: &Mailbox, metrics: &SocketMetrics) -> Ending {
    match write(sender, mailbox, metrics).await {
        Ok(never) => match never {},
        Err(_) => Ending::ConnectionLost,
    }
}

async fn write(sender: &mut Sender, mailbox: &Mailbox, metrics: &SocketMetrics) -> Result<Infallible, axum::Error> {
    loop {
        mailbox.filled().await;
        loop {
            poll_fn(|context| Pin::new(&mut *sender).poll_ready(context)).await?;
            let Some(parcel) = mailbox.pop() else { break };
            if matches!(parcel, Parcel::Event(_) | Parcel::Replayed(_)) {
                metrics.events_sent.inc();
            }
            Pin::new(&mut *sender).start_send(message(parcel))?;
        }
        sender.flush().await?;
    }
}

/// The frame that carries a parcel.
pub(super) fn message(parcel: Parcel) -> Message {
    match parcel {
        Parcel::Event(text) | Parcel::Replayed(text) | Parcel::Reply(text) => Message::Text(text),
        Parcel::Ping => Message::Ping(Bytes::new()),
    }
}
