//! The channels as the rest of the service uses them, against servers that are real or strict.

mod provider;
mod rendering;
mod sendgrid;
mod settings;
mod smtp;
mod twilio;

use chrono_tz::Tz;
use platform::config::{ConfigErrors, Reader, Variables};
use uuid::Uuid;

use super::*;
use crate::domain::message::{Recipient, Subject};

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const ID: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_00d1);
const TASK: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_007a);

/// Shorter than in production, longer than a busy machine takes.
const PATIENCE: Duration = Duration::from_secs(4);

fn variables(variables: &[(&str, &str)]) -> Variables {
    variables.iter().fold(Variables::default(), |all, (name, value)| all.with(name, *value))
}

fn settings(set: &[(&str, &str)]) -> Result<ChannelSettings, ConfigErrors> {
    let variables = variables(set);
    let mut reader = Reader::new(&variables);
    let settings = ChannelSettings::read(&mut reader);
    reader.finish(settings)
}

fn channels(set: &[(&str, &str)]) -> Channels {
    Channels::new(ChannelSettings { patience: PATIENCE, ..settings(set).unwrap() }).unwrap()
}

/// With what e-mail needs, whoever carries it.
fn email_channels(set: &[(&str, &str)]) -> Channels {
    let needed = [("EMAIL_FROM", "Tidings <tidings@example.com>"), ("NOTIFICATION_SECRET", SECRET)];
    channels(&[set, &needed].concat())
}

/// A reminder for Alice, who is in Berlin.
fn message() -> Message {
    Message {
        id: ID,
        kind: Kind::Reminder,
        title: "Reminder: Pay the rent".to_owned(),
        body: "It is due in an hour.".to_owned(),
        task: Some(Subject {
            id: TASK,
            title: "Pay the rent".to_owned(),
            due: Some("2026-01-31T09:00:00Z".parse().unwrap()),
        }),
        moment: "2026-01-31T08:00:00Z".parse().unwrap(),
        recipient: Recipient { user_id: "alice".to_owned(), name: "Alice".to_owned(), timezone: Tz::Europe__Berlin },
    }
}

#[track_caller]
fn is_transient(result: Result<Receipt, SendError>) -> String {
    match result {
        Err(SendError::Transient { detail, .. }) => detail,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn is_permanent(result: Result<Receipt, SendError>) -> String {
    match result {
        Err(SendError::Permanent { detail }) => detail,
        other => panic!("{other:?}"),
    }
}

/// The address of a port where nobody listens.
async fn nobody() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().to_string()
}
