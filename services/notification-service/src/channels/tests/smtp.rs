//! By SMTP, to a real server.

use chrono::DateTime;
use futures::future::join_all;
use platform::clock::Clock;
use testkit::{Encryption, Mail, MailDemands, MailServer};

use super::*;

const ALICE: &str = "alice@example.com";
const ACCOUNT: Option<(&str, &str)> = Some(("tidings", "p@ss/w%rd"));
const SENT_FROM: &str = "tidings@example.com";

fn smtp(server: &MailServer) -> Channels {
    email_channels(&[("SMTP_URL", &server.url())])
}

async fn send(channels: &Channels, address: &str) -> Result<Receipt, SendError> {
    channels.send(Channel::Email, address, &message()).await
}

/// The one mail to `address`.
async fn only(server: &MailServer, address: &str) -> Mail {
    let [mail] = server.expect_to(address, 1).await.try_into().unwrap();
    mail
}

#[tokio::test]
async fn a_mail_arrives_as_a_mail_program_wants_it() {
    let server = MailServer::start().await;
    let receipt = send(&smtp(&server), ALICE).await.unwrap();
    assert_eq!(receipt.provider_id.as_deref(), Some("2.0.0 OK: queued as 1"));
    let mail = only(&server, ALICE).await;
    assert_eq!((&*mail.from, &*mail.to, &*mail.hello), (SENT_FROM, &[ALICE.to_owned()][..], "example.com"));
    assert_eq!(mail.defects, [""; 0], "{}", mail.raw);
    for (name, value) in [
        ("From", "Tidings <tidings@example.com>"),
        ("To", "Alice <alice@example.com>"),
        ("Subject", "Reminder: Pay the rent"),
        ("Message-ID", &*format!("<{ID}@example.com>")),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("Auto-Submitted", "auto-generated"),
        ("MIME-Version", "1.0"),
    ] {
        assert_eq!(mail.header(name), value, "{name}");
    }
    let date = DateTime::parse_from_rfc2822(mail.header("Date")).unwrap();
    assert!((Clock::system().now() - date.to_utc()).num_minutes().abs() < 2, "{date}");
    let parts: Vec<&str> = mail.parts.iter().map(|(kind, _)| &**kind).collect();
    assert_eq!((&*mail.content_type, &*parts), ("multipart/alternative", &["text/plain", "text/html"][..]));
    for part in [mail.text(), mail.html()] {
        assert!(part.contains("Saturday 31 January 2026, 10:00 (Europe/Berlin)"), "{part}");
        assert!(part.contains(&format!("http://localhost:3000/tasks/{TASK}")), "{part}");
    }
}

#[tokio::test]
async fn the_link_that_switches_off_is_in_the_header_and_in_both_parts() {
    let server = MailServer::start().await;
    let api = ("API_URL", "https://api.example.com/");
    let channels = email_channels(&[("SMTP_URL", &server.url()), api]);
    send(&channels, ALICE).await.unwrap();
    let mail = only(&server, ALICE).await;
    let link = mail.header("List-Unsubscribe").strip_prefix('<').and_then(|link| link.strip_suffix('>')).unwrap();
    assert!(mail.text().contains(link) && mail.html().contains(&format!("href=\"{link}\"")));
    let token = link.strip_prefix("https://api.example.com/api/unsubscribe/").unwrap();
    assert_eq!(channels.unsubscribe_token(token), Some(("alice".to_owned(), Kind::Reminder)));
    assert_eq!(channels.unsubscribe_token(&token[1..]), None);
    let unconfigured = super::channels(&[("NOTIFICATION_SECRET", SECRET)]);
    assert!(unconfigured.unsubscribe_token(token).is_some(), "old mails are good after e-mail was switched off");
}

