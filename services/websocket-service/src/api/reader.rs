//! The reading half of a socket, and what happens to it with time.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::StreamExt as _;
use platform::auth::AuthError;
use platform::clock::Clock;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until};

use super::incoming::{Incoming, Mistakes};
use super::line::Receiver;
use crate::actions::renew_session::{self, RenewError};
use crate::app::App;
use crate::domain::client_message::ClientMessage;
use crate::domain::ending::Ending;
use crate::domain::server_message::ServerMessage;
use crate::domain::session::Session;
use crate::hub::{Mailbox, Parcel};

/// How many pings may go unanswered.
const MAX_UNANSWERED: u32 = 2;

/// Reads a socket. Answers go through its mailbox, so that a client that asks and does not read is a slow reader too.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    app: &'a App,
    mailbox: &'a Mailbox,
    session: Session,
    mistakes: Mistakes,
    /// Pings sent since anything was heard.
    unanswered: u32,
}

impl<'a> Reader<'a> {
    /// A reader for the socket of `session`.
    pub(super) fn new(app: &'a App, mailbox: &'a Mailbox, session: Session) -> Self {
        Self { app, mailbox, session, mistakes: Mistakes::default(), unanswered: 0 }
    }

    /// Reads until the client closes, errs too often, falls silent, or its session expires.
    pub(super) async fn run(mut self, receiver: &mut Receiver) -> Ending {
        let mut pings = every(self.app.limits.ping_every);
        loop {
            // Asked anew each time: the clock may have been set, and timers do not run while the machine sleeps.
            let expires = instant_of(self.session.expires_at, &self.app.clock);
            let done = tokio::select! {
                () = sleep_until(expires) => Err(Ending::Expired),
                _ = pings.tick() => self.ping(),
                received = receiver.next() => {
                    self.unanswered = 0;
                    self.take(Incoming::of(received)).await
                }
            };
            if let Err(ending) = done {
                return ending;
            }
        }
    }

    fn ping(&mut self) -> Result<(), Ending> {
        if self.unanswered == MAX_UNANSWERED {
            return Err(Ending::Unresponsive);
        }
        self.unanswered += 1;
        self.mailbox.push(Parcel::Ping);
        Ok(())
    }

    async fn take(&mut self, incoming: Incoming) -> Result<(), Ending> {
        match incoming {
            // Boxed, so that its memory is free again while the socket idles.
            Incoming::Message(ClientMessage::Auth { token, .. }) => Box::pin(self.renew(&token)).await,
            Incoming::Message(ClientMessage::Ping) => {
                self.reply(&ServerMessage::Pong);
                Ok(())
            }
            Incoming::Mistake(mistake) => {
                self.mistakes.count(mistake)?;
                self.reply(&ServerMessage::Error { code: mistake.code() });
                Ok(())
            }
            Incoming::Heartbeat => Ok(()),
            Incoming::End(ending) => Err(ending),
        }
    }

    /// While the issuer is away the old session goes on, and the client may try again.
    async fn renew(&mut self, token: &str) -> Result<(), Ending> {
        match renew_session::renew(self.app, &self.session, token).await {
            Ok(session) => {
                self.reply(&ServerMessage::Renewed { expires_at: session.expires_at });
                self.session = session;
                Ok(())
            }
            Err(RenewError::UserMismatch) => Err(Ending::Refused("user_mismatch")),
            Err(RenewError::Token(error @ AuthError::Unavailable { .. })) => {
                self.reply(&ServerMessage::Error { code: error.code() });
                Ok(())
            }
            Err(RenewError::Token(error)) => Err(Ending::Refused(error.code())),
        }
    }

    fn reply(&self, message: &ServerMessage<'_>) {
        self.mailbox.push(Parcel::Reply(message.to_text().into()));
    }
}

/// When it will be `time`, as the clock stands now; at once if it has been.
fn instant_of(time: DateTime<Utc>, clock: &Clock) -> Instant {
    /// Farther away than any socket lives; keeps the sum within what an `Instant` can hold.
    const FAR: Duration = Duration::from_hours(365 * 24);
    Instant::now() + (time - clock.now()).to_std().unwrap_or_default().min(FAR)
}

fn every(period: Duration) -> Interval {
    let mut interval = interval_at(Instant::now() + period, period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}
