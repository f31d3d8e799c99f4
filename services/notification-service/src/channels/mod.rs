//! The ways out: e-mail by SMTP or SendGrid, text messages by Twilio.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::domain::channel::Channel;
use crate::domain::message::{Kind, Message};

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
        /// What was seen, for the results and the log; no secret is in it.
        detail: String,
        /// How long the provider asks to wait.
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

/// Whether a channel can be used, and the settings that it lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Configured {
    configured: bool,
    missing: Vec<&'static str>,
}

/// Every channel that leads out of Tidings.
#[derive(Clone, Debug, Default)]
pub(crate) struct Channels;

impl Channels {
    /// The settings that a channel lacks; none when it can be used. The application itself never lacks any.
    pub(crate) fn missing(&self, channel: Channel) -> Vec<&'static str> {
        match channel {
            Channel::Email => vec!["SMTP_URL"],
            Channel::Sms => vec!["TWILIO_ACCOUNT_SID"],
            Channel::InApp => Vec::new(),
        }
    }

    /// Which channels can be used, as it is shown.
    pub(crate) fn shown(&self) -> BTreeMap<Channel, Configured> {
        let configured = |missing: Vec<&'static str>| Configured { configured: missing.is_empty(), missing };
        Channel::ALL.into_iter().map(|channel| (channel, configured(self.missing(channel)))).collect()
    }

    /// Whose e-mails, and of which kind, a link stands for.
    pub(crate) fn unsubscribe_token(&self, _token: &str) -> Option<(String, Kind)> {
        None
    }

    /// Hands the message to the provider of `channel`, for `address` (an e-mail address or a telephone number).
    ///
    /// # Errors
    /// See [`SendError`].
    pub(crate) async fn send(
        &self,
        channel: Channel,
        _address: &str,
        _message: &Message,
    ) -> Result<Receipt, SendError> {
        Err(SendError::Unconfigured { missing: self.missing(channel) })
    }
}
