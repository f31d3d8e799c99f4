//! Dead letters: the message as it came, and why it is one.

use super::callback::{OFFSET, PARTITION};
use crate::log::{Message, NewMessage};
use crate::metadata::Metadata;

/// Why it was set aside, in words.
const REASON: &str = "dead-letter-reason";
/// How often it was delivered in vain.
const ATTEMPTS: &str = "dead-letter-attempts";
/// The app that it was for.
const APP: &str = "dead-letter-app";

/// The longest reason, in bytes.
const LONGEST_REASON: usize = 512;

/// A copy of `message` for its dead-letter topic: the same bytes, and metadata that say what happened and where it stood, by which
/// those of several apps are known for the same message.
pub(super) fn of(message: &Message, partition: i16, reason: &str, attempts: u32, app: &str) -> NewMessage {
    let says = [(REASON, header_safe(reason)), (ATTEMPTS, attempts.to_string()), (APP, header_safe(app))];
    let kept = message.metadata.iter().filter(|(name, _)| !says.iter().any(|(own, _)| name.eq_ignore_ascii_case(own)));
    let mut metadata: Metadata = kept.map(|(name, value)| (name.clone(), value.clone())).collect();
    for (name, place) in [(PARTITION, message.partition.to_string()), (OFFSET, message.offset.to_string())] {
        metadata.entry(name.to_owned()).or_insert(place);
    }
    metadata.extend(says.map(|(name, value)| (name.to_owned(), value)));
    NewMessage { key: message.key.clone(), partition, envelope: message.envelope.clone(), metadata }
}

/// Metadata become headers, which take visible ASCII and blanks.
fn header_safe(text: &str) -> String {
    let visible = |character: char| if character.is_ascii_graphic() { character } else { ' ' };
    let text: String = text.chars().map(visible).take(LONGEST_REASON).collect();
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(metadata: Metadata) -> Message {
        let published_at = chrono::DateTime::UNIX_EPOCH;
        Message { partition: 3, offset: 7, key: Some("k".to_owned()), envelope: "{".into(), metadata, published_at }
    }

    #[test]
    fn the_message_is_unchanged_and_says_what_happened() {
        let before = Metadata::from([("mine", "x"), ("Dead-Letter-Attempts", "99")].map(|(a, b)| (a.into(), b.into())));
        let letter = of(&message(before), 5, "the app answered 503", 4, "shop");
        assert_eq!((letter.key.as_deref(), letter.partition, &letter.envelope[..]), (Some("k"), 5, &b"{"[..]));
        let expected = [
            ("__offset", "7"),
            ("__partition", "3"),
            ("dead-letter-app", "shop"),
            ("dead-letter-attempts", "4"),
            ("dead-letter-reason", "the app answered 503"),
            ("mine", "x"),
        ];
        assert_eq!(letter.metadata.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_reason_fits_a_header() {
        assert_eq!(header_safe("  an\r\nanswer: \"J\u{fc}\"\0 "), "an  answer: \"J \"");
        assert_eq!(header_safe(&"\u{1F600}x".repeat(2_000)).len(), 511);
    }
}
