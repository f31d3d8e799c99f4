//! How a socket is closed.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message};
use futures::{SinkExt as _, StreamExt as _};
use tokio::time::{sleep, timeout};

use super::line::{Receiver, Sender};
use super::writer;
use crate::domain::ending::Ending;
use crate::domain::server_message::ServerMessage;
use crate::hub::Mailbox;

/// Sends the rest, the reason and the close frame, and waits until the client has answered it, all within `limit`.
pub(super) async fn close(
    mut sender: Sender,
    mut receiver: Receiver,
    ending: Ending,
    rest: Option<&Mailbox>,
    limit: Duration,
) {
    let farewell = async {
        if say(&mut sender, ending, rest).await.is_ok() && ending.close_frame().is_some() {
            hear_out(&mut receiver, ending, limit).await;
        }
    };
    // A client that does not even read its close frame is left to itself.
    let _ = timeout(limit, farewell).await;
}

async fn say(sender: &mut Sender, ending: Ending, rest: Option<&Mailbox>) -> Result<(), axum::Error> {
    while let Some(parcel) = rest.and_then(Mailbox::pop) {
        sender.feed(writer::message(parcel)).await?;
    }
    if let Some(code) = ending.error() {
        sender.feed(ServerMessage::Error { code }.to_text().into()).await?;
    }
    if let Some((code, reason)) = ending.close_frame() {
        sender.feed(Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await?;
    }
    sender.flush().await
}

/// To drop a connection with something unread in it resets it, and the reset may overtake the close frame. What cannot be
/// read any more, because it broke the rules, is given the time instead.
async fn hear_out(receiver: &mut Receiver, ending: Ending, limit: Duration) {
    if matches!(ending, Ending::MessageTooBig | Ending::NotUtf8 | Ending::ProtocolBroken) {
        sleep(limit).await;
    }
    while let Some(Ok(_)) = receiver.next().await {}
}
