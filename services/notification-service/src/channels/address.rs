//! Where messages may go.

use lettre::Address;
use platform::mail_address::MailAddress;

use super::SendError;

/// The address as it is handed over: of any script, but nothing that could be taken for more than one.
///
/// # Errors
/// When it is none.
pub(super) fn email(text: &str) -> Result<Address, SendError> {
    let address = MailAddress::parse(text).ok_or_else(|| SendError::permanent("the e-mail address is none"))?;
    // lettre's own rule knows letters and digits of any script, but not the signs that some join them with.
    Ok(Address::new_dangerous(address.local(), address.domain()))
}

/// The number, which is one of E.164: a plus, the country, at most 15 digits.
///
/// # Errors
/// When it is none.
pub(super) fn phone(text: &str) -> Result<&str, SendError> {
    let digits = text.strip_prefix('+').unwrap_or_default();
    let valid = (2..=15).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.starts_with('0');
    if valid { Ok(text) } else { Err(SendError::permanent("the telephone number is none, such as +4915112345678")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_goes_to_what_backend_api_takes_for_an_address() {
        for (text, handed_over) in [
            ("Alice.L+tasks@Example.COM", "Alice.L+tasks@example.com"),
            ("alice@localhost", "alice@localhost"),
            ("a@b", "a@b"),
            ("o'neil@example.com", "o'neil@example.com"),
            ("анна@пример.рф", "анна@xn--e1afmkfd.xn--p1ai"),
            ("संपर्क@डाटामेल.भारत", "संपर्क@xn--c2bd4bq1db8d.xn--h2brj9c"),
        ] {
            assert_eq!(email(text).map(|address| address.to_string()).as_deref(), Ok(handed_over), "{text}");
        }
    }

    #[test]
    fn nothing_else_is_an_address() {
        for text in [
            "",
            "alice",
            "@example.com",
            "alice@",
            "alice@example.com\r\nRCPT TO:<eve@example.com>",
            "alice@example.com\nBcc: eve@example.com",
            "\"a\r\nb\"@example.com",
            "alice@example.com>",
            "alice@example.com, eve@example.com",
            "Alice <alice@example.com>",
            "a b@example.com",
            "alice@exam\u{2028}ple.com",
            "alice@пример..рф",
            "alice@user@example.com",
        ] {
            assert!(matches!(email(text), Err(SendError::Permanent { .. })), "{text:?}");
        }
    }

    #[test]
    fn a_number_has_its_country() {
        assert_eq!(phone("+4915112345678"), Ok("+4915112345678"));
        for text in
            ["", "+", "+1", "4915112345678", "+0491511", "+49 151", "+49151\r\n", "+1234567890123456", "whatsapp:+1"]
        {
            assert!(matches!(phone(text), Err(SendError::Permanent { .. })), "{text:?}");
        }
    }
}
