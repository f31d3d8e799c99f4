//! E-mail by SendGrid's API, version 3.

use std::time::Duration;

use futures::future::BoxFuture;
use lettre::message::Mailbox;
use platform::config::Secret;
use platform::http;
use serde_json::{Map, Value, json};

use super::answer::exchange;
use super::letter::{Letter, LetterWriter};
use super::{Provider, Receipt, SendError};
use crate::domain::message::Message;

/// SendGrid as seen with one key.
#[derive(Debug)]
pub(super) struct SendGrid {
    http: reqwest::Client,
    url: String,
    key: Secret,
    writer: LetterWriter,
}

impl SendGrid {
    pub(super) fn new(key: Secret, url: &str, writer: LetterWriter, patience: Duration) -> anyhow::Result<Self> {
        Ok(Self { http: http::client(patience)?, url: format!("{url}/v3/mail/send"), key, writer })
    }
}

impl Provider for SendGrid {
    /// SendGrid takes a message that it has had before for another one; what is the same is the Message-ID, and `delivery_id` in
    /// what it tells of deliveries.
    fn send<'a>(&'a self, address: &'a str, message: &'a Message) -> BoxFuture<'a, Result<Receipt, SendError>> {
        Box::pin(async move {
            let body = body(self.writer.write(address, message)?, &message.id.to_string());
            let request = self.http.post(&self.url).bearer_auth(self.key.expose()).json(&body);
            let taken = exchange("SendGrid", request, explain).await?;
            let id = taken.headers.get("x-message-id").and_then(|id| id.to_str().ok());
            Ok(Receipt { provider_id: id.map(str::to_owned) })
        })
    }
}

fn body(letter: Letter, delivery_id: &str) -> Value {
    let headers: Map<String, Value> =
        letter.headers.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    json!({
        "personalizations": [{"to": [person(&letter.to)], "custom_args": {"delivery_id": delivery_id}}],
        "from": person(&letter.from),
        "subject": letter.subject,
        // The plain text has to be first.
        "content": [
            {"type": "text/plain", "value": letter.text},
            {"type": "text/html", "value": letter.html},
        ],
        "headers": headers,
        // Whatever the account says: links stay as they are, nothing is added, and nobody is told what is read.
        "tracking_settings": {
            "click_tracking": {"enable": false, "enable_text": false},
            "open_tracking": {"enable": false},
            "subscription_tracking": {"enable": false},
        },
    })
}

fn person(mailbox: &Mailbox) -> Value {
    match &mailbox.name {
        Some(name) => json!({"email": mailbox.email.to_string(), "name": name}),
        None => json!({"email": mailbox.email.to_string()}),
    }
}

/// `{"errors": [{"message", "field", "help"}]}`.
fn explain(body: &Value) -> Option<String> {
    let errors = body["errors"].as_array()?;
    let words = errors.iter().filter_map(|error| {
        let message = error["message"].as_str()?;
        Some(error["field"].as_str().map_or_else(|| message.to_owned(), |field| format!("{field}: {message}")))
    });
    Some(words.collect::<Vec<_>>().join("; ")).filter(|words| !words.is_empty())
}
