//! The API document (OpenAPI 3.1), what its operations have in common, and the pages that show it.

use axum::Router;
use axum::response::Redirect;
use axum::routing::get;
use platform::problem::ProblemDocument;
use serde::Deserialize;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{IntoParams, Modify};
use utoipa_swagger_ui::SwaggerUi;
use uuid::Uuid;

/// What a newcomer to the document needs.
const DESCRIPTION: &str = "Tasks, and everything that follows from them.

Register at `POST /api/auth/register` or sign in at `POST /api/auth/token`, then give the `access_token` to *Authorize*. `{user_id}` is \
the user of the token: `user.id` of the registration, or the claim `user_id` of the token. Live updates are at \
`ws://localhost:8005/ws`. What holds for every endpoint (problems, versions, idempotency, lists) is written down in `docs/API.md`.";

/// The frame of the document; the operations are added by the routes.
#[derive(Debug, utoipa::OpenApi)]
#[openapi(
    info(title = "Tidings", description = DESCRIPTION),
    components(schemas(ProblemDocument)),
    modifiers(&Bearer),
    security(("bearer" = []))
)]
pub struct Document;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut OpenApi) {
        let scheme = SecurityScheme::Http(Http::builder().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build());
        document.components.get_or_insert_default().add_security_scheme("bearer", scheme);
    }
}

/// `/openapi.json`, and `/docs` with its assets, served from this binary.
pub fn router(document: OpenApi) -> Router {
    let json = document.clone();
    Router::new()
        .route("/", get(|| async { Redirect::temporary("/docs/") }))
        .route("/openapi.json", get(|| async move { axum::Json(json) }))
        .merge(SwaggerUi::new("/docs").url("/docs/openapi.json", document))
}

/// Whose things.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct UserPath {
    /// The user of the token: its claim `user_id`.
    pub user_id: String,
}

/// Which task.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct TaskPath {
    /// The user of the token.
    pub user_id: String,
    /// The task.
    pub id: Uuid,
}

/// Which series.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct SeriesPath {
    /// The user of the token.
    pub user_id: String,
    /// The `recurrence_id` of its tasks.
    pub id: Uuid,
}

/// Which notification.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct NotificationPath {
    /// The user of the token.
    pub user_id: String,
    /// The notification.
    pub id: Uuid,
}

/// Which link of an e-mail.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct UnsubscribePath {
    /// Opaque, as the link has it.
    pub token: String,
}

/// The header of a conditional change.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "documents what if_match reads")]
pub struct EditHeaders {
    /// The ETag that the change is meant for; 412 when the task has changed since.
    #[param(
        rename = "If-Match",
        nullable = false,
        pattern = r#"^[ \t]*(\*|(W/)?"[!#-~]*"|)[ \t]*(,[ \t]*(\*|(W/)?"[!#-~]*"|)[ \t]*)*$"#
    )]
    if_match: Option<String>,
}

/// The header of a conditional reading.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "documents what is_current reads")]
pub struct ReadHeaders {
    /// Answers 304 while the task has this ETag.
    #[param(
        rename = "If-None-Match",
        nullable = false,
        pattern = r#"^[ \t]*(\*|(W/)?"[!#-~]*"|)[ \t]*(,[ \t]*(\*|(W/)?"[!#-~]*"|)[ \t]*)*$"#
    )]
    if_none_match: Option<String>,
}

/// The header of a request that is carried out once.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "documents what once reads")]
pub struct OnceHeader {
    /// A key of the client's choice; the same request with the same key gets the same answer for 24 h.
    #[param(rename = "Idempotency-Key", nullable = false, min_length = 1, max_length = 255, pattern = r"^[!-~]+$")]
    idempotency_key: Option<String>,
}
