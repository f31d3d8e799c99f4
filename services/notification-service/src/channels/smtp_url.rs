//! `SMTP_URL`.

use std::net::IpAddr;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use platform::config::{Reader, Secret};
use reqwest::Url;

/// A mail server to hand mails to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SmtpServer {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) encryption: Encryption,
    /// A file with certificates that are believed beside those that the machine believes.
    pub(super) authority: Option<PathBuf>,
    /// Name and password.
    pub(super) account: Option<(String, Secret)>,
}

/// Whether and how a connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encryption {
    /// Not at all.
    None,
    /// It begins in plain text, and nothing is said before it is encrypted (RFC 3207).
    StartTls,
    /// From the first byte (RFC 8314).
    Implicit,
}

impl SmtpServer {
    /// Reads `SMTP_URL`, whose text is `url`, with `SMTP_USERNAME` and `SMTP_PASSWORD`.
    pub(super) fn read(reader: &mut Reader<'_>, url: &str) -> Option<Self> {
        let url = match Url::parse(url) {
            Ok(url)
                if ["smtp", "smtps"].contains(&url.scheme()) && url.host_str().is_some_and(|host| !host.is_empty()) =>
            {
                url
            }
            // The address may have a password in it, and is not told.
            _ => {
                let why = "is no address of a mail server, such as smtp://mail.example.com?tls=required or \
                           smtps://mail.example.com; in names and passwords, / ? # @ : and % are written as %2F and so on";
                reader.mistake("SMTP_URL", why);
                return None;
            }
        };
        let (tls, authority) = parameters(reader, &url);
        let encryption = match url.scheme() {
            "smtps" => Encryption::Implicit,
            _ if tls => Encryption::StartTls,
            _ => Encryption::None,
        };
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let account = account(reader, &url);
        if account.is_some() && encryption == Encryption::None && !is_loopback(&host) {
            let why =
                "would send the password readable for everybody on the way: say smtps://, or ?tls=required at its end";
            reader.mistake("SMTP_URL", why);
        }
        let port = url.port().unwrap_or(match encryption {
            Encryption::None => 25,
            Encryption::StartTls => 587,
            Encryption::Implicit => 465,
        });
        Some(Self { host, port, encryption, authority, account })
    }
}

/// Whether `tls=required` is there, and the file of `ca`.
fn parameters(reader: &mut Reader<'_>, url: &Url) -> (bool, Option<PathBuf>) {
    let (mut tls, mut authority) = (false, None);
    for (name, value) in url.query_pairs() {
        match (&*name, &*value) {
            ("tls", "required") => tls = true,
            ("ca", file) if !file.is_empty() => authority = Some(PathBuf::from(file)),
            _ => reader.mistake("SMTP_URL", "has something else after the ? than tls=required and ca=<file>"),
        }
    }
    (tls, authority)
}

/// Name and password, each from the address or from its own variable, both or neither.
fn account(reader: &mut Reader<'_>, url: &Url) -> Option<(String, Secret)> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let in_url = [Some(url.username()).filter(|name| !name.is_empty()), url.password()];
    let [name, password] = [("SMTP_USERNAME", in_url[0]), ("SMTP_PASSWORD", in_url[1])].map(|(variable, in_url)| {
        let set = reader.optional(variable).map(str::to_owned);
        if set.is_some() && in_url.is_some() {
            reader.mistake(variable, "is set, and SMTP_URL has one too: unset it, or take that out of SMTP_URL");
        }
        set.or_else(|| in_url.map(decoded))
    });
    match (name, password) {
        (Some(name), Some(password)) => return Some((name, Secret::new(password))),
        (None, None) => {}
        (Some(_), None) => reader.mistake("SMTP_PASSWORD", "is not set, but the name of an account is"),
        (None, Some(_)) => reader.mistake("SMTP_USERNAME", "is not set, but a password is"),
    }
    None
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
