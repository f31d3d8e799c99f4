//! The link at the end of each e-mail. Whoever has it may use it: it says whose mail it ends, and of which kind.
//!
//! Opening the link only asks, because programs that look for dangers in mail follow links. The button of that page, and the
//! `List-Unsubscribe-Post` of a mail program (RFC 8058), do it.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use platform::extract::Path;
use platform::layers;
use platform::problem::Problem;
use platform::rate_limit::Client;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::docs::UnsubscribePath;
use super::notifications::NOTIFICATION_SERVICE;
use super::refusals::{NotificationRefusals, refusals};
use super::trace::Trace;
use super::web_page::WebPage;
use crate::app::App;

/// What all links begin with.
const LINKS: &str = "/api/unsubscribe";

/// What a mail program says (RFC 8058 §3.1). It is not looked at: the link says everything.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "documents a body that nobody reads")]
pub struct OneClick {
    #[schema(rename = "List-Unsubscribe", example = "One-Click")]
    list_unsubscribe: Option<String>,
}

refusals! {
    /// What unsubscribing may answer.
    UnsubscribeRefusals {
        "404" ["not_found"] => "The link is not one of ours",
    }
}

/// What notification-service is told.
#[derive(Debug, Serialize)]
struct Instruction {
    token: String,
}

/// What ended.
#[derive(Debug, Deserialize)]
struct Ended {
    kind: String,
}

/// Asks in a page whether mail of the link's kind is to end. Nothing is changed by that.
#[utoipa::path(get, path = "/api/unsubscribe/{token}", tag = "notifications", operation_id = "ask_to_unsubscribe", security(()),
    params(UnsubscribePath), responses((status = 200, body = String, content_type = "text/html", description = "A page with a button")))]
pub async fn ask() -> Response {
    let mut page =
        WebPage::new("Unsubscribe?", "You are about to end e-mail of this kind from Tidings. Everything else goes on.");
    page.button = Some("End these e-mails");
    page.respond(StatusCode::OK)
}

/// Ends mail of the link's kind, also by one click in a mail program (RFC 8058); once more changes nothing.
#[utoipa::path(post, path = "/api/unsubscribe/{token}", tag = "notifications", operation_id = "unsubscribe", security(()),
    params(UnsubscribePath), request_body(content = Option<OneClick>, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = String, content_type = "text/html", description = "A page that says what ended"),
        UnsubscribeRefusals, NotificationRefusals))]
pub async fn unsubscribe(
    State(app): State<App>,
    Trace(trace): Trace,
    client: Client,
    path: Result<Path<UnsubscribePath>, Problem>,
    headers: HeaderMap,
) -> Response {
    let attempt = async {
        let Path(UnsubscribePath { token }) = path?;
        app.limits.count_unsubscription(&client)?;
        let instruction = Instruction { token };
        let answer = app.invoker.post(NOTIFICATION_SERVICE, "internal/unsubscribe", &instruction, trace.as_ref());
        answer.await.map_err(|error| error.pass_on(StatusCode::NOT_FOUND))
    };
    match attempt.await {
        Ok(Ended { kind }) => {
            let text = format!("You will get no more {} by e-mail. Your preferences can bring it back.", name(&kind));
            WebPage::new("You are unsubscribed", text).respond(StatusCode::OK)
        }
        Err(problem) if is_browser(&headers) => refusal_page(problem),
        Err(problem) => problem.into_response(),
    }
}

/// Answers a path that is not there: whoever opened a link of which a part is missing, or which has grown, is told so in a page.
pub async fn not_found(uri: Uri, headers: HeaderMap) -> Response {
    let problem = layers::not_found().await;
    let is_link = uri.path() == LINKS || uri.path().strip_prefix(LINKS).is_some_and(|rest| rest.starts_with('/'));
    if is_link && is_browser(&headers) { refusal_page(problem) } else { problem.into_response() }
}

/// What messages of a kind are called.
fn name(kind: &str) -> &'static str {
    match kind {
        "reminder" => "reminders",
        "task_completed" => "news of completed tasks",
        "task_assigned" => "news of tasks that are assigned to you",
        "comment_added" => "news of comments",
        "system" => "news of Tidings itself",
        "digest" => "daily digests",
        _ => "messages of this kind",
    }
}

/// Whether somebody looks at the answer.
fn is_browser(headers: &HeaderMap) -> bool {
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accepts.is_some_and(|types| types.contains("text/html"))
}

/// The same refusal as a page.
fn refusal_page(problem: Problem) -> Response {
    let page = match problem.status() {
        StatusCode::NOT_FOUND => WebPage::new(
            "This link does not work",
            "It may be incomplete. Open it again from the e-mail, or change your preferences.",
        ),
        _ => WebPage::new("Not yet", "This cannot be done right now, and nothing was changed. Try again in a minute."),
    };
    let (status, mut response) = (problem.status(), problem.into_response());
    let mut page = page.respond(status);
    if let Some(pause) = response.headers_mut().remove(header::RETRY_AFTER) {
        page.headers_mut().insert(header::RETRY_AFTER, pause);
    }
    page
}
