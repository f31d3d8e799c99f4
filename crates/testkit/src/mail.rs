//! A real mail server, and what it received.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;

use crate::eventually;

/// The program, which makes itself a place with what it needs when it is run for the first time.
const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/mail/run");

/// How long a mail may be on its way.
const PATIENCE: Duration = Duration::from_secs(30);

/// What whoever sends must do; nothing by default.
#[derive(Clone, Copy, Debug, Default)]
pub struct MailDemands {
    /// Encrypt, in this way.
    pub encryption: Option<Encryption>,
    /// Sign in with this name and password.
    pub account: Option<(&'static str, &'static str)>,
}

/// How a connection comes to be encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// It begins in plain text (RFC 3207).
    StartTls,
    /// From the first byte (RFC 8314).
    Implicit,
}

/// The server of `tests/mail`, on a port of its own; it ends when this is dropped, and when the process ends. What becomes of a
/// mail is told by what the address begins with: `busy-2@…`, `refused@…`, `silent-1@…`, `dropped-1@…`, `goodbye@…`.
#[derive(Debug)]
pub struct MailServer {
    process: Child,
    directory: PathBuf,
    address: SocketAddr,
    demands: MailDemands,
}

impl MailServer {
    /// Starts one that takes mail from anybody.
    pub async fn start() -> Self {
        Self::start_with(MailDemands::default()).await
    }

    /// Starts one that demands something.
    pub async fn start_with(demands: MailDemands) -> Self {
        tokio::task::spawn_blocking(move || Self::launch(demands)).await.expect("start the mail server")
    }

    fn launch(demands: MailDemands) -> Self {
        let directory = std::env::temp_dir().join(format!("tidings-mails-{}", Uuid::new_v4().simple()));
        fs::create_dir_all(&directory).expect("make a directory for mails");
        let mut command = Command::new(PROGRAM);
        command.args(["--guarded", "--port", "0", "--directory"]).arg(&directory);
        if let Some(encryption) = demands.encryption {
            let (certificate, key) = certify(&directory);
            let how = if encryption == Encryption::StartTls { "starttls" } else { "implicit" };
            command.args(["--tls", how, "--certificate"]).arg(certificate).arg("--key").arg(key);
        }
        if let Some((name, password)) = demands.account {
            command.args(["--username", name]).env("MAIL_PASSWORD", password);
        }
        let mut process =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("bash runs tests/mail/run");
        let mut line = String::new();
        let output = process.stdout.take().expect("the output is piped");
        BufReader::new(output).read_line(&mut line).expect("the mail server says where it is");
        let address =
            line.trim().parse().unwrap_or_else(|_| panic!("the mail server does not start; see what it says above"));
        Self { process, directory, address, demands }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// `SMTP_URL` for it, without name and password.
    pub fn url(&self) -> String {
        let (address, certificate) = (self.address, self.certificate().display().to_string());
        match self.demands.encryption {
            None => format!("smtp://{address}"),
            Some(Encryption::StartTls) => format!("smtp://{address}?tls=required&ca={certificate}"),
            Some(Encryption::Implicit) => format!("smtps://{address}?ca={certificate}"),
        }
    }

    /// The certificate that it shows, which vouches for itself; only of one that encrypts.
    pub fn certificate(&self) -> PathBuf {
        self.directory.join(CERTIFICATE)
    }

    /// Every mail that it has taken, in order.
    pub fn mails(&self) -> Vec<Mail> {
        let entries = fs::read_dir(&self.directory).expect("list the mails");
        let paths = entries.map(|entry| entry.expect("list the mails").path());
        let mut mails: Vec<Mail> = paths.filter(|path| is_mail(path)).map(|path| Mail::read(&path)).collect();
        mails.sort_by_key(|mail| mail.number);
        mails
    }

    /// The mails to `address`, in order.
    pub fn mails_to(&self, address: &str) -> Vec<Mail> {
        self.mails().into_iter().filter(|mail| mail.to.iter().any(|to| to == address)).collect()
    }

    /// Waits until there are `count` mails to `address`, or more, and returns them.
    ///
    /// # Panics
    /// When they have not come within half a minute.
    #[track_caller]
    pub fn expect_to(&self, address: &str, count: usize) -> impl Future<Output = Vec<Mail>> {
        eventually(PATIENCE, move || async move { Some(self.mails_to(address)).filter(|mails| mails.len() >= count) })
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// What it is called in the directory.
const CERTIFICATE: &str = "certificate.pem";

fn certify(directory: &Path) -> (PathBuf, PathBuf) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("make a certificate");
    let (certificate, key) = (directory.join(CERTIFICATE), directory.join("key.pem"));
    fs::write(&certificate, made.cert.pem()).expect("write a file");
    fs::write(&key, made.signing_key.serialize_pem()).expect("write a file");
    (certificate, key)
}

/// Each mail is complete when this file of it is there.
fn is_mail(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.strip_suffix(".json").is_some_and(|stem| stem.parse::<u64>().is_ok())
}

/// A mail as a mail program reads it, and how it came.
#[derive(Clone, Debug, Deserialize)]
pub struct Mail {
    number: u64,
    /// The sender of the envelope.
    pub from: String,
    /// The recipients of the envelope.
    pub to: Vec<String>,
    /// What the sender said it is called.
    pub hello: String,
    /// The port that they came from: mails of one connection have the same.
    pub port: u16,
    /// Whether the connection was encrypted.
    pub encrypted: bool,
    /// Who had signed in.
    pub user: Option<String>,
    /// Names and decoded values of its headers.
    pub headers: Vec<(String, String)>,
    /// Of the whole.
    pub content_type: String,
    /// Types and decoded texts of its parts.
    pub parts: Vec<(String, String)>,
    /// What is not as it must be.
    pub defects: Vec<String>,
    /// As it came.
    #[serde(skip)]
    pub raw: String,
    /// When it was taken.
    #[serde(skip)]
    pub taken_at: DateTime<Utc>,
}

impl Mail {
    fn read(path: &Path) -> Self {
        let text = fs::read(path).expect("read a mail");
        let mut mail: Self = serde_json::from_slice(&text).expect("the mail server writes what is read here");
        let whole = path.with_extension("eml");
        mail.raw = fs::read_to_string(&whole).expect("mails of Tidings are UTF-8");
        mail.taken_at = fs::metadata(&whole).and_then(|file| file.modified()).expect("files have times").into();
        mail
    }

    /// The decoded value of a header that there is once.
    ///
    /// # Panics
    /// When there is none, or more than one.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let mut values = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        match (values.next(), values.next()) {
            (Some((_, value)), None) => value,
            (None, _) => panic!("there is no {name} among {:?}", self.headers),
            (Some(_), Some(_)) => panic!("there are several {name} among {:?}", self.headers),
        }
    }

    /// The part of this type.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub fn part(&self, content_type: &str) -> &str {
        let part = self.parts.iter().find(|(known, _)| known == content_type);
        &part.unwrap_or_else(|| panic!("there is no {content_type} in {:?}", self.parts)).1
    }

    /// What is shown where there is no HTML.
    #[track_caller]
    pub fn text(&self) -> &str {
        self.part("text/plain")
    }

    /// What most people see.
    #[track_caller]
    pub fn html(&self) -> &str {
        self.part("text/html")
    }
}
