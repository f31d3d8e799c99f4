//! Addresses of e-mail: one rule for whoever takes them and whoever sends to them, so that nobody signs up with one to which no mail can go.

/// An address with one `@`, at most 254 octets (RFC 5321 §4.5.3.1.3). Whether it can be reached only a message would tell; quoted local parts and domain
/// literals, which nobody has, are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailAddress {
    local: String,
    domain: String,
}

impl MailAddress {
    /// The longest address, in octets.
    pub const MAX_BYTES: usize = 254;
    /// The longest part before the `@`, in octets (RFC 5321 §4.5.3.1.1).
    const MAX_LOCAL_BYTES: usize = 64;
    /// The longest part between dots of a domain, in octets (RFC 1035 §2.3.4).
    const MAX_LABEL_BYTES: usize = 63;

    /// Reads an address of any script.
    pub fn parse(text: &str) -> Option<Self> {
        let (local, domain) = text.split_once('@')?;
        if local.len() > Self::MAX_LOCAL_BYTES || !are_labels(local) || !are_labels(domain) {
            return None;
        }
        let domain = idna::domain_to_ascii(domain).ok()?;
        let is_short = local.len() + 1 + domain.len() <= Self::MAX_BYTES && text.len() <= Self::MAX_BYTES;
        // What looks like a letter of a domain may become something else in ASCII.
        let is_host = domain.split('.').all(is_host_label);
        (is_short && is_host).then(|| Self { local: local.to_owned(), domain })
    }

    /// What is before the `@`, as it was written; nothing in it has a meaning of its own in headers or to mail servers.
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The domain in ASCII (RFC 5891), which most servers know alone; what is before it has no such form.
    pub fn domain(&self) -> &str {
        &self.domain
    }
}

/// Texts of any script between single dots, without what has a meaning of its own in addresses (RFC 5322 §3.2.3).
fn are_labels(text: &str) -> bool {
    let special = |c: char| c.is_control() || c.is_whitespace() || r#"()<>[]:;@\,""#.contains(c);
    text.split('.').all(|label| !label.is_empty() && !label.contains(special))
}

fn is_host_label(label: &str) -> bool {
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=MailAddress::MAX_LABEL_BYTES).contains(&label.len()) && label.bytes().all(is_host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_any_script_are_taken() {
        for (text, local, domain) in [
            ("Alice.L+tasks@Example.COM", "Alice.L+tasks", "example.com"),
            ("alice@localhost", "alice", "localhost"),
            ("a@b", "a", "b"),
            ("o'neil@example.com", "o'neil", "example.com"),
            ("!#$%&'*+-/=?^_`{|}~@example.com", "!#$%&'*+-/=?^_`{|}~", "example.com"),
            ("анна@пример.рф", "анна", "xn--e1afmkfd.xn--p1ai"),
            ("संपर्क@डाटामेल.भारत", "संपर्क", "xn--c2bd4bq1db8d.xn--h2brj9c"),
            ("straße@straße.example", "straße", "xn--strae-oqa.example"),
            ("a@x_y.1-2.example", "a", "x_y.1-2.example"),
        ] {
            let address = MailAddress::parse(text).unwrap_or_else(|| panic!("{text} is an address"));
            assert_eq!((address.local(), address.domain()), (local, domain));
        }
        let label = "b".repeat(63);
        let longest = format!("{}@{label}.{label}.{}", "a".repeat(64), "b".repeat(61));
        assert_eq!(longest.len(), 254);
        assert!(MailAddress::parse(&longest).is_some());
    }

    #[test]
    fn nothing_else_is() {
        let too_long = format!("{}@{}b", "a".repeat(64), "b.".repeat(95));
        assert_eq!(too_long.len(), 256);
        let local_too_long = format!("{}@b", "a".repeat(65));
        let label_too_long = format!("a@{}.example", "b".repeat(64));
        // Of 60 letters, and 64 in ASCII.
        let long_in_ascii = format!("a@{}ü.example", "b".repeat(59));
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
            " a@b",
            "a@b!c",
            "alice@example.com\r\nRCPT TO:<eve@example.com>",
            "alice@exam\u{2028}ple.com",
            "alice@пример..рф",
            // Unreadable Punycode, and signs that stand for others: a dot, an `@` and an `a/c`.
            "a@xn--a.example",
            "a@b。。c",
            "a@b\u{ff20}c",
            "a@b\u{2100}c",
            &too_long,
            &local_too_long,
            &label_too_long,
            &long_in_ascii,
        ] {
            assert_eq!(MailAddress::parse(text), None, "{text:?}");
        }
    }
}
