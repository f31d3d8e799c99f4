//! The events of Tidings: the only contract that services share.
//!
//! A producer builds an [`EventDraft`] and stores its payload in the outbox; the relay wraps the
//! stored payload in a [`CloudEvent`] and publishes it to the topics of [`EventType::topics`]. A
//! consumer hands the delivered bytes to [`Event::from_cloud_event`] and acts on what it
//! [`Received`], or sends the message to the dead-letter topic when it is [`Malformed`].
//!
//! `docs/EVENTS.md` and `specs/asyncapi.yaml` are written from this crate and from `samples/` by
//! `cargo run -p events --example events-docs`.

mod change;
mod cloud_event;
mod draft;
mod envelope;
mod event_type;
mod malformed;
mod notice;
mod notification;
mod outage;
mod received;
mod reminder;
mod routing;
pub mod schema;
mod source;
mod task;
mod topic;
mod user;

pub use change::{FieldChange, TagChange};
pub use cloud_event::{CloudEvent, SPEC_VERSION};
pub use draft::EventDraft;
pub use envelope::{Event, EventData, Metadata, PAYLOAD_VERSION, SCOPE_THIS};
pub use event_type::{EventType, UnknownEventType};
pub use malformed::Malformed;
pub use notice::place_of_notices;
pub use notification::NotificationData;
pub use outage::Outage;
pub use received::Received;
pub use reminder::{ReminderData, ReminderResult};
pub use source::Source;
pub use task::TaskData;
pub use topic::{Topic, UnknownTopic};
pub use user::UserData;
