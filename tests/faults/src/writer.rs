//! One user's writes, one after the other, each repeated until it is acknowledged.

use std::time::Duration;

use platform::random::Random;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::journal::{Acknowledged, Known, Shared};
use crate::person::{Answer, Person};

/// How long one write is repeated before the run is given up.
const PATIENCE: Duration = Duration::from_mins(2);
/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(50);

/// Writes as one user.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) person: Person,
    pub(crate) journal: Shared,
    pub(crate) random: Random,
    pub(crate) count: u64,
}

/// One write.
#[derive(Clone, Debug)]
struct Write {
    method: Method,
    path: String,
    body: Option<Value>,
    event_type: &'static str,
    /// The task and how it is to be afterwards; a new one has no id yet.
    task: Option<String>,
    after: Known,
}

impl Writer {
    /// Carries out one write; gives up only when the system stays away for minutes, which is wrong.
    pub(crate) async fn write(&mut self, stop: &CancellationToken) {
        let write = self.choose();
        // Only POST takes a key. Repeating the others changes nothing.
        let key = (write.method == Method::POST).then(|| self.random.uuid().to_string());
        let (begun, mut repeated) = (Instant::now(), false);
        loop {
            let sent = Instant::now();
            let Write { method, path, body, .. } = &write;
            match self.person.ask(method.clone(), path, key.as_deref(), body.as_ref()).await {
                Ok(answer) if is_done(&answer, &write, repeated) => return self.acknowledge(write, &answer, sent),
                Ok(answer) => {
                    if !self.refused(&write, &answer, sent.elapsed()) {
                        return stop.cancel();
                    }
                }
                Err(_) => self.journal.lock().unclear += 1,
            }
            repeated = true;
            if begun.elapsed() > PATIENCE {
                self.journal.lock().wrong(format!("{method} {path} was not acknowledged within {PATIENCE:?}"));
                return stop.cancel();
            }
            sleep(PAUSE).await;
        }
    }

    fn choose(&mut self) -> Write {
        self.count += 1;
        let title = format!("{} writes {}", self.person.id, self.count);
        let journal = self.journal.lock();
        let new = Known { title: title.clone(), completed: false, version: 1 };
        let dice = self.below(100);
        if dice >= 90 && !journal.deleted.is_empty() {
            let (id, before) = pick(&journal.deleted, self.below(journal.deleted.len()));
            let after = Known { version: before.version + 1, ..before.clone() };
            return verb(id, "restore", "task.restored", after);
        }
        if dice < 40 || journal.tasks.is_empty() {
            let body = Some(json!({ "title": title }));
            let path = "/tasks".to_owned();
            return Write { method: Method::POST, path, body, event_type: "task.created", task: None, after: new };
        }
        let (id, before) = pick(&journal.tasks, self.below(journal.tasks.len()));
        let after = Known { version: before.version + 1, ..before.clone() };
        let (path, task) = (format!("/tasks/{id}"), Some(id.clone()));
        match dice {
            40..70 => {
                let body = Some(json!({ "title": title }));
                let after = Known { title, ..after };
                Write { method: Method::PATCH, path, body, event_type: "task.updated", task, after }
            }
            70..80 => Write { method: Method::DELETE, path, body: None, event_type: "task.deleted", task, after },
            _ if before.completed => verb(id, "reopen", "task.reopened", Known { completed: false, ..after }),
            _ => verb(id, "complete", "task.completed", Known { completed: true, ..after }),
        }
    }

    fn below(&self, n: usize) -> usize {
        usize::from(u16::from_le_bytes(self.random.bytes())) % n.max(1)
    }

    fn acknowledge(&self, write: Write, answer: &Answer, sent: Instant) {
        let mut journal = self.journal.lock();
        let id = write.task.clone().or_else(|| answer.body["id"].as_str().map(str::to_owned)).unwrap_or_default();
        let told = Known::of(&answer.body);
        if write.method != Method::DELETE && told.as_ref() != Some(&write.after) {
            journal.wrong(format!("{} {} became {}, not {:?}", write.method, write.path, answer.body, write.after));
        }
        let fact = (id.clone(), write.event_type.to_owned(), write.after.version);
        journal.acknowledged.push(Acknowledged { fact, sent, at: Instant::now() });
        journal.tasks.remove(&id);
        journal.deleted.remove(&id);
        let now = if write.method == Method::DELETE { &mut journal.deleted } else { &mut journal.tasks };
        now.insert(id, write.after);
    }

    /// Notes a refusal; false when it is not one that says "try again".
    fn refused(&self, write: &Write, answer: &Answer, took: Duration) -> bool {
        let mut journal = self.journal.lock();
        let in_flight = answer.status == 409 && answer.body["code"] == "idempotency_in_flight";
        if answer.is_problem && (answer.status == 503 || in_flight) {
            journal.refused += 1;
            journal.slowest_refusal = journal.slowest_refusal.max(took);
            return true;
        }
        journal.wrong(format!("{} {} was answered {} {}", write.method, write.path, answer.status, answer.body));
        // What is our fault may be clear at the next attempt; the run goes on to see, and fails all the same.
        answer.status >= 500
    }
}

/// A deletion that is repeated may have happened the first time.
fn is_done(answer: &Answer, write: &Write, repeated: bool) -> bool {
    (200..300).contains(&answer.status) || (answer.status == 404 && repeated && write.method == Method::DELETE)
}

fn verb(id: &str, verb: &str, event_type: &'static str, after: Known) -> Write {
    let (path, task) = (format!("/tasks/{id}/{verb}"), Some(id.to_owned()));
    Write { method: Method::POST, path, body: Some(json!({})), event_type, task, after }
}

fn pick(tasks: &std::collections::BTreeMap<String, Known>, at: usize) -> (&String, &Known) {
    tasks.iter().nth(at).unwrap_or_else(|| unreachable!("there is one for each number below their count"))
}
