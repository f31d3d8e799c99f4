//! A message that a consumer gave up, and which of them are asked for.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use events::schema::{MAX_EVENT_TYPE_LENGTH, MAX_USER_ID_LENGTH};
use events::{Event, Malformed, Received};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::criteria::Limit;
use super::notice::Notice;
use super::origin::Origin;

/// The largest message that consumers read, in bytes: what a sidecar passes on unless it is told otherwise. Twice the
/// largest task fits with every character escaped.
pub(crate) const MAX_MESSAGE: usize = 4 * 1024 * 1024;

/// The most that is kept of a dead letter, in bytes. What a sidecar takes for publishing, wrapped with every character
/// escaped, fits.
pub(crate) const MAX_DEAD_LETTER: usize = 32 * 1024 * 1024;

/// The most characters of a text that is told about a letter.
const MAX_TOLD: usize = 500;

/// A message as it came from `<topic>.dead`.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    /// The topic that it was published to.
    pub(crate) topic: Origin,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
    /// Whether there were more than [`MAX_DEAD_LETTER`] of them.
    pub(crate) cut: bool,
    /// Where it stood on the broker when it was given up: partition and offset in its own topic. What was published as a dead letter
    /// tells where it stands. Not every broker tells.
    pub(crate) position: Option<(String, String)>,
    /// Why the sidecar gave up. Not every sidecar tells.
    pub(crate) reason: Option<String>,
    /// How often it was delivered. Not every sidecar tells.
    pub(crate) attempts: Option<i32>,
    /// The app that it was delivered to. Not every sidecar tells.
    pub(crate) consumer: Option<String>,
}

impl Arrival {
    /// The same message at the same place, and no other, has the same fingerprint, however many consumers gave it up. The bytes belong to it, because a
    /// topic that is made anew counts its offsets anew.
    pub(crate) fn fingerprint(&self) -> [u8; 32] {
        let (partition, offset) = self.position.as_ref().map_or(("", ""), |(partition, offset)| (partition, offset));
        let hash = Sha256::new().chain_update(format!("{}\n{partition}\n{offset}\n", self.topic));
        hash.chain_update(&self.bytes).finalize().into()
    }

    /// What is wrong with the message: what the contract says, else what the sidecar said.
    pub(crate) fn cause(&self) -> String {
        if self.cut {
            return format!("the message is larger than {MAX_DEAD_LETTER} bytes; only its beginning is kept");
        }
        let read = match self.topic {
            Origin::Events(_) => read(&self.bytes).map(drop),
            Origin::Notices => read_notice(&self.bytes).map(drop),
        };
        match read {
            Err(malformed) => told(&malformed.to_string()),
            Ok(()) => self.reason().unwrap_or_else(|| "unknown: the message keeps the contract".to_owned()),
        }
    }

    /// [`Arrival::reason`] as it can be stored.
    pub(crate) fn reason(&self) -> Option<String> {
        self.reason.as_deref().map(told)
    }

    /// [`Arrival::consumer`] as it can be stored.
    pub(crate) fn consumer(&self) -> Option<String> {
        self.consumer.as_deref().map(told)
    }
}

/// The message in a delivery by a raw subscription, which has it as base64 in an envelope. A delivery that is no such
/// envelope is taken for the message: nothing is refused here.
pub(crate) fn unwrap(delivery: Vec<u8>) -> Vec<u8> {
    #[derive(Deserialize)]
    struct Envelope<'a> {
        #[serde(borrow)]
        data_base64: Cow<'a, str>,
    }
    let envelope = serde_json::from_slice(&delivery).ok();
    let message = envelope.and_then(|Envelope { data_base64 }| STANDARD.decode(data_base64.as_bytes()).ok());
    message.unwrap_or(delivery)
}

/// Reads a message as a consumer does.
///
/// # Errors
/// What a consumer would find wrong with it.
pub(crate) fn read(bytes: &[u8]) -> Result<Received, Malformed> {
    check_size(bytes)?;
    Event::from_cloud_event(bytes)
}

/// Reads a message as the consumer of notices does.
///
/// # Errors
/// What it would find wrong with it.
pub(crate) fn read_notice(bytes: &[u8]) -> Result<Notice, Malformed> {
    check_size(bytes)?;
    Notice::read(bytes, "")
}

fn check_size(bytes: &[u8]) -> Result<(), Malformed> {
    if bytes.len() <= MAX_MESSAGE {
        return Ok(());
    }
    Err(Malformed { pointer: String::new(), reason: format!("is larger than {MAX_MESSAGE} bytes") })
}

/// What a message says of itself, as far as it can be read; nothing of it is certain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Claims {
    /// The event.
    pub(crate) event_id: Option<Uuid>,
    /// What happened.
    pub(crate) event_type: Option<String>,
    /// Who did it.
    pub(crate) user_id: Option<String>,
    /// Where.
    pub(crate) workspace_id: Option<Uuid>,
}

impl Claims {
    /// Reads what can be read.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let Ok(message) = serde_json::from_slice::<Value>(bytes) else { return Self::default() };
        let field = |name: &str| message.get("data")?.get(name)?.as_str();
        let id = |name: &str| field(name).and_then(|id| Uuid::try_parse(id).ok());
        let text = |name: &str, max: usize| field(name).filter(|text| is_plain(text, max)).map(str::to_owned);
        Self {
            event_id: id("event_id"),
            event_type: text("event_type", MAX_EVENT_TYPE_LENGTH),
            user_id: text("user_id", MAX_USER_ID_LENGTH),
            workspace_id: id("organization_id"),
        }
    }
}

fn is_plain(text: &str, max: usize) -> bool {
    !text.is_empty() && text.chars().count() <= max && !text.chars().any(char::is_control)
}

/// Text from who knows where, on one line: neither a terminal nor the database stumbles over it.
fn told(text: &str) -> String {
    let visible = |character: char| if character.is_control() { char::REPLACEMENT_CHARACTER } else { character };
    text.chars().take(MAX_TOLD).map(visible).collect()
}

/// What has become of a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// Nothing yet.
    Dead,
    /// It was published again, as it is or mended.
    Replayed,
}

impl FromStr for Status {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Dead, Self::Replayed].into_iter().find(|status| status.to_string() == text).ok_or(())
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dead => "dead",
            Self::Replayed => "replayed",
        })
    }
}

/// Which letters are asked for. What is `None` does not matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Selection {
    /// Published to this topic.
    pub(crate) topic: Option<Origin>,
    /// Of which this has become.
    pub(crate) status: Option<Status>,
    /// Older than this letter.
    pub(crate) after: Option<Uuid>,
    /// This many at most.
    pub(crate) limit: Limit,
}

/// What is known of a letter, without its bytes.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Summary {
    /// Names the letter.
    pub(crate) id: Uuid,
    /// The topic that it was published to.
    pub(crate) topic: String,
    /// What has become of it.
    pub(crate) status: Status,
    /// What is wrong with it.
    pub(crate) cause: String,
    /// Why the sidecar gave up.
    pub(crate) reason: Option<String>,
    /// How often it was delivered.
    pub(crate) attempts: Option<i32>,
    /// The app that it was delivered to.
    pub(crate) consumer: Option<String>,
    /// The event that it says it is.
    pub(crate) event_id: Option<Uuid>,
    /// What it says has happened.
    pub(crate) event_type: Option<String>,
    /// Who it says did it.
    pub(crate) user_id: Option<String>,
    /// Where it says that was.
    pub(crate) workspace_id: Option<Uuid>,
    /// When it was stored.
    pub(crate) received_at: DateTime<Utc>,
    /// How many bytes it has.
    pub(crate) size: i32,
}
