//! A new task in one round trip: its row, its event, its number in the workspace and the reply for its idempotency key are
//! one statement, and so one transaction. Creating is what a task platform does most; each round trip less counts.

use events::EventDraft;
use platform::clock::Clock;
use platform::database::{json_text, statement};
use platform::trace::TraceContext;
use sea_orm::{ConnectionTrait as _, DbErr, Statement, Value};

use super::change::Changes;
use super::idempotency::Once;
use super::outbox::{Batch, RAISE, RAISED, STORE};
use super::reply::Reply;
use super::tasks;
use crate::domain::task::Task;
use crate::domain::timezone::TimeZone;

/// A task that is to be stored.
#[derive(Debug)]
pub struct Creation<'a> {
    /// The task.
    pub task: &'a Task,
    /// What must be so, or nothing is stored.
    pub provided: Provided,
    /// The event that tells of it.
    pub event: EventDraft,
    /// The request's idempotency key, if it has one.
    pub once: Option<&'a Once>,
    /// The answer that is kept with the key.
    pub reply: &'a Reply,
}

/// What must be so when a task is stored.
#[derive(Clone, Copy, Debug)]
pub enum Provided {
    /// Nothing.
    Nothing,
    /// The user of the task, which was given their time zone, has none other by now.
    UserIsIn(TimeZone),
    /// There is no task of its id. Found out before the workspace's counter is held: whoever changes that task holds its row, and
    /// waits for the counter.
    IsNew,
}

impl Changes {
    /// Stores all of `creation`, or nothing and answers false: when its key was used or is being used, or what was provided is not
    /// so. [`Changes::begin_once`] finds out which.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn create(&self, creation: Creation<'_>, trace: Option<&TraceContext>) -> Result<bool, DbErr> {
        let stored = self.db.execute_raw(creation.statement(trace, &self.clock)).await?.rows_affected() == 1;
        if stored {
            self.wake.ring();
        }
        Ok(stored)
    }
}

impl Creation<'_> {
    /// The statement that stores it; the bench has Postgres do the same without us.
    pub fn statement(self, trace: Option<&TraceContext>, clock: &Clock) -> Statement {
        let Creation { task, provided, event, once, reply } = self;
        let batch = Batch::of(task.workspace_id, vec![event], trace, clock);
        let mut values = batch.values().to_vec();
        let condition = provided.condition(task, &mut values);
        let (key, fresh) = match once {
            Some(once) => (claim(once, reply, &condition, &mut values), "EXISTS (SELECT FROM claimed)"),
            None => (String::new(), condition.as_str()),
        };
        let row = insert(task, &mut values);
        let sql = format!("WITH {key} counter AS ({RAISE} AND {fresh} {RAISED}), task AS ({row}) {STORE}");
        statement(&sql, values)
    }
}

impl Provided {
    fn condition(self, task: &Task, values: &mut Vec<Value>) -> String {
        match self {
            Self::Nothing => "true".to_owned(),
            Self::UserIsIn(zone) => {
                let (user, zone) = (bind(values, task.user_id.as_str()), bind(values, zone.name()));
                format!("core.is_in_timezone({user}, {zone})")
            }
            Self::IsNew => format!("NOT core.is_task({})", bind(values, task.id)),
        }
    }
}

/// Keeps the reply with the key, unless a transaction holds the key's lock or the key is known: a row that is committed
/// meanwhile is met by the unique index, whatever this statement's snapshot shows.
fn claim(once: &Once, reply: &Reply, condition: &str, values: &mut Vec<Value>) -> String {
    let (scope, key) = (bind(values, once.scope.as_str()), bind(values, once.key.as_str()));
    let fingerprint = bind(values, once.fingerprint.clone());
    let reply = bind(values, json_text(reply));
    format!(
        "claimed AS (INSERT INTO core.idempotency_keys (scope, key, fingerprint, response, created_at) \
           SELECT {scope}, {key}, {fingerprint}, {reply}::jsonb, $5 \
           WHERE {condition} AND pg_try_advisory_xact_lock(hashtextextended({scope} || chr(31) || {key}, 0)) \
           ON CONFLICT (scope, key) DO NOTHING RETURNING 1), "
    )
}

/// Inserts the task's row if the counter was raised.
fn insert(task: &Task, values: &mut Vec<Value>) -> String {
    let (columns, parameters): (Vec<_>, Vec<_>) =
        tasks::fields(task).map(|(column, value)| (format!("\"{column}\""), bind(values, value))).unzip();
    format!("INSERT INTO core.tasks ({}) SELECT {} FROM counter", columns.join(", "), parameters.join(", "))
}

fn bind(values: &mut Vec<Value>, value: impl Into<Value>) -> String {
    values.push(value.into());
    format!("${}", values.len())
}
