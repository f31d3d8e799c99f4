//! Tasks with as many reminders as a task may have.

use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use clap::Args;
use futures::stream::{StreamExt as _, TryStreamExt as _, iter};
use platform::http::loopback_client;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::closed_loop::send;
use crate::people::{People, Person};

/// How long a request may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Reminders of a task.
const EACH: usize = 50;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Where the API is, such as http://127.0.0.1:8000
    #[arg(long)]
    base: String,
    #[arg(long)]
    tokens: PathBuf,
    /// What the tasks are called, by which their reminders are found
    #[arg(long)]
    title: String,
    /// How many reminders, of 50 to a task at most; each task is another user's
    #[arg(long)]
    reminders: usize,
    /// The first moment (RFC 3339)
    #[arg(long)]
    first: DateTime<Utc>,
    /// Between two moments, in milliseconds
    #[arg(long, default_value_t = 0)]
    between: i64,
    #[arg(long, default_value_t = 32)]
    connections: usize,
}

/// Asks for the reminders, told in the application alone, and says how long it took until all were acknowledged.
pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<Value> {
    let Arguments { base, reminders, connections, .. } = arguments;
    let people = People::read(&arguments.tokens)?.take(reminders.div_ceil(EACH))?;
    let (client, begun) = (loopback_client(PATIENCE)?, Instant::now());
    let requests = people.iter().enumerate().map(|(number, Person { user, token })| {
        let request = client.post(format!("{base}/api/{user}/tasks")).bearer_auth(token);
        let numbers = number * EACH..(number * EACH + EACH).min(*reminders);
        send(request.json(&task(arguments, numbers)))
    });
    iter(requests).buffer_unordered(*connections).try_collect::<Vec<()>>().await?;
    Ok(json!({ "asked_in": begun.elapsed().as_secs_f64() }))
}

/// The task with the reminders of these numbers.
fn task(arguments: &Arguments, numbers: Range<usize>) -> Value {
    let moment = |number: usize| {
        let after = TimeDelta::milliseconds(arguments.between * i64::try_from(number).unwrap_or_default());
        (arguments.first + after).to_rfc3339_opts(SecondsFormat::Micros, true)
    };
    let reminders: Vec<Value> = numbers.map(|number| json!({"at": moment(number), "channels": ["in_app"]})).collect();
    json!({ "title": arguments.title, "reminders": reminders })
}
