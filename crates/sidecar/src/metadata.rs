//! Publish metadata: names and values that travel with a message. Dapr reads the names without regard to case.

use std::collections::BTreeMap;
use std::time::Duration;

/// The metadata of one message, names as they were given.
pub(crate) type Metadata = BTreeMap<String, String>;

/// The value of the first of `names` that is set and not empty.
pub(crate) fn property<'a>(metadata: &'a Metadata, names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| {
        let found = metadata.iter().find(|(key, value)| key.eq_ignore_ascii_case(name) && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    })
}

/// The most names, and the most bytes in all, that a message may carry: they become headers of its delivery, and an app that
/// cannot take its headers would never get past the message.
const MOST: usize = 64;
const MOST_BYTES: usize = 8 * 1024;

/// Whether the metadata can be delivered.
///
/// # Errors
/// When there is too much of it.
pub(crate) fn check_size(metadata: &Metadata) -> Result<(), String> {
    let bytes: usize = metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
    if metadata.len() <= MOST && bytes <= MOST_BYTES {
        return Ok(());
    }
    Err(format!("at most {MOST} metadata entries of {MOST_BYTES} bytes in all, not {} of {bytes}", metadata.len()))
}

/// Whether the message, or the subscription, asks for bytes without an envelope.
///
/// # Errors
/// With daprd's words, when the value is no boolean.
pub(crate) fn raw_payload(metadata: &Metadata) -> Result<bool, String> {
    match property(metadata, &["rawPayload"]) {
        None | Some("0" | "f" | "F" | "false" | "FALSE" | "False") => Ok(false),
        Some("1" | "t" | "T" | "true" | "TRUE" | "True") => Ok(true),
        Some(other) => Err(format!("failed to parse rawPayload: \"{other}\" is not a boolean")),
    }
}

/// How long the message is of use. Values that are no positive number of seconds are passed over, as daprd does.
pub(crate) fn ttl(metadata: &Metadata) -> Option<Duration> {
    let seconds = property(metadata, &["ttlInSeconds", "ttl"])?.trim_end_matches('s').parse().ok()?;
    (seconds > 0).then(|| Duration::from_secs(seconds))
}

/// The key whose messages stay in order.
pub(crate) fn partition_key(metadata: &Metadata) -> Option<&str> {
    property(metadata, &["partitionKey", "__key"])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(name: &str, value: &str) -> Metadata {
        Metadata::from([(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn names_are_read_without_regard_to_case() {
        assert_eq!(partition_key(&metadata("PartitionKey", "a")), Some("a"));
        assert_eq!(ttl(&metadata("TTLInSeconds", "3")), Some(Duration::from_secs(3)));
        assert_eq!(ttl(&metadata("ttl", "-3")), None);
        assert_eq!(raw_payload(&metadata("rawpayload", "true")), Ok(true));
        assert!(raw_payload(&metadata("rawPayload", "zz")).is_err());
    }
}
