//! E-mail addresses.

use super::invalid::Invalid;

/// An address with one `@`, at most 254 octets (RFC 5321 §4.5.3.1.3); white space around it is not part of it. Whether it
/// can be reached only a message would tell; quoted local parts and domain literals, which nobody has, are refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// The longest address, in octets.
    pub const MAX_BYTES: usize = 254;
    /// The longest part before the `@`, in octets (RFC 5321 §4.5.3.1.1).
    const MAX_LOCAL_BYTES: usize = 64;

    /// Reads an address.
    ///
    /// # Errors
    /// `email_invalid`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let valid = text.len() <= Self::MAX_BYTES
            && text.split_once('@').is_some_and(|(local, domain)| {
                local.len() <= Self::MAX_LOCAL_BYTES && are_labels(local) && are_labels(domain)
            });
        if valid {
            return Ok(Self(text.to_owned()));
        }
        let detail = "Give an e-mail address of at most 254 characters, such as alice@example.com.";
        Err(Invalid::new("email_invalid", detail))
    }

    /// The address as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is compared: addresses that differ only in case belong to the same person.
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }
}

/// Texts of any script between single dots, without what has a meaning of its own in addresses (RFC 5322 §3.2.3).
fn are_labels(text: &str) -> bool {
    let special = |c: char| c.is_control() || c.is_whitespace() || r#"()<>[]:;@\,""#.contains(c);
    text.split('.').all(|label| !label.is_empty() && !label.contains(special))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_trimmed_and_compared_without_case() {
        let email = Email::parse(" Alice.L+tasks@Example.COM\n").unwrap();
        assert_eq!((email.as_str(), &*email.folded()), ("Alice.L+tasks@Example.COM", "alice.l+tasks@example.com"));
        for text in ["alice@localhost", "a@b", "o'neil@example.com", "анна@пример.рф"] {
            assert!(Email::parse(text).is_ok(), "{text}");
        }
        let longest = format!("{}@{}", "a".repeat(64), "b".repeat(189));
        assert_eq!(longest.len(), 254);
        assert!(Email::parse(&longest).is_ok());
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let too_long = format!("{}@{}", "a".repeat(64), "b".repeat(190));
        let local_too_long = format!("{}@b", "a".repeat(65));
        for text in [
            "",
            "@",
            "alice",
            "alice@",
            "@example.com",
            "a@b@c",
            "a b@c",
            "a@b c",
            "a\0@b",
            "a@b\u{7f}",
            "a\u{a0}b@c",
            ".a@b",
            "a.@b",
            "a..b@c",
            "a@.b",
            "a@b.",
            "a@b..c",
            "<a@b>",
            "Alice <a@b>",
            "\"a b\"@c",
            "a@[127.0.0.1]",
            "a,b@c",
            &too_long,
            &local_too_long,
        ] {
            assert_eq!(Email::parse(text).unwrap_err().code, "email_invalid", "{text:?}");
        }
    }
}
