//! Text of users, before it goes into somebody's mailbox.

/// The same on one line: without control characters, and without what makes the text around it read backwards.
pub(super) fn one_line(text: &str) -> String {
    plain(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The same on each of its lines, which may be indented.
pub(super) fn lines(text: &str) -> String {
    text.trim().lines().map(|line| plain(line).trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

fn plain(text: &str) -> String {
    text.chars().filter(|&c| !turns(c)).map(|c| if breaks(c) { ' ' } else { c }).collect()
}

/// The same for a header. What looks as if it were encoded (RFC 2047) would be decoded by whoever reads it, line breaks included;
/// a joiner of no width keeps it what it is.
pub(super) fn header_line(text: &str) -> String {
    one_line(text).replace("=?", "=\u{2060}?")
}

/// At most `max` characters of it, with a sign where something is left out.
pub(super) fn cut(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let kept: String = text.chars().take(max.saturating_sub(1)).collect();
    kept.trim_end().chars().chain(['…']).take(max).collect()
}

/// Safe in HTML, between tags and in attributes.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// Control characters, and the separators of lines and paragraphs that are none.
fn breaks(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Explicit directions (UAX #9 §2.1 to §2.4). Arabic and Hebrew need none of them.
fn turns(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_leave_its_line() {
        for (text, shown) in [
            ("Pay the rent", "Pay the rent"),
            ("Pay\r\nBcc: eve@example.com", "Pay Bcc: eve@example.com"),
            ("  a\0b\u{7f}c\u{85}d\u{2028}e\tf  ", "a b c d e f"),
            ("report\u{202e}gpj.exe", "reportgpj.exe"),
            ("\u{2066}שלום\u{2069} مرحبا", "שלום مرحبا"),
            ("👩‍👩‍👧 ok", "👩‍👩‍👧 ok"),
            ("", ""),
        ] {
            assert_eq!(one_line(text), shown, "{text:?}");
        }
        assert_eq!(lines("\n one\r\n\n  two\u{b}2\u{202e}\r3 \n"), "one\n\n  two 2 3");
    }

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(cut("12345", 5), "12345");
        assert_eq!(cut("123456", 5), "1234…");
        assert_eq!(cut("äöüß€x", 4), "äöü…");
        assert_eq!(cut("123 56", 5), "123…");
        assert_eq!(cut("12", 1), "…");
        assert_eq!(cut("12", 0), "");
    }

    #[test]
    fn nothing_of_a_text_is_markup() {
        assert_eq!(escaped(r#"<a href="x">'&'</a>"#), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
    }
}
