//! Where messages lead.

use crate::domain::message::Message;

/// The addresses that links begin with.
#[derive(Clone, Debug)]
pub(super) struct Links {
    pub(super) app_url: String,
    pub(super) api_url: String,
}

impl Links {
    /// The task of the message in the web application, or the application where there is none.
    pub(super) fn subject(&self, message: &Message) -> String {
        match &message.task {
            Some(task) => format!("{}/tasks/{}", self.app_url, task.id),
            None => self.app_url.clone(),
        }
    }

    /// What switches a kind of e-mail off.
    pub(super) fn unsubscribe(&self, token: &str) -> String {
        format!("{}/api/unsubscribe/{token}", self.api_url)
    }
}
