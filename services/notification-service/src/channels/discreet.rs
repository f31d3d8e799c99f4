//! What a provider said, without the address of whom it would not reach: results of reminders are read by everybody in the workspace, and stay in the history.

use super::text::cut;

/// The longest text that is told, in characters.
const MAX_SAID: usize = 240;

/// What stands for an e-mail address, and for a telephone number.
const ADDRESS: &str = "[address]";
const NUMBER: &str = "[number]";

/// `said` about a message to `address`, cut where it is long: without anything that is an e-mail address, whose ever it is (a server may name the one that it
/// would pass a mail on to), and without the telephone number, in whatever groups it is written.
pub(super) fn discreet(said: &str, address: &str) -> String {
    let said = without_mailboxes(said);
    let said = match address.strip_prefix('+') {
        Some(digits) if !digits.is_empty() => without_number(&said, digits),
        _ => said,
    };
    cut(&said, MAX_SAID)
}

/// Between blanks and brackets, whatever has an @ in it.
fn without_mailboxes(said: &str) -> String {
    let ends = |c: char| c.is_whitespace() || "<>()[]{}\"',;:|".contains(c);
    let is_mailbox = |word: &str| word.len() > 1 && word.contains('@') || word.contains("%40");
    let mut told = String::with_capacity(said.len());
    for part in said.split_inclusive(ends) {
        let word = part.trim_end_matches(ends);
        if !is_mailbox(word) {
            told.push_str(part);
            continue;
        }
        // The end of a sentence is none of the address.
        let mut rest = &part[word.trim_end_matches(['.', '!', '?']).len()..];
        if told.ends_with('<') && rest.starts_with('>') {
            told.pop();
            rest = &rest[1..];
        }
        told.push_str(ADDRESS);
        told.push_str(rest);
    }
    told
}

/// These digits, one after the other, with nothing but signs of grouping between them.
fn without_number(said: &str, digits: &str) -> String {
    let (mut told, mut rest) = (String::with_capacity(said.len()), said);
    while let Some(begin) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(begin);
        let end = if let Some(end) = end_of(from, digits) {
            told.push_str(before.strip_suffix('+').unwrap_or(before));
            told.push_str(NUMBER);
            end
        } else {
            let end = from.find(|c: char| !c.is_ascii_digit()).unwrap_or(from.len());
            told.push_str(before);
            told.push_str(&from[..end]);
            end
        };
        rest = &from[end..];
    }
    told + rest
}

/// Where these digits end, if `text` begins with them and with no more of them.
fn end_of(text: &str, digits: &str) -> Option<usize> {
    let mut wanted = digits.chars();
    let groups = |c: char| c.is_whitespace() || "-./()".contains(c);
    let end = text.find(|c: char| match wanted.as_str() {
        "" => true,
        _ if c.is_ascii_digit() => wanted.next() != Some(c),
        _ => !groups(c),
    });
    let end = end.unwrap_or(text.len());
    let is_over = !text[end..].starts_with(|c: char| c.is_ascii_digit());
    (wanted.as_str().is_empty() && is_over).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_mailbox_is_told() {
        for (said, told) in [
            (
                "550 5.1.1 <alice@example.com>: Recipient address rejected",
                "550 5.1.1 [address]: Recipient address rejected",
            ),
            ("550 unknown ALICE@Example.COM.", "550 unknown [address]."),
            ("550 (alice@example.com)", "550 ([address])"),
            ("550 \"alice\"@example.com, sorry", "550 \"alice\"[address], sorry"),
            ("550 mailto:alice+tasks@пример.рф|x", "550 mailto:[address]|x"),
            (
                "551 User not local; please try <alice.private@elsewhere.example>",
                "551 User not local; please try [address]",
            ),
            ("550 see https://example.com/why?who=alice%40example.com", "550 see https:[address]"),
            ("550 bounce+alice=example.com@srs.example is gone", "550 [address] is gone"),
            ("550 <alice@example.com", "550 <[address]"),
            ("550 5.7.1 try again @ noon", "550 5.7.1 try again @ noon"),
            ("550 5.1.1 No such mailbox", "550 5.1.1 No such mailbox"),
            ("", ""),
        ] {
            assert_eq!(discreet(said, "alice@example.com"), told);
        }
    }

    #[test]
    fn no_number_is_told() {
        for (said, told) in [
            ("The 'To' number +4915112345678 is not valid.", "The 'To' number [number] is not valid."),
            ("To: 4915112345678", "To: [number]"),
            ("to 00 49", "to 00 49"),
            ("(49) 151 / 1234-5678, no", "([number], no"),
            ("+49 151 1234 567", "+49 151 1234 567"),
            ("+49151123456789 is another", "+49151123456789 is another"),
            ("(error 21211) 86400 s", "(error 21211) 86400 s"),
        ] {
            assert_eq!(discreet(said, "+4915112345678"), told);
        }
    }

    #[test]
    fn what_is_cut_has_lost_its_address_before() {
        let told = discreet(&format!("{} alice@example.com", "a".repeat(230)), "alice@example.com");
        assert_eq!((told.chars().count(), told.ends_with('…')), (240, false));
        let told = discreet(&format!("{} alice@example.com", "a".repeat(235)), "alice@example.com");
        assert!(told.chars().count() == 240 && !told.contains('@'), "{told}");
    }
}
