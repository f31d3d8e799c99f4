//! What is said.

use super::letter::{Letter, LetterWriter};
use super::links::Links;
use super::*;
use platform::config::Secret;

fn links() -> Links {
    Links { app_url: "https://app.example.com".to_owned(), api_url: "https://api.example.com".to_owned() }
}

fn letter(message: &Message) -> Letter {
    let tokens = UnsubscribeTokens::new(&Secret::new(SECRET));
    let writer = LetterWriter { from: "Tidings <tidings@example.com>".parse().unwrap(), links: links(), tokens };
    writer.write("alice@example.com", message).unwrap()
}

fn sms(message: &Message) -> String {
    text_message::text(message, &links())
}

#[test]
fn a_letter_says_what_when_and_how_to_stop_it() {
    let text = letter(&message()).text;
    let (said, end) = text.split_once("\n--\n").unwrap();
    let link = format!("https://app.example.com/tasks/{TASK}");
    let due = "Due: Saturday 31 January 2026, 10:00 (Europe/Berlin)";
    assert_eq!(
        said,
        format!("Hello Alice,\n\nReminder: Pay the rent\n\nIt is due in an hour.\n\n{due}\n\nOpen the task: {link}\n")
    );
    assert!(end.starts_with("No more e-mails about reminders: https://api.example.com/api/unsubscribe/"), "{end}");
}

#[test]
fn what_the_text_says_already_is_not_said_again() {
    let body = "Due Saturday 31 January 2026, 10:00 (Europe/Berlin).".to_owned();
    let letter = letter(&Message { body, ..message() });
    assert_eq!([letter.text, letter.html].map(|part| part.matches("Saturday").count()), [1, 1]);
}

#[test]
fn what_there_is_not_is_not_mentioned() {
    let mut message = Message { kind: Kind::System, task: None, body: String::new(), ..message() };
    message.recipient.name = " \r\n".to_owned();
    message.recipient.timezone = Tz::UTC;
    let text = letter(&message).text;
    let when = "When: Saturday 31 January 2026, 08:00 (UTC)";
    let said = format!("Hello,\n\nReminder: Pay the rent\n\n{when}\n\nOpen Tidings: https://app.example.com\n\n--\n");
    assert!(text.starts_with(&said), "{text}");
}

#[test]
fn a_reminder_tells_what_is_to_come_and_other_news_what_was() {
    let mut message = message();
    message.task.as_mut().unwrap().due = None;
    assert!(letter(&message).text.contains("\nWhen: Saturday 31 January 2026, 09:00 (Europe/Berlin)\n"));
    let completed = Message { kind: Kind::TaskCompleted, ..super::message() };
    let both = "\nWhen: Saturday 31 January 2026, 09:00 (Europe/Berlin)\nDue: Saturday 31 January 2026, 10:00";
    assert!(letter(&completed).text.contains(both));
    let kinds = Kind::ALL.map(|kind| letter(&Message { kind, ..super::message() }));
    for (one, letter) in kinds.iter().enumerate() {
        let same = kinds.iter().filter(|other| other.text == letter.text).count();
        assert_eq!(same, 1, "{one}: each kind is switched off by itself");
    }
}

#[test]
fn html_is_ours_alone() {
    let hostile = r#""><script>alert('1')</script> {title} & <b>"#;
    let mut message = Message { title: hostile.to_owned(), body: format!("one\n{hostile}"), ..message() };
    hostile.clone_into(&mut message.recipient.name);
    let html = letter(&message).html;
    assert!(!html.contains("<script") && !html.contains("<b>"), "{html}");
    let shown = "&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; {title} &amp; &lt;b&gt;";
    assert_eq!(html.matches(shown).count(), 4, "{html}");
    assert!(html.contains(&format!("one<br>\n{shown}")), "{html}");
    assert!(html.contains(&format!("<a href=\"https://app.example.com/tasks/{TASK}\">Open the task</a>")), "{html}");
}

#[test]
fn a_text_message_is_short_and_says_when_and_where() {
    let rest = format!(" - Saturday 31 January 2026, 10:00 (Europe/Berlin) https://app.example.com/tasks/{TASK}");
    assert_eq!(sms(&message()), format!("Reminder: Pay the rent{rest}"));
    let mut long = message();
    for (title, cut) in [("a".repeat(500), true), ("🦀".repeat(500), true), ("ü".repeat(320 - rest.len()), false)] {
        long.title = title;
        let text = sms(&long);
        assert_eq!((text.chars().count(), text.contains('…')), (320, cut), "{text}");
        assert!(text.ends_with(&rest), "{text}");
    }
    long.title = "Pay\r\nthe\u{202e} rent\0\u{7f} now".to_owned();
    assert_eq!(sms(&long), format!("Pay the rent now{rest}"));
    long.task = None;
    assert_eq!(
        sms(&long),
        "Pay the rent now - Saturday 31 January 2026, 09:00 (Europe/Berlin) https://app.example.com"
    );
}

#[test]
fn a_text_message_has_room_for_the_longest_address() {
    let links = Links { app_url: format!("https://{}", "a".repeat(142)), ..links() };
    let mut message = message();
    message.title = "Remember the milk ".repeat(20);
    message.recipient.timezone = Tz::America__Argentina__ComodRivadavia;
    let text = text_message::text(&message, &links);
    assert_eq!(text.chars().count(), 320);
    assert!(text.starts_with("Remember the milk") && text.ends_with(&TASK.to_string()), "{text}");
}
