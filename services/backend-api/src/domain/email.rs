//! E-mail addresses.

use platform::mail_address::MailAddress;

use super::invalid::Invalid;

/// An address to which mail can be sent; white space around it is not part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// Reads an address.
    ///
    /// # Errors
    /// `email_invalid`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        if MailAddress::parse(text).is_some() {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_trimmed_and_compared_without_case() {
        let email = Email::parse(" Alice.L+tasks@Example.COM\n").unwrap();
        assert_eq!((email.as_str(), &*email.folded()), ("Alice.L+tasks@Example.COM", "alice.l+tasks@example.com"));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", " ", "alice", "Alice <a@b>"] {
            assert_eq!(Email::parse(text).unwrap_err().code, "email_invalid", "{text:?}");
        }
    }
}
