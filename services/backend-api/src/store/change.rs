//! The one way to change something: a transaction that also holds the change's events and its idempotency record.

use std::collections::BTreeMap;

use events::EventDraft;
use platform::clock::Clock;
use platform::database::{Pool, Transaction, begin};
use platform::outbox::Wake;
use platform::problem::Problem;
use platform::trace::TraceContext;
use sea_orm::DbErr;
use uuid::Uuid;

use super::idempotency::{self, Claim, Once};
use super::isolation::Acting;
use super::outbox::Batch;
use super::reply::Reply;

/// What every change needs.
#[derive(Clone, Debug)]
pub struct Changes {
    /// The database.
    pub db: Pool,
    /// The time.
    pub clock: Clock,
    /// Rung when there are events to publish.
    pub wake: Wake,
}

/// A change under way. Dropped without [`Change::commit`] or [`Change::finish`], nothing of it remains.
#[derive(Debug)]
pub struct Change {
    transaction: Transaction,
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
    /// Begins a change that sees what `acting` may see.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn begin(&self, acting: Acting<'_>, trace: Option<TraceContext>) -> Result<Change, DbErr> {
        let transaction = begin(&self.db).await?;
        acting.begin(&transaction).await?;
        let (clock, wake) = (self.clock.clone(), self.wake.clone());
        Ok(Change { transaction, clock, wake, trace, events: Vec::new(), once: None })
    }

    /// Begins a change that is carried out once for an idempotency key, if the request has one.
    ///
    /// # Errors
    /// 409 while the first request with that key is under way, 422 when the key came with another request.
    pub async fn begin_once(
        &self,
        acting: Acting<'_>,
        trace: Option<TraceContext>,
        once: Option<Once>,
    ) -> Result<Begun, Problem> {
        let mut change = self.begin(acting, trace).await?;
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
    pub fn transaction(&self) -> &Transaction {
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

    /// Gives the change up; the connection is free when this returns.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn abandon(self) -> Result<(), DbErr> {
        self.transaction.rollback().await
    }

    /// Stores the events, and commits.
    ///
    /// # Errors
    /// When the database refuses; then nothing was changed.
    pub async fn commit(mut self) -> Result<(), DbErr> {
        let events = std::mem::take(&mut self.events);
        let silent = events.is_empty();
        for (workspace_id, events) in by_workspace(events) {
            Batch::of(workspace_id, events, self.trace.as_ref(), &self.clock).store(&self.transaction).await?;
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
}

/// In the order of the workspaces' ids, so that two changes never wait for each other's counters crosswise.
fn by_workspace(events: Vec<EventDraft>) -> BTreeMap<Uuid, Vec<EventDraft>> {
    let mut workspaces: BTreeMap<Uuid, Vec<EventDraft>> = BTreeMap::new();
    for event in events {
        workspaces.entry(event.organization_id).or_default().push(event);
    }
    workspaces
}
