//! The one way to change something: a transaction that also holds the change's events and its idempotency record.

use std::collections::BTreeMap;

use events::EventDraft;
use platform::clock::Clock;
use platform::outbox::Wake;
use platform::problem::Problem;
use platform::trace::TraceContext;
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, TransactionTrait};
use serde_json::{Value, json};
use uuid::Uuid;

use super::idempotency::{self, Claim, Once};
use super::reply::Reply;
use super::statement;

/// What every change needs.
#[derive(Clone, Debug)]
pub struct Changes {
    /// The database.
    pub db: DatabaseConnection,
    /// The time.
    pub clock: Clock,
    /// Rung when there are events to publish.
    pub wake: Wake,
}

/// A change under way. Dropped without [`Change::commit`] or [`Change::finish`], nothing of it remains.
#[derive(Debug)]
pub struct Change {
    transaction: DatabaseTransaction,
    clock: Clock,
    wake: Wake,
    trace: Option<TraceContext>,
    events: Vec<EventDraft>,
    once: Option<Once>,
}

/// A change, or the answer that this request got before.
#[derive(Debug)]
pub enum Begun {
    /// Go on.
    Fresh(Box<Change>),
    /// The request was carried out already: this was its answer.
    Replay(Reply),
}

impl Changes {
    /// Begins a change.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn begin(&self, trace: Option<TraceContext>) -> Result<Change, DbErr> {
        let transaction = self.db.begin().await?;
        let (clock, wake) = (self.clock.clone(), self.wake.clone());
        Ok(Change { transaction, clock, wake, trace, events: Vec::new(), once: None })
    }

    /// Begins a change that is carried out once for an idempotency key, if the request has one.
    ///
    /// # Errors
    /// 409 while the first request with that key is under way, 422 when the key came with another request.
    pub async fn begin_once(&self, trace: Option<TraceContext>, once: Option<Once>) -> Result<Begun, Problem> {
        let mut change = self.begin(trace).await?;
        if let Some(once) = once {
            match idempotency::claim(&change.transaction, &once, change.clock.now()).await? {
                Claim::Repeated(reply) => return Ok(Begun::Replay(reply)),
                Claim::First => change.once = Some(once),
            }
        }
        Ok(Begun::Fresh(Box::new(change)))
    }
}

impl Change {
    /// The transaction, for the store.
    pub fn transaction(&self) -> &DatabaseTransaction {
        &self.transaction
    }

    /// The clock that the change is dated by.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Adds a fact, to be published after the commit in the order of the calls.
    pub fn emit(&mut self, event: EventDraft) {
        self.events.push(event);
    }

    /// Stores the events, and commits.
    ///
    /// # Errors
    /// When the database refuses; then nothing was changed.
    pub async fn commit(mut self) -> Result<(), DbErr> {
        let events = std::mem::take(&mut self.events);
        let silent = events.is_empty();
        for (workspace_id, events) in by_workspace(events) {
            self.append(workspace_id, events).await?;
        }
        self.transaction.commit().await?;
        if !silent {
            self.wake.ring();
        }
        Ok(())
    }

    /// Stores the reply for the request's idempotency key and commits: the last step of a handler.
    ///
    /// # Errors
    /// When the database refuses; then nothing was changed.
    pub async fn finish(mut self, reply: Reply) -> Result<Reply, Problem> {
        if let Some(once) = self.once.take() {
            idempotency::save(&self.transaction, &once, &reply, self.clock.now()).await?;
        }
        self.commit().await?;
        Ok(reply)
    }

    /// Raises the workspace's sequence and appends its events, numbered and dated, in one statement. The row lock on the
    /// workspace is held from here to the commit, so that numbers become visible in their order. Dates ascend with the
    /// numbers, by a microsecond at least, also when two replicas' clocks disagree: history in the order of time is history
    /// in the order of the workspace.
    async fn append(&self, workspace_id: Uuid, events: Vec<EventDraft>) -> Result<(), DbErr> {
        let now = self.clock.now();
        let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
        let rows: Vec<Value> = events.into_iter().map(|event| self.row(event, now)).collect();
        let sql = "WITH counter AS (\
               UPDATE core.workspaces SET sequence = sequence + $2, \
                 last_event_at = greatest($5, last_event_at + interval '1 microsecond') + ($2 - 1) * interval '1 microsecond' \
               WHERE id = $1 \
               RETURNING sequence - $2 AS base, last_event_at - $2 * interval '1 microsecond' AS before), \
             numbered AS (\
               SELECT event, base + position AS sequence, before + position * interval '1 microsecond' AS at \
               FROM counter, jsonb_array_elements($3) WITH ORDINALITY AS row (event, position)) \
             INSERT INTO core.outbox \
               (workspace_id, sequence, event_id, event_type, topics, payload, trace_context, created_at) \
             SELECT $1, sequence, (event ->> 'event_id')::uuid, event ->> 'event_type', \
               ARRAY (SELECT jsonb_array_elements_text(event -> 'topics')), \
               (event -> 'payload') || jsonb_build_object('sequence', sequence, \
                 'timestamp', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')), $4, at \
             FROM numbered";
        let trace = self.trace.as_ref().map(|trace| trace.as_str().to_owned());
        let values = [workspace_id.into(), count.into(), json!(rows).into(), trace.into(), now.into()];
        let stored = self.transaction.execute_raw(statement(sql, values)).await?.rows_affected();
        if stored == count.unsigned_abs() {
            return Ok(());
        }
        Err(DbErr::Custom(format!("{stored} of {count} events were stored: is there no workspace {workspace_id}?")))
    }

    fn row(&self, event: EventDraft, now: chrono::DateTime<chrono::Utc>) -> Value {
        let event_id = self.clock.new_id();
        let event_type = event.event_type;
        let topics: Vec<&str> = event_type.topics().iter().map(|topic| topic.as_str()).collect();
        json!({
            "event_id": event_id,
            "event_type": event_type.as_str(),
            "topics": topics,
            "payload": event.into_payload(event_id, now),
        })
    }
}

/// In the order of the workspaces' ids, so that two changes never wait for each other's counters crosswise.
fn by_workspace(events: Vec<EventDraft>) -> BTreeMap<Uuid, Vec<EventDraft>> {
    let mut workspaces: BTreeMap<Uuid, Vec<EventDraft>> = BTreeMap::new();
    for event in events {
        workspaces.entry(event.organization_id).or_default().push(event);
    }
    workspaces
}
