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
