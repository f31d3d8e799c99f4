//! The ways by which a person is told something.

use serde::{Deserialize, Serialize};

/// A way to tell a person something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Channel {
    /// E-mail.
    Email,
    /// Text message.
    Sms,
    /// In the application: a list of what is new, and open sockets.
    InApp,
}

impl Channel {
    /// Every channel.
    pub(crate) const ALL: [Self; 3] = [Self::Email, Self::Sms, Self::InApp];

    /// Those of a reminder that names none.
    pub(crate) const DEFAULT: [Self; 2] = [Self::Email, Self::InApp];

    /// Its name in preferences, tables and events.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
            Self::InApp => "in_app",
        }
    }
}
