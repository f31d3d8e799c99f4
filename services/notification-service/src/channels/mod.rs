//! The ways out: e-mail by SMTP or SendGrid, text messages by Twilio.
//!
//! A message may leave twice, when what became of it is not known: the connection ended, or nobody answered in time. E-mails then
//! have the same Message-ID, by which mailboxes recognise a repetition; Twilio knows no such thing (ADR 24).

mod address;
mod answer;
mod discreet;
mod letter;
mod links;
mod sendgrid;
mod settings;
mod smtp;
mod smtp_url;
mod text;
mod text_message;
mod twilio;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use serde::Serialize;

use self::discreet::discreet;
use self::letter::LetterWriter;
use self::links::Links;
use self::sendgrid::SendGrid;
pub(crate) use self::settings::ChannelSettings;
use self::settings::EmailProvider;
use self::smtp::Smtp;
use self::twilio::Twilio;
use crate::domain::channel::Channel;
use crate::domain::message::{Kind, Message};
use crate::domain::unsubscribe_token::UnsubscribeTokens;

/// What a provider said about a message that it took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Receipt {
    /// The provider's own name of it.
    pub(crate) provider_id: Option<String>,
}

/// Why a message was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SendError {
    /// It may be taken later: 429, 5xx, a 4yz reply of SMTP, no answer in time.
    #[error("{detail}")]
    Transient {
        /// What was seen, for the results and the log; no secret is in it, and once it has left [`Channels::send`] no address.
        detail: String,
        /// How long the provider asks to wait, a day at most.
        retry_after: Option<Duration>,
    },
    /// It will never be taken: an address that is none, a refused request.
    #[error("{detail}")]
    Permanent {
        /// What was seen.
        detail: String,
    },
    /// There are no credentials for the channel: these settings are missing.
    #[error("not configured: {}", .missing.join(", "))]
    Unconfigured {
        /// The names of the settings.
        missing: Vec<&'static str>,
    },
}

impl SendError {
    fn transient(detail: impl Into<String>) -> Self {
        Self::Transient { detail: detail.into(), retry_after: None }
    }

    fn permanent(detail: impl Into<String>) -> Self {
        Self::Permanent { detail: detail.into() }
    }

    /// The same without the address.
    fn about(self, address: &str) -> Self {
        match self {
            Self::Transient { detail, retry_after } => {
                Self::Transient { detail: discreet(&detail, address), retry_after }
            }
            Self::Permanent { detail } => Self::Permanent { detail: discreet(&detail, address) },
            Self::Unconfigured { missing } => Self::Unconfigured { missing },
        }
    }
}

/// Whether a channel can be used, and the settings that it lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Configured {
    configured: bool,
    missing: Vec<&'static str>,
}

/// Takes messages of one channel, to hand them on.
trait Provider: fmt::Debug + Send + Sync {
    /// Hands `message` over for `address`, within twice the patience of the settings.
    fn send<'a>(&'a self, address: &'a str, message: &'a Message) -> BoxFuture<'a, Result<Receipt, SendError>>;
}

/// Every channel that leads out of Tidings. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Channels {
    email: Result<Arc<dyn Provider>, Vec<&'static str>>,
    sms: Result<Arc<dyn Provider>, Vec<&'static str>>,
    tokens: Option<UnsubscribeTokens>,
}

impl Channels {
    /// The channels for which there are settings.
    ///
    /// # Errors
    /// When a file that they name cannot be read, or the TLS set-up of the machine.
    pub(crate) fn new(settings: ChannelSettings) -> anyhow::Result<Self> {
        let ChannelSettings { email, sms, secret, app_url, api_url, patience } = settings;
        let (links, tokens) = (Links { app_url, api_url }, secret.as_ref().map(UnsubscribeTokens::new));
        let sms: Result<Arc<dyn Provider>, _> = match sms {
            Some(account) => Ok(Arc::new(Twilio::new(account, links.clone(), patience)?)),
            None => Err(vec!["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM"]),
        };
        let email: Result<Arc<dyn Provider>, _> = match (email, tokens.clone()) {
            (Some(settings), Some(tokens)) => {
                let writer = LetterWriter { from: settings.from, links, tokens };
                Ok(match settings.provider {
                    EmailProvider::Smtp(server) => Arc::new(Smtp::new(server, writer, patience)?),
                    EmailProvider::SendGrid { key, url } => Arc::new(SendGrid::new(key, &url, writer, patience)?),
                })
            }
            (_, Some(_)) => Err(vec!["SMTP_URL or SENDGRID_API_KEY", "EMAIL_FROM"]),
            (_, None) => Err(vec!["SMTP_URL or SENDGRID_API_KEY", "EMAIL_FROM", "NOTIFICATION_SECRET"]),
        };
        Ok(Self { email, sms, tokens })
    }

    /// The settings that a channel lacks; none when it can be used. The application itself never lacks any.
    pub(crate) fn missing(&self, channel: Channel) -> Vec<&'static str> {
        match channel {
            Channel::Email => self.email.as_ref().err().cloned().unwrap_or_default(),
            Channel::Sms => self.sms.as_ref().err().cloned().unwrap_or_default(),
            Channel::InApp => Vec::new(),
        }
    }

    /// Hands the message to the provider of `channel`, for `address` (an e-mail address or a telephone number). It has ended after
    /// 20 s, and with 10 s without an answer. Whoever calls it decides how many may be under way at once.
    ///
    /// # Errors
    /// See [`SendError`].
    pub(crate) async fn send(&self, channel: Channel, address: &str, message: &Message) -> Result<Receipt, SendError> {
        let provider = match channel {
            Channel::Email => &self.email,
            Channel::Sms => &self.sms,
            // There is nothing to hand over: the person's list is a table of this service.
            Channel::InApp => return Ok(Receipt::default()),
        };
        match provider {
            Ok(provider) => provider.send(address, message).await.map_err(|error| error.about(address)),
            Err(missing) => Err(SendError::Unconfigured { missing: missing.clone() }),
        }
    }

    /// Which channels can be used, as it is shown.
    pub(crate) fn shown(&self) -> BTreeMap<Channel, Configured> {
        let configured = |missing: Vec<&'static str>| Configured { configured: missing.is_empty(), missing };
        Channel::ALL.into_iter().map(|channel| (channel, configured(self.missing(channel)))).collect()
    }

    /// Whose e-mails, and of which kind, a link switches off; nothing unless one of ours has it.
    pub(crate) fn unsubscribe_token(&self, token: &str) -> Option<(String, Kind)> {
        self.tokens.as_ref()?.read(token)
    }
}
