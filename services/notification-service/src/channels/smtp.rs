//! E-mail by SMTP.

use std::error::Error as _;
use std::fmt;
use std::fs;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use futures::future::BoxFuture;
use lettre::address::Envelope;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Message as Mail, MultiPart};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use tokio::time::{Instant, timeout};

use super::letter::{Letter, LetterWriter};
use super::smtp_url::{Encryption, SmtpServer};
use super::text::{cut, one_line};
use super::{Provider, Receipt, SendError};
use crate::domain::message::Message;

/// How many connections are kept for the next mail.
const MAX_IDLE: usize = 16;
/// How long a connection is kept without a mail; servers end them after minutes (RFC 5321 §4.5.3.2.7).
const MAX_IDLE_TIME: Duration = Duration::from_mins(1);
/// How many mails a connection carries; some servers take no more.
const MAX_MAILS: u32 = 100;
/// The longest name that a server gives a mail, in characters.
const MAX_NAME: usize = 200;

/// A mail server, and the connections to it.
///
/// lettre's own pool is not used: when a send is given up, it keeps the connection for the next mail, which then reads the answers
/// to this one. Here a connection is kept only after the server has taken a mail.
pub(super) struct Smtp {
    server: SmtpServer,
    tls: Option<TlsParameters>,
    hello: ClientId,
    writer: LetterWriter,
    patience: Duration,
    idle: Mutex<Vec<Connection>>,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp").field("server", &self.server).finish_non_exhaustive()
    }
}

struct Connection {
    lettre: AsyncSmtpConnection,
    mails: u32,
    since: Instant,
}

impl Provider for Smtp {
    fn send<'a>(&'a self, address: &'a str, message: &'a Message) -> BoxFuture<'a, Result<Receipt, SendError>> {
        Box::pin(async move { self.carry(self.writer.write(address, message)?).await })
    }
}

impl Smtp {
    pub(super) fn new(server: SmtpServer, writer: LetterWriter, patience: Duration) -> anyhow::Result<Self> {
        let tls = match server.encryption {
            Encryption::None => None,
            Encryption::StartTls | Encryption::Implicit => Some(tls(&server)?),
        };
        // A name that the world can look up, which the one of this machine seldom is.
        let hello = ClientId::Domain(writer.from.email.domain().to_owned());
        Ok(Self { server, tls, hello, writer, patience, idle: Mutex::default() })
    }

    async fn carry(&self, letter: Letter) -> Result<Receipt, SendError> {
        let recipient = Envelope::new(Some(letter.from.email.clone()), vec![letter.to.email.clone()]);
        let mail =
            mail(letter).map_err(|error| SendError::permanent(format!("the e-mail cannot be written: {error}")))?;
        let envelope = recipient.map_err(|error| SendError::permanent(error.to_string()))?;
        let connecting = timeout(self.patience, self.connection()).await;
        let mut connection =
            connecting.map_err(|_| self.silence("was not reached"))?.map_err(|error| refused(&error))?;
        // Given up, the connection goes with the future that has it.
        let sending = timeout(self.patience, async {
            let taken = connection.lettre.send(&envelope, &mail.formatted()).await?;
            Ok((connection, taken))
        });
        let sent = sending.await.map_err(|_| self.silence("did not answer"))?;
        let (connection, taken) = sent.map_err(|error: Error| {
            // What this server cannot carry, such as an address in another script, it never will.
            if error.is_client() { SendError::permanent(said(&error)) } else { refused(&error) }
        })?;
        self.keep(connection);
        Ok(Receipt { provider_id: taken.first_line().map(|line| cut(&one_line(line), MAX_NAME)) })
    }

    /// One that the server still listens to, or a new one.
    async fn connection(&self) -> Result<Connection, Error> {
        if let Some(mut kept) = self.take() {
            if timeout(self.patience / 4, kept.lettre.test_connected()).await == Ok(true) {
                return Ok(kept);
            }
            // The others have waited longer.
            self.idle().clear();
        }
        let SmtpServer { host, port, encryption, account, .. } = &self.server;
        let implicit = self.tls.clone().filter(|_| *encryption == Encryption::Implicit);
        let mut lettre =
            AsyncSmtpConnection::connect_tokio1((&**host, *port), None, &self.hello, implicit, None).await?;
        if let (Encryption::StartTls, Some(tls)) = (encryption, &self.tls) {
            lettre.starttls(tls.clone(), &self.hello).await?;
        }
        if let Some((name, password)) = account {
            let credentials = Credentials::new(name.clone(), password.expose().to_owned());
            lettre.auth(DEFAULT_MECHANISMS, &credentials).await?;
        }
        Ok(Connection { lettre, mails: 0, since: Instant::now() })
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Option<Connection> {
        let mut idle = self.idle();
        idle.retain(|kept| kept.since.elapsed() < MAX_IDLE_TIME);
        idle.pop()
    }

    fn keep(&self, connection: Connection) {
        let kept = Connection { mails: connection.mails + 1, since: Instant::now(), ..connection };
        let mut idle = self.idle();
        if kept.mails < MAX_MAILS && idle.len() < MAX_IDLE {
            idle.push(kept);
        }
    }

    fn silence(&self, what: &str) -> SendError {
        SendError::transient(format!("the mail server {what} within {:?}", self.patience))
    }
}

fn tls(server: &SmtpServer) -> anyhow::Result<TlsParameters> {
    let mut builder = TlsParameters::builder(server.host.clone());
    if let Some(file) = &server.authority {
        let context = || format!("SMTP_URL: ca={} has no certificate", file.display());
        let text = fs::read(file).with_context(context)?;
        builder = builder.add_root_certificate(Certificate::from_pem(&text).with_context(context)?);
    }
    builder.build().context("SMTP_URL: encryption cannot be set up")
}

fn mail(letter: Letter) -> Result<Mail, lettre::error::Error> {
    let mut builder = Mail::builder().from(letter.from).to(letter.to).subject(letter.subject);
    for (name, value) in letter.headers {
        builder = builder.raw_header(HeaderValue::new(HeaderName::new_from_ascii_str(name), value));
    }
    builder.multipart(MultiPart::alternative_plain_html(letter.text, letter.html))
}

/// A reply of 5yz is for ever; everything else may pass: 4yz, a connection that ends, a certificate that is not believed.
fn refused(error: &Error) -> SendError {
    if error.is_permanent() { SendError::permanent(said(error)) } else { SendError::transient(said(error)) }
}

fn said(error: &Error) -> String {
    let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    let cause = one_line(&cause);
    match error.status() {
        Some(code) => format!("the mail server answered {code}: {cause}"),
        None => format!("the mail server did not take it: {cause}"),
    }
}
