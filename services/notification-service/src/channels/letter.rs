//! What is said in an e-mail, whoever carries it.

use lettre::message::Mailbox;

use super::SendError;
use super::address;
use super::links::Links;
use super::text::{escaped, header_line, lines, one_line};
use crate::domain::local_time::local_time;
use crate::domain::message::{Kind, Message};
use crate::domain::unsubscribe_token::UnsubscribeTokens;

/// Writes letters.
#[derive(Clone, Debug)]
pub(super) struct LetterWriter {
    pub(super) from: Mailbox,
    pub(super) links: Links,
    pub(super) tokens: UnsubscribeTokens,
}

/// A letter. Nothing in its lines ends a line.
#[derive(Clone, Debug)]
pub(super) struct Letter {
    pub(super) from: Mailbox,
    pub(super) to: Mailbox,
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
    /// Headers that do not depend on who carries it.
    pub(super) headers: Vec<(&'static str, String)>,
}

impl LetterWriter {
    /// The letter that tells `message` to `address`.
    ///
    /// # Errors
    /// When that is no address.
    pub(super) fn write(&self, address: &str, message: &Message) -> Result<Letter, SendError> {
        let name = Some(header_line(&message.recipient.name)).filter(|name| !name.is_empty());
        let to = Mailbox::new(name, address::email(address)?);
        let unsubscribe = self.links.unsubscribe(&self.tokens.make(&message.recipient.user_id, message.kind));
        let headers = vec![
            // The same at every attempt.
            ("Message-ID", format!("<{}@{}>", message.id, self.from.email.domain())),
            // RFC 8058: a mailbox may say it with one POST.
            ("List-Unsubscribe", format!("<{unsubscribe}>")),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()),
            // RFC 3834: nobody's holiday notice answers it.
            ("Auto-Submitted", "auto-generated".to_owned()),
        ];
        let content = Content {
            greeting: to.name.as_ref().map_or_else(|| "Hello,".to_owned(), |name| format!("Hello {name},")),
            title: one_line(&message.title),
            body: body(message),
            label: if message.task.is_some() { "Open the task" } else { "Open Tidings" },
            link: self.links.subject(message),
            what: what(message.kind),
            unsubscribe,
        };
        let (subject, text, html) = (header_line(&message.title), content.text(), content.html());
        Ok(Letter { from: self.from.clone(), to, subject, text, html, headers })
    }
}

/// What there is to say, with when it happened and when it is due by the reader's clock, unless that is said already. A reminder is
/// about what is to come.
fn body(message: &Message) -> String {
    let said = lines(&message.body);
    let local = |moment| local_time(moment, message.recipient.timezone);
    let due = message.task.as_ref().and_then(|task| task.due);
    let when = (message.kind != Kind::Reminder || due.is_none()).then(|| ("When", local(message.moment)));
    let moments = when.into_iter().chain(due.map(|due| ("Due", local(due))));
    let unsaid: Vec<String> = moments
        .filter(|(_, moment)| !said.contains(moment))
        .map(|(label, moment)| format!("{label}: {moment}"))
        .collect();
    [said, unsaid.join("\n")].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
}

/// What somebody gets no more of, when they follow the last link.
fn what(kind: Kind) -> &'static str {
    match kind {
        Kind::Reminder => "reminders",
        Kind::TaskCompleted => "tasks that others completed",
        Kind::TaskAssigned => "tasks that you were given",
        Kind::CommentAdded => "comments",
        Kind::System => "Tidings itself",
        Kind::Digest => "what happened in a day",
        Kind::DeliveryFailed => "messages that could not be sent",
    }
}

struct Content {
    greeting: String,
    title: String,
    body: String,
    label: &'static str,
    link: String,
    what: &'static str,
    unsubscribe: String,
}

impl Content {
    fn text(&self) -> String {
        let Self { greeting, title, body, label, link, what, unsubscribe } = self;
        format!(
            "{greeting}\n\n{title}\n\n{body}\n\n{label}: {link}\n\n--\nNo more e-mails about {what}: {unsubscribe}\n"
        )
    }

    fn html(&self) -> String {
        let shown = |text: &str| escaped(text).replace('\n', "<br>\n");
        format!(
            include_str!("letter.html"),
            greeting = shown(&self.greeting),
            title = shown(&self.title),
            body = shown(&self.body),
            label = self.label,
            link = escaped(&self.link),
            what = self.what,
            unsubscribe = escaped(&self.unsubscribe),
        )
    }
}
