//! Text messages by Twilio's API of 2010-04-01.

use std::time::Duration;

use futures::future::BoxFuture;
use platform::http;
use serde_json::Value;

use super::answer::exchange;
use super::links::Links;
use super::settings::{TwilioAccount, is_sid};
use super::text_message::text;
use super::{Provider, Receipt, SendError, address};
use crate::domain::message::Message;

/// Twilio as seen with one account.
#[derive(Debug)]
pub(super) struct Twilio {
    http: reqwest::Client,
    url: String,
    account: TwilioAccount,
    links: Links,
}

impl Twilio {
    pub(super) fn new(account: TwilioAccount, links: Links, patience: Duration) -> anyhow::Result<Self> {
        let url = format!("{}/2010-04-01/Accounts/{}/Messages.json", account.url, account.sid);
        Ok(Self { http: http::client(patience)?, url, account, links })
    }
}

impl Provider for Twilio {
    /// There is no key by which Twilio would recognise a repetition: a text message whose answer was lost arrives twice.
    fn send<'a>(&'a self, address: &'a str, message: &'a Message) -> BoxFuture<'a, Result<Receipt, SendError>> {
        Box::pin(async move {
            let from = if is_sid(&self.account.from, "MG") { "MessagingServiceSid" } else { "From" };
            let text = text(message, &self.links);
            let form = [("To", address::phone(address)?), (from, &self.account.from), ("Body", &text)];
            let request = self.http.post(&self.url).basic_auth(&self.account.sid, Some(self.account.token.expose()));
            let taken = exchange("Twilio", request.form(&form), explain).await?;
            Ok(Receipt { provider_id: taken.body["sid"].as_str().map(str::to_owned) })
        })
    }
}

/// `{"code", "message", "more_info", "status"}`.
fn explain(body: &Value) -> Option<String> {
    let message = body["message"].as_str()?;
    Some(body["code"].as_u64().map_or_else(|| message.to_owned(), |code| format!("{message} (error {code})")))
}
