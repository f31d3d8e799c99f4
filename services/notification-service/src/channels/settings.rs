//! The settings of the channels.

use std::time::Duration;

use lettre::message::Mailbox;
use platform::config::{Reader, Secret};
use reqwest::Url;

use super::smtp_url::SmtpServer;

/// How long a provider may take to be reached, and then to answer, unless a test says otherwise.
const PATIENCE: Duration = Duration::from_secs(10);

/// The shortest secret, in bytes.
const MIN_SECRET_BYTES: usize = 32;

/// The longest address that links begin with: they have to fit into a text message.
const MAX_BASE_CHARS: usize = 150;

/// By which ways messages leave Tidings. A way of which nothing is told is not there; one of which half is told is a mistake.
#[derive(Clone, Debug)]
pub struct ChannelSettings {
    pub(super) email: Option<EmailSettings>,
    pub(super) sms: Option<TwilioAccount>,
    /// `NOTIFICATION_SECRET`.
    pub(super) secret: Option<Secret>,
    /// `APP_URL`: the web application.
    pub(super) app_url: String,
    /// `API_URL`: backend-api, as the world sees it.
    pub(super) api_url: String,
    pub(super) patience: Duration,
}

/// How e-mail leaves.
#[derive(Clone, Debug)]
pub(super) struct EmailSettings {
    pub(super) provider: EmailProvider,
    /// `EMAIL_FROM`.
    pub(super) from: Mailbox,
}

/// Who takes e-mail.
#[derive(Clone, Debug)]
pub(super) enum EmailProvider {
    /// `SMTP_URL`, `SMTP_USERNAME`, `SMTP_PASSWORD`.
    Smtp(SmtpServer),
    /// `SENDGRID_API_KEY`, `SENDGRID_URL`.
    SendGrid { key: Secret, url: String },
}

/// Who takes text messages.
#[derive(Clone, Debug)]
pub(super) struct TwilioAccount {
    /// `TWILIO_ACCOUNT_SID`.
    pub(super) sid: String,
    /// `TWILIO_AUTH_TOKEN`.
    pub(super) token: Secret,
    /// `TWILIO_FROM`: a number, or a messaging service, whose name begins with `MG`.
    pub(super) from: String,
    /// `TWILIO_URL`.
    pub(super) url: String,
}

impl ChannelSettings {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Self {
        let secret = reader.optional("NOTIFICATION_SECRET").map(Secret::new);
        if secret.as_ref().is_some_and(|secret| secret.expose().len() < MIN_SECRET_BYTES) {
            reader.mistake("NOTIFICATION_SECRET", "is too short: at least 32 random bytes, openssl rand -base64 48");
        }
        let settings = Self {
            email: email(reader),
            sms: twilio(reader),
            secret,
            app_url: base(reader, "APP_URL", "http://localhost:3000"),
            api_url: base(reader, "API_URL", "http://localhost:8000"),
            patience: PATIENCE,
        };
        if settings.email.is_some() && settings.secret.is_none() {
            let why = "is not set: e-mails have links to switch them off, which are signed with it; at least 32 random \
                       bytes, openssl rand -base64 48";
            reader.mistake("NOTIFICATION_SECRET", why);
        }
        settings
    }
}

fn email(reader: &mut Reader<'_>) -> Option<EmailSettings> {
    let provider = match (reader.optional("SMTP_URL"), reader.optional("SENDGRID_API_KEY")) {
        (None, None) => {
            for name in ["EMAIL_FROM", "SMTP_USERNAME", "SMTP_PASSWORD"] {
                if reader.optional(name).is_some() {
                    reader.mistake(name, "is set, but neither SMTP_URL nor SENDGRID_API_KEY is");
                }
            }
            return None;
        }
        (Some(_), Some(_)) => {
            reader.mistake("SMTP_URL", "and SENDGRID_API_KEY are both set: e-mail goes one way, unset the other");
            return None;
        }
        (Some(url), None) => EmailProvider::Smtp(SmtpServer::read(reader, url)?),
        (None, Some(key)) => {
            let url = base(reader, "SENDGRID_URL", "https://api.sendgrid.com");
            EmailProvider::SendGrid { key: Secret::new(key), url }
        }
    };
    let from = reader.required("EMAIL_FROM", "who e-mails are from, such as Tidings <tidings@example.com>");
    if from.is_empty() {
        return None;
    }
    let Some(from) = sender(&from) else {
        let why = "is no address to send from, such as Tidings <tidings@example.com>; its domain in ASCII (xn--…)";
        reader.mistake("EMAIL_FROM", why);
        return None;
    };
    Some(EmailSettings { provider, from })
}

/// An address with or without a name, both of which come back out of a header as they went in.
fn sender(text: &str) -> Option<Mailbox> {
    let mailbox: Mailbox = text.parse().ok()?;
    let plain = !text.contains(char::is_control) && mailbox.email.to_string().is_ascii();
    (plain && mailbox.to_string().parse() == Ok(mailbox.clone())).then_some(mailbox)
}

fn twilio(reader: &mut Reader<'_>) -> Option<TwilioAccount> {
    let names = ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM"];
    if names.iter().all(|name| reader.optional(name).is_none()) {
        return None;
    }
    let hint = "text messages need all of TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_FROM";
    let [sid, token, from] = names.map(|name| reader.required(name, hint));
    if !sid.is_empty() && !is_sid(&sid, "AC") {
        reader.mistake("TWILIO_ACCOUNT_SID", "is no account: AC and 32 hexadecimal digits");
    }
    if !from.is_empty() && !is_sms_sender(&from) {
        let why = "cannot send text messages: give a number such as +15005550006, a name of at most 11 letters and \
                   digits, or a messaging service, MG and 32 hexadecimal digits";
        reader.mistake("TWILIO_FROM", why);
    }
    let url = base(reader, "TWILIO_URL", "https://api.twilio.com");
    Some(TwilioAccount { sid, token: Secret::new(token), from, url })
}

/// Whether it is one of Twilio's names for things, which begin with what they are.
pub(super) fn is_sid(text: &str, kind: &str) -> bool {
    text.strip_prefix(kind).is_some_and(|id| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// A number, a short code, a name, or a messaging service.
fn is_sms_sender(text: &str) -> bool {
    let number = text.strip_prefix('+').unwrap_or(text);
    let is_number = (3..=15).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    let is_name = text.len() <= 11 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b' ');
    is_number || is_name || is_sid(text, "MG")
}

/// An address that others are made from, without the slash at its end.
fn base(reader: &mut Reader<'_>, name: &str, default: &str) -> String {
    let text = reader.optional(name).unwrap_or(default);
    let url = Url::parse(text).ok().filter(|url| ["http", "https"].contains(&url.scheme()));
    let plain = |url: &Url| url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    let Some(url) = url.filter(plain) else {
        reader.mistake(name, &format!("is no address of a web server, such as {default}"));
        return default.to_owned();
    };
    let base = url.as_str().trim_end_matches('/');
    if base.chars().count() > MAX_BASE_CHARS {
        reader.mistake(name, &format!("is longer than {MAX_BASE_CHARS} characters"));
    }
    base.to_owned()
}
