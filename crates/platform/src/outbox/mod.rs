//! The transactional outbox: events are rows of the transaction that made the change, and leave afterwards.
//!
//! Each service's outbox is a table of this shape in its own schema:
//! `outbox(id, workspace_id, shard, sequence, event_id, event_type, topics[], payload, trace_context, created_at, published_at)`.
//! `shard` is a hash of the workspace; events of one workspace leave in the order of their ids. Rows that were published stay for
//! a while: they are the history of the workspace, for clients that come back.

mod backlog;
mod relay;
mod row;

pub use backlog::{Backlog, backlog_check, watch};
pub use relay::{Batch, Relay, RelayError, Wake};
