//! What is told at the start.

use super::*;

const SMTP: (&str, &str) = ("SMTP_URL", "smtp://127.0.0.1:1025");
const FROM: (&str, &str) = ("EMAIL_FROM", "tidings@example.com");
const KEY: (&str, &str) = ("NOTIFICATION_SECRET", SECRET);
const SID: (&str, &str) = ("TWILIO_ACCOUNT_SID", "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
const TOKEN: (&str, &str) = ("TWILIO_AUTH_TOKEN", "swordfish");
const NUMBER: (&str, &str) = ("TWILIO_FROM", "+15005550006");

#[tokio::test]
async fn a_channel_without_settings_says_what_it_lacks() {
    let channels = channels(&[]);
    for (channel, missing) in [
        (Channel::Email, vec!["SMTP_URL or SENDGRID_API_KEY", "EMAIL_FROM", "NOTIFICATION_SECRET"]),
        (Channel::Sms, vec!["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM"]),
    ] {
        assert_eq!(channels.missing(channel), missing);
        let told = channels.send(channel, "alice@example.com", &message()).await;
        assert_eq!(told, Err(SendError::Unconfigured { missing }));
    }
    assert_eq!(channels.missing(Channel::InApp), [""; 0]);
    let with_secret = super::channels(&[KEY]);
    assert_eq!(with_secret.missing(Channel::Email), ["SMTP_URL or SENDGRID_API_KEY", "EMAIL_FROM"]);
}

#[tokio::test]
async fn a_channel_with_its_settings_lacks_nothing() {
    for email in [SMTP, ("SENDGRID_API_KEY", "SG.key")] {
        let channels = channels(&[email, FROM, KEY, SID, TOKEN, NUMBER]);
        for channel in Channel::ALL {
            assert_eq!(channels.missing(channel), [""; 0], "{channel:?}");
        }
    }
}

#[test]
fn every_mistake_is_told_with_its_name() {
    let email = |url: &'static str| vec![("SMTP_URL", url), FROM, KEY];
    for (set, name) in [
        (vec![SMTP, ("SENDGRID_API_KEY", "SG.key"), FROM, KEY], "SMTP_URL"),
        (vec![SMTP, KEY], "EMAIL_FROM"),
        (vec![SMTP, FROM], "NOTIFICATION_SECRET"),
        (vec![("NOTIFICATION_SECRET", "short")], "NOTIFICATION_SECRET"),
        (vec![FROM], "EMAIL_FROM"),
        (vec![("SMTP_PASSWORD", "hunter2")], "SMTP_PASSWORD"),
        (vec![SMTP, KEY, ("EMAIL_FROM", "tidings")], "EMAIL_FROM"),
        (vec![SMTP, KEY, ("EMAIL_FROM", "Tidings <tidings@пример.рф>")], "EMAIL_FROM"),
        (vec![SMTP, KEY, ("EMAIL_FROM", "a@example.com\r\nBcc: eve@example.com")], "EMAIL_FROM"),
        (email("mail.example.com"), "SMTP_URL"),
        (email("http://mail.example.com"), "SMTP_URL"),
        (email("smtp://"), "SMTP_URL"),
        (email("smtp://mail.example.com:port"), "SMTP_URL"),
        (email("smtp://mail.example.com?tls=opportunistic"), "SMTP_URL"),
        (email("smtps://mail.example.com?timeout=1"), "SMTP_URL"),
        (email("smtp://me:hunter2@mail.example.com"), "SMTP_URL"),
        (email("smtps://me@mail.example.com"), "SMTP_PASSWORD"),
        ([email("smtps://me:a@mail.example.com"), vec![("SMTP_PASSWORD", "hunter2")]].concat(), "SMTP_PASSWORD"),
        ([email("smtps://mail.example.com"), vec![("SMTP_PASSWORD", "hunter2")]].concat(), "SMTP_USERNAME"),
        (vec![SID, NUMBER], "TWILIO_AUTH_TOKEN"),
        (vec![TOKEN, NUMBER], "TWILIO_ACCOUNT_SID"),
        (vec![SID, TOKEN], "TWILIO_FROM"),
        (vec![("TWILIO_ACCOUNT_SID", "AC/../.."), TOKEN, NUMBER], "TWILIO_ACCOUNT_SID"),
        (vec![SID, TOKEN, ("TWILIO_FROM", "+49 151")], "TWILIO_FROM"),
        (vec![SID, TOKEN, NUMBER, ("TWILIO_URL", "api.twilio.com")], "TWILIO_URL"),
        (vec![("SENDGRID_API_KEY", "SG.key"), FROM, KEY, ("SENDGRID_URL", "ftp://x")], "SENDGRID_URL"),
        (vec![("APP_URL", "localhost:3000")], "APP_URL"),
        (vec![("API_URL", "https://example.com/?a=b")], "API_URL"),
    ] {
        let ConfigErrors(mistakes) = settings(&set).unwrap_err();
        assert!(mistakes.len() == 1 && mistakes[0].starts_with(&format!("  {name} ")), "{set:?}: {mistakes:?}");
        assert!(!mistakes[0].contains("hunter2"), "{mistakes:?}");
    }
    let long = format!("https://{}.example.com", "a".repeat(150));
    let ConfigErrors(mistakes) = settings(&[("APP_URL", &long)]).unwrap_err();
    assert_eq!(mistakes, ["  APP_URL is longer than 150 characters"]);
}

#[test]
fn an_address_of_a_mail_server_says_how_it_is_reached() {
    use super::smtp_url::Encryption;
    for (url, host, port, encryption) in [
        ("smtp://127.0.0.1:1025", "127.0.0.1", 1025, Encryption::None),
        ("smtp://localhost", "localhost", 25, Encryption::None),
        ("smtp://[::1]:1025/", "::1", 1025, Encryption::None),
        ("smtp://mail.example.com?tls=required", "mail.example.com", 587, Encryption::StartTls),
        ("smtps://mail.example.com", "mail.example.com", 465, Encryption::Implicit),
        ("smtps://me:p%40ss@mail.example.com:2465", "mail.example.com", 2465, Encryption::Implicit),
    ] {
        let settings = settings(&[("SMTP_URL", url), FROM, KEY]).unwrap();
        let Some(EmailProvider::Smtp(server)) = settings.email.map(|email| email.provider) else { panic!("{url}") };
        assert_eq!((&*server.host, server.port, server.encryption), (host, port, encryption), "{url}");
    }
}

#[test]
fn nothing_secret_is_printed() {
    let url = ("SMTP_URL", "smtps://me:hunter2@mail.example.com");
    let printed = format!("{:?}", settings(&[url, FROM, KEY, SID, TOKEN, NUMBER]).unwrap());
    for secret in ["hunter2", SECRET, "swordfish"] {
        assert!(!printed.contains(secret), "{printed}");
    }
    let channels = channels(&[url, FROM, KEY, SID, TOKEN, NUMBER]);
    assert!(!format!("{channels:?}").contains("hunter2"));
}

#[test]
fn a_certificate_that_is_not_there_is_told_at_the_start() {
    let url = ("SMTP_URL", "smtps://mail.example.com?ca=/nowhere/ca.pem");
    let told = Channels::new(settings(&[url, FROM, KEY]).unwrap()).unwrap_err();
    assert!(format!("{told:#}").contains("ca=/nowhere/ca.pem"), "{told:#}");
}
