//! What is said in a text message.

use super::links::Links;
use super::text::{cut, one_line};
use crate::domain::local_time::local_time;
use crate::domain::message::Message;

/// The longest text, in characters: what costs no more than a few messages anywhere.
pub(super) const MAX_CHARS: usize = 320;

/// The title, the time and the link. Where that is too long the title is cut, as the others say nothing in part.
pub(super) fn text(message: &Message, links: &Links) -> String {
    let moment = message.task.as_ref().and_then(|task| task.due).unwrap_or(message.moment);
    let rest = format!(" - {} {}", local_time(moment, message.recipient.timezone), links.subject(message));
    let room = MAX_CHARS.saturating_sub(rest.chars().count());
    cut(&one_line(&message.title), room) + &rest
}
