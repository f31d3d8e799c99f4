//! `GET /ws`: who may open a socket.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use platform::auth::AuthError;
use platform::extract::Query;
use platform::origins::AllowedOrigins;
use platform::problem::{FieldError, Problem};
use platform::trace::TraceContext;
use serde::Deserialize;

use super::line::{self, Entry, Subscribed};
use crate::actions::authenticate_socket::{self, TicketError};
use crate::actions::subscribe_socket::{self, SubscribeError};
use crate::app::App;
use crate::domain::credentials::{BEARER, Credentials};
use crate::domain::ending::Ending;
use crate::domain::last_seen::LastSeen;
use crate::domain::session::{Profile, Session};

/// The largest message of a client, in bytes.
const MAX_MESSAGE: usize = 16 * 1024;
/// What is allocated for reading, for the whole life of a socket.
const READ_BUFFER: usize = 4 * 1024;
/// What is collected before it is written.
const WRITE_BUFFER: usize = 4 * 1024;

/// The query of the opening request. A token is not taken here: addresses are logged.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Opening {
    ticket: Option<String>,
    last_seen: Option<String>,
}

/// Opens a socket. With a token or a ticket everything is checked before the upgrade, so that a refusal is an HTTP
/// problem; without, the first message says who it is.
pub(crate) async fn open(
    State(app): State<App>,
    trace: Option<Extension<TraceContext>>,
    headers: HeaderMap,
    query: Result<Query<Opening>, Problem>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    check_origin(&headers, &app.origins)?;
    let upgrade = limited(upgrade.map_err(|rejection| not_a_handshake(&rejection))?);
    let Query(opening) = query?;
    let trace = trace.map(|Extension(trace)| trace);
    let entry = enter(&app, &upgrade, &opening, trace).await?;
    let token = app.sockets.token();
    Ok(upgrade.on_upgrade(async move |socket| {
        line::live(&app, socket, entry).await;
        drop(token);
    }))
}

async fn enter(
    app: &App,
    upgrade: &WebSocketUpgrade,
    opening: &Opening,
    trace: Option<TraceContext>,
) -> Result<Entry, Problem> {
    let last_seen = opening.last_seen.as_deref().map(last_seen).transpose()?;
    let protocols: Vec<&str> =
        upgrade.requested_protocols().map(|protocol| protocol.to_str().unwrap_or_default()).collect();
    let (profile, session) = match Credentials::of(&protocols, opening.ticket.as_deref()) {
        Credentials::Token(token) => authenticate_socket::by_token(app, token).await?,
        Credentials::TokenMissing => return Err(AuthError::Malformed("there is no token after bearer").into()),
        Credentials::Ticket(ticket) => authenticate_socket::by_ticket(app, ticket, trace.as_ref()).await?,
        Credentials::TicketInvalid => return Err(TicketError::Invalid.into()),
        Credentials::FirstMessage => {
            let permit =
                Arc::clone(&app.unauthenticated).try_acquire_owned().map_err(|_| too_many_unauthenticated())?;
            return Ok(Entry::Unknown { last_seen, trace, permit });
        }
    };
    subscribed(app, &profile, session, last_seen.as_ref(), trace.as_ref()).await
}

/// A browser shows its page no HTTP status of a failed upgrade, so too many sockets are told after it, by a close code.
async fn subscribed(
    app: &App,
    profile: &Profile,
    session: Session,
    last_seen: Option<&LastSeen>,
    trace: Option<&TraceContext>,
) -> Result<Entry, Problem> {
    match subscribe_socket::subscribe(app, profile, last_seen, trace).await {
        Ok(registration) => Ok(Entry::Known(Subscribed { session, registration })),
        Err(SubscribeError::TooManySockets(_)) => Ok(Entry::Refused(Ending::TooManySockets)),
        Err(error) => Err(error.into_problem()),
    }
}

fn last_seen(text: &str) -> Result<LastSeen, Problem> {
    LastSeen::parse(text).ok_or_else(|| {
        let detail =
            "Give the number of the last event that you saw, or <workspace id>:<number>,… for several workspaces.";
        Problem::validation(vec![FieldError::new("/last_seen", "invalid_parameter", detail)])
    })
}

/// Anybody may open a socket without saying who they are, so these are counted for everybody together.
fn too_many_unauthenticated() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_unauthenticated_sockets", "Temporarily unavailable")
        .detail(
            "Too many sockets wait for their first message. Try again, or open the socket with a token or a ticket.",
        )
        .header(header::RETRY_AFTER, HeaderValue::from_static("1"))
}

/// Programs send no `Origin`; a browser always does (RFC 6455 §10.2).
fn check_origin(headers: &HeaderMap, origins: &AllowedOrigins) -> Result<(), Problem> {
    let mut shown = headers.get_all(header::ORIGIN).iter();
    let allowed = shown.all(|origin| origins.allows(origin));
    if allowed {
        return Ok(());
    }
    Err(Problem::new(StatusCode::FORBIDDEN, "origin_not_allowed", "Origin not allowed")
        .detail("Pages of this origin may not open a socket here; ALLOWED_ORIGINS lists those that may."))
}

fn limited(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade
        .protocols([BEARER])
        .max_message_size(MAX_MESSAGE)
        .max_frame_size(MAX_MESSAGE)
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
}

/// RFC 9110 §15.5.22 and RFC 6455 §4.4: 426 says which protocol and version to ask for.
fn not_a_handshake(rejection: &WebSocketUpgradeRejection) -> Problem {
    use WebSocketUpgradeRejection as Rejected;
    match rejection {
        Rejected::WebSocketKeyHeaderMissing(_) => {
            Problem::unreadable("handshake_invalid", "The opening request has no Sec-WebSocket-Key.")
        }
        Rejected::MethodNotGet(_) | Rejected::MethodNotConnect(_) => {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Method not allowed")
                .detail("A socket is opened with GET.")
                .header(header::ALLOW, HeaderValue::from_static("GET"))
        }
        _ => Problem::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", "Upgrade required")
            .detail("This address is for WebSocket, version 13. Open it with a WebSocket client.")
            .header(header::UPGRADE, HeaderValue::from_static("websocket"))
            .header(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13")),
    }
}