#[tokio::test]
async fn nothing_that_a_user_writes_becomes_a_header() {
    let server = MailServer::start().await;
    let channels = smtp(&server);
    let evil = "x\r\nBcc: eve@example.com\r\n\r\n<script>alert(1)</script>";
    let titles = [
        evil.to_owned(),
        "=?utf-8?q?x=0D=0ABcc:_eve@example.com?=".to_owned(),
        "a".repeat(500),
        "🦀".repeat(500),
        "ünïcödé and words ".repeat(27),
        "שלום \u{202e}gpj.exe\u{2028}Bcc: eve@example.com".to_owned(),
        ".".to_owned(),
        "\n.\r\n".to_owned(),
        "From me\n.\nto you".to_owned(),
    ];
    let names = [
        "Alice \"Al\" O'Neil",
        evil,
        "eve@example.com, x",
        "<eve@example.com>",
        "Анна \\",
        "=?utf-8?q?a=0D=0Ab?=",
        "",
        "a;b(c)",
    ];
    for (number, title) in titles.iter().enumerate() {
        for name in names {
            let mut message = message();
            title.clone_into(&mut message.title);
            message.body = format!("{title}\r\n.\r\n{name}");
            name.clone_into(&mut message.recipient.name);
            let address = format!("n{number}@example.com");
            channels.send(Channel::Email, &address, &message).await.unwrap();
            let mail = server.expect_to(&address, 1).await.pop().unwrap();
            assert_eq!(mail.to, std::slice::from_ref(&address), "{title:?} {name:?}");
            assert!(mail.header("To").ends_with(&address) || mail.header("To").ends_with(&format!("<{address}>")));
            assert_eq!(mail.headers.len(), 10, "{}", mail.raw);
            assert_eq!(mail.header("Subject"), text::header_line(title), "{}", mail.raw);
            assert!(!mail.html().contains("<script>"), "{}", mail.html());
            assert!(mail.raw.split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n'])));
        }
    }
    assert!(server.mails_to("eve@example.com").is_empty());
}

#[tokio::test]
async fn what_is_no_address_is_refused_before_anything_is_said() {
    let server = MailServer::start().await;
    let channels = smtp(&server);
    for address in ["alice@example.com\r\nRCPT TO:<eve@example.com>", "alice", "alice@example.com\n", ""] {
        assert_eq!(is_permanent(send(&channels, address).await), "the e-mail address is none", "{address:?}");
    }
    send(&channels, "анна@пример.рф").await.unwrap();
    let mail = only(&server, "анна@xn--e1afmkfd.xn--p1ai").await;
    assert_eq!((server.mails().len(), mail.header("Subject")), (1, "Reminder: Pay the rent"));
}

#[tokio::test]
async fn a_server_may_want_to_be_asked_again() {
    let server = MailServer::start().await;
    let channels = smtp(&server);
    for _ in 0..2 {
        let told = is_transient(send(&channels, "busy-2@example.com").await);
        assert_eq!(told, "the mail server answered 451: 4.7.1 Busy, come again later");
    }
    send(&channels, "busy-2@example.com").await.unwrap();
    let told = is_permanent(send(&channels, "refused@example.com").await);
    assert_eq!(told, "the mail server answered 550: 5.1.1 [address]: Recipient address rejected: User unknown");
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_and_spoils_nothing() {
    let server = MailServer::start().await;
    let settings = settings(&[("SMTP_URL", &server.url()), ("EMAIL_FROM", SENT_FROM), ("NOTIFICATION_SECRET", SECRET)]);
    let patience = Duration::from_secs(3);
    let channels = Channels::new(ChannelSettings { patience, ..settings.unwrap() }).unwrap();
    send(&channels, ALICE).await.unwrap();
    assert_eq!(is_transient(send(&channels, "silent-1@example.com").await), "the mail server did not answer within 3s");
    // The connection that still owes an answer is not used again.
    send(&channels, "silent-1@example.com").await.unwrap();
    assert!(is_permanent(send(&channels, "refused@example.com").await).contains("550"));
    let told = is_transient(send(&channels, "dropped-1@example.com").await);
    assert!(told.starts_with("the mail server did not take it: "), "{told}");
    send(&channels, "dropped-1@example.com").await.unwrap();
    assert_eq!(server.mails().len(), 3);
}

#[tokio::test]
async fn a_connection_carries_many_mails_and_is_replaced_when_the_server_ended_it() {
    let server = MailServer::start().await;
    let channels = smtp(&server);
    for address in [ALICE, ALICE, "goodbye@example.com", ALICE] {
        send(&channels, address).await.unwrap();
    }
    let ports: Vec<u16> = server.mails().iter().map(|mail| mail.port).collect();
    assert!(ports[0] == ports[1] && ports[1] == ports[2] && ports[2] != ports[3], "{ports:?}");
    let many = (0..50).map(|number| format!("many-{number}@example.com"));
    let sent = join_all(many.map(|address| {
        let channels = channels.clone();
        async move { send(&channels, &address).await }
    }));
    assert!(sent.await.iter().all(Result::is_ok));
    assert_eq!(server.mails().len(), 54);
}

#[tokio::test]
async fn mails_are_encrypted_and_signed_in_for() {
    for encryption in [Encryption::StartTls, Encryption::Implicit] {
        let server = MailServer::start_with(MailDemands { encryption: Some(encryption), account: ACCOUNT }).await;
        let in_url = server.url().replace("://", "://tidings:p%40ss%2Fw%25rd@");
        send(&email_channels(&[("SMTP_URL", &in_url)]), ALICE).await.unwrap();
        let apart = [("SMTP_URL", &*server.url()), ("SMTP_USERNAME", "tidings"), ("SMTP_PASSWORD", "p@ss/w%rd")];
        send(&email_channels(&apart), ALICE).await.unwrap();
        let mails = server.expect_to(ALICE, 2).await;
        assert!(mails.iter().all(|mail| mail.encrypted && mail.user.as_deref() == Some("tidings")), "{encryption:?}");
        let wrong = server.url().replace("://", "://tidings:wrong@");
        let told = is_permanent(send(&email_channels(&[("SMTP_URL", &wrong)]), ALICE).await);
        assert!(told.starts_with("the mail server answered 535: ") && !told.contains("wrong"), "{told}");
        let stranger = in_url.split(['?', '&']).filter(|part| !part.starts_with("ca=")).collect::<Vec<_>>().join("?");
        let told = is_transient(send(&email_channels(&[("SMTP_URL", &stranger)]), ALICE).await);
        assert!(told.contains("certificate"), "{told}");
        assert_eq!(server.mails().len(), 2);
    }
}

#[tokio::test]
async fn a_password_is_enough_of_a_secret_for_a_server_of_this_machine() {
    let server = MailServer::start_with(MailDemands { account: ACCOUNT, encryption: None }).await;
    let in_url = server.url().replace("://", "://tidings:p%40ss%2Fw%25rd@");
    send(&email_channels(&[("SMTP_URL", &in_url)]), ALICE).await.unwrap();
    assert_eq!(only(&server, ALICE).await.user.as_deref(), Some("tidings"));
}

#[tokio::test]
async fn a_server_that_cannot_encrypt_gets_nothing() {
    let server = MailServer::start().await;
    let told =
        is_transient(send(&email_channels(&[("SMTP_URL", &format!("{}?tls=required", server.url()))]), ALICE).await);
    assert!(told.contains("STARTTLS is not supported"), "{told}");
    assert!(server.mails().is_empty());
}

#[tokio::test]
async fn a_server_that_is_not_there_may_come() {
    let told = is_transient(send(&email_channels(&[("SMTP_URL", &format!("smtp://{}", nobody().await))]), ALICE).await);
    assert!(told.starts_with("the mail server did not take it: Connection refused"), "{told}");
}
