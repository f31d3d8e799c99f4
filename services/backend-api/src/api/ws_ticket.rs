//! Tickets to the WebSocket, for clients that cannot send a token with the upgrade.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use platform::extract::OptionalJson;
use platform::problem::Problem;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::caller::Caller;
use super::docs::{OnceHeader, UserPath};
use super::once::once;
use super::refusals::{BodyRefusals, CallerRefusals, OnceRefusals};
use super::respond::{no_store, replayed};
use crate::actions::issue_ws_ticket::{SoldTicket, issue_ws_ticket};
use crate::app::App;
use crate::store::change::Begun;
use crate::store::isolation::Acting;
use crate::store::reply::Reply;

/// What may be said with the request: nothing so far.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TicketInput {}

/// A key to `GET /ws?ticket=…`, good for one use.
#[derive(Debug, Serialize, ToSchema)]
pub struct Ticket {
    /// Opaque.
    ticket: String,
    /// Seconds for which it is good, the last one begun.
    #[schema(example = 30)]
    expires_in: i64,
}

/// Gives a ticket that opens one WebSocket, for clients that cannot send a token with the upgrade.
#[utoipa::path(post, path = "/api/{user_id}/ws-ticket", tag = "sockets", operation_id = "create_ws_ticket",
    request_body = Option<TicketInput>, params(UserPath, OnceHeader),
    responses((status = 201, body = Ticket, description = "The ticket", headers(("Cache-Control" = String))), CallerRefusals, BodyRefusals, OnceRefusals))]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    OptionalJson { value: TicketInput {}, bytes }: OptionalJson<TicketInput>,
) -> Result<Response, Problem> {
    let user_id = &caller.actor.user_id;
    let once = once(&headers, user_id, "ws-ticket", &bytes)?;
    let change = match app.changes.begin_once(Acting::User(&caller.actor.user_id), caller.trace, once).await? {
        Begun::Fresh(change) => change,
        Begun::Replay(reply) => return Ok(no_store(replayed(with_ticket(&app, reply)?))),
    };
    let sold = issue_ws_ticket(&change, user_id, caller.token_expires_at).await?;
    let reply = change.finish(Reply::made(&sold)).await?;
    Ok(no_store(with_ticket(&app, reply)?.into_response()))
}

/// The reply with the ticket in the place of what was sold: the ticket itself is not kept for repetitions.
fn with_ticket(app: &App, reply: Reply) -> Result<Reply, Problem> {
    let SoldTicket { id, expires_at } = reply.read_body()?;
    // Of the second that has begun, the client has the rest.
    let rest = expires_at - app.changes.clock.now() + TimeDelta::seconds(1) - TimeDelta::nanoseconds(1);
    let expires_in = rest.num_seconds().max(0);
    Ok(Reply { body: Some(json!(Ticket { ticket: app.ws_tickets.seal(id), expires_in })), ..reply })
}
