//! `tidings dead-letters`: what consumers gave up is listed, looked at, and published again.

mod arguments;
mod client;
mod table;

use std::io::{Read as _, Write as _};
use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

pub(crate) use arguments::DeadLetters;
use arguments::{List, Replay, Show, What};
use client::Client;

/// Does what was asked for.
pub(crate) async fn run(arguments: DeadLetters) -> anyhow::Result<()> {
    match arguments.what {
        What::List(arguments) => list(&arguments).await,
        What::Show(arguments) => show(&arguments).await,
        What::Replay(arguments) => replay(&arguments).await,
    }
}

async fn list(arguments: &List) -> anyhow::Result<()> {
    let mut query = vec![("limit", arguments.limit.to_string())];
    query.extend(arguments.topic.clone().map(|topic| ("topic", topic)));
    query.extend(arguments.status.clone().map(|status| ("status", status)));
    query.extend(arguments.after.map(|after| ("after", after.to_string())));
    let page = Client::of(&arguments.place)?.get("", &query).await?;
    let mut out = std::io::stdout().lock();
    if arguments.json {
        writeln!(out, "{page}")?;
        return Ok(());
    }
    match page["items"].as_array().map(Vec::as_slice) {
        None | Some([]) => writeln!(out, "There are no such dead letters.")?,
        Some(letters) => write!(out, "{}", table::render(letters))?,
    }
    if let Some(next) = page["next"].as_str() {
        // Not part of the table, which may be read by a program.
        writeln!(std::io::stderr(), "There are more: add --after {next}")?;
    }
    Ok(())
}

async fn show(arguments: &Show) -> anyhow::Result<()> {
    let letter = Client::of(&arguments.place)?.get(&format!("/{}", arguments.id), &[]).await?;
    let shown = if arguments.event { event(&letter)? } else { &letter };
    writeln!(std::io::stdout(), "{shown:#}")?;
    Ok(())
}

fn event(letter: &Value) -> anyhow::Result<&Value> {
    if letter["encoding"] != "json" {
        let cause = letter["cause"].as_str().unwrap_or("the message is not JSON");
        bail!(
            "there is no event to show, because {cause}: show it without --event, or replay another event in its place"
        );
    }
    Ok(&letter["message"])
}

async fn replay(arguments: &Replay) -> anyhow::Result<()> {
    let body = arguments.event.as_deref().map(read).transpose()?.map(|event| json!({ "event": event }));
    let replayed = Client::of(&arguments.place)?.post(&format!("/{}/replay", arguments.id), body.as_ref()).await?;
    let event = replayed["event_id"].as_str().unwrap_or_default();
    let before = match replayed["recorded_before"].as_bool() {
        Some(true) => "; the history had it already",
        _ => "",
    };
    writeln!(std::io::stdout(), "Replayed as event {event}{before}.")?;
    Ok(())
}

fn read(file: &Path) -> anyhow::Result<Value> {
    let (name, mut bytes) = (file.display(), Vec::new());
    if file.as_os_str() == "-" {
        std::io::stdin().read_to_end(&mut bytes).context("standard input cannot be read")?;
    } else {
        bytes = std::fs::read(file).with_context(|| format!("{name} cannot be read"))?;
    }
    serde_json::from_slice(&bytes).with_context(|| format!("{name} is not JSON"))
}
