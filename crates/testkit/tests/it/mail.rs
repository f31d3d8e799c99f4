//! The mail server is one: what a mail program sends arrives as it was, and what is scripted happens.

use testkit::{Encryption, MailDemands, MailServer};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// Says each line and returns the answers, the greeting first.
async fn talk(server: &MailServer, lines: &[&str]) -> Vec<String> {
    let mut stream = BufReader::new(TcpStream::connect(server.address()).await.unwrap());
    let mut answers = vec![answer(&mut stream).await];
    for line in lines {
        stream.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
        answers.push(answer(&mut stream).await);
    }
    answers
}

/// The code of one answer, which may have several lines.
async fn answer(stream: &mut BufReader<TcpStream>) -> String {
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        if line.as_bytes().get(3) != Some(&b'-') {
            return line.chars().take(3).collect();
        }
    }
}

const MAIL: &str = "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nX-One: 1\r\n\r\nHello\r\n.";

#[tokio::test]
async fn a_mail_is_kept_and_read() {
    let server = MailServer::start().await;
    let lines = ["EHLO me.example", "MAIL FROM:<a@example.com>", "RCPT TO:<b@example.com>", "DATA", MAIL, "QUIT"];
    assert_eq!(talk(&server, &lines).await, ["220", "250", "250", "250", "354", "250", "221"]);
    let [mail] = server.expect_to("b@example.com", 1).await.try_into().unwrap();
    assert_eq!((&*mail.from, &*mail.hello, mail.encrypted), ("a@example.com", "me.example", false));
    assert_eq!((mail.header("subject"), mail.header("X-One"), mail.text()), ("Grüße", "1", "Hello\r\n"));
    assert!(mail.raw.starts_with("Subject: =?utf-8"), "{}", mail.raw);
    assert!(server.mails_to("somebody@example.com").is_empty());
}

#[tokio::test]
async fn an_address_tells_what_becomes_of_a_mail() {
    let server = MailServer::start().await;
    let busy = "RCPT TO:<busy-2@example.com>";
    let lines =
        ["EHLO me", "MAIL FROM:<a@example.com>", busy, busy, busy, "RCPT TO:<refused@example.com>", "DATA", MAIL];
    assert_eq!(talk(&server, &lines).await, ["220", "250", "250", "451", "451", "250", "550", "354", "250"]);
    let lines = ["EHLO me", "MAIL FROM:<a@example.com>", "RCPT TO:<dropped-1@example.com>", "DATA", MAIL];
    assert_eq!(talk(&server, &lines).await.last().unwrap(), "", "the connection has ended");
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn what_is_demanded_must_be_done() {
    let account = Some(("tidings", "secret"));
    let server = MailServer::start_with(MailDemands { encryption: Some(Encryption::StartTls), account }).await;
    assert_eq!(talk(&server, &["EHLO me", "MAIL FROM:<a@example.com>"]).await, ["220", "250", "530"]);
    assert!(server.certificate().is_file());
    let server = MailServer::start_with(MailDemands { encryption: None, account }).await;
    assert_eq!(talk(&server, &["EHLO me", "MAIL FROM:<a@example.com>"]).await, ["220", "250", "530"]);
}
