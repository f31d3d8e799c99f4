//! Tickets to the WebSocket, for clients that cannot send a token with the upgrade.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use platform::problem::Problem;
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::docs::{CallerRefusals, OnceHeader, OnceRefusals, UserPath};
use super::once::once;
use super::respond::replayed;
use crate::actions::issue_ws_ticket::{self, issue_ws_ticket};
use crate::app::App;
use crate::store::change::Begun;
use crate::store::reply::Reply;

/// A key to `GET /ws?ticket=…`, good for one use.
#[derive(Debug, Serialize, ToSchema)]
pub struct Ticket {
    /// Opaque.
    ticket: String,
    /// Seconds for which it is good.
    #[schema(example = 30)]
    expires_in: i64,
}

/// Sells a ticket.
#[utoipa::path(post, path = "/api/{user_id}/ws-ticket", tag = "sockets", operation_id = "create_ws_ticket", params(UserPath, OnceHeader),
    responses((status = 201, body = Ticket, description = "The ticket"), CallerRefusals, OnceRefusals))]
pub async fn create(State(app): State<App>, caller: Caller, headers: HeaderMap) -> Result<Response, Problem> {
    let user_id = &caller.actor.user_id;
    let once = once(&headers, user_id, "ws-ticket", b"")?;
    let change = match app.changes.begin_once(caller.trace, once).await? {
        Begun::Fresh(change) => change,
        Begun::Replay(reply) => return Ok(replayed(reply)),
    };
    let ticket = issue_ws_ticket(&change, &app.random, user_id, caller.token_expires_at).await?;
    let body = Ticket { ticket, expires_in: issue_ws_ticket::LIFETIME.num_seconds() };
    let reply = change.finish(Reply::made(&body)).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], reply).into_response())
}
