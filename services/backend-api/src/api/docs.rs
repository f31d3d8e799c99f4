//! The API document (OpenAPI 3.1), what its operations have in common, and the pages that show it.

use std::collections::BTreeMap;

use axum::Router;
use axum::response::Redirect;
use axum::routing::get;
use platform::problem::ProblemDocument;
use serde::Deserialize;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Header, ObjectBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder, Type};
use utoipa::{IntoParams, IntoResponses, Modify};
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

/// The document with what every operation may answer, whatever it does: too many requests, from one or from all.
pub fn with_limits(mut document: OpenApi) -> OpenApi {
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            let responses = &mut operation.responses.responses;
            let limited = || RefOr::T(retried(problem("Too many requests; RateLimit says of what")));
            let overloaded = || RefOr::T(retried(problem("There is too much to do right now")));
            responses.entry("429".to_owned()).or_insert_with(limited);
            responses.entry("503".to_owned()).or_insert_with(overloaded);
        }
    }
    document
}

/// A refusal that says when to come back.
fn retried(mut problem: Response) -> Response {
    let seconds = Header::new(ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).build());
    problem.headers.insert("Retry-After".to_owned(), seconds.into());
    problem
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

/// The header of a conditional change.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "documents what if_match reads")]
pub struct EditHeaders {
    /// The ETag that the change is meant for; 412 when the task has changed since.
    #[param(rename = "If-Match")]
    if_match: Option<String>,
}

/// The header of a request that is carried out once.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "documents what once reads")]
pub struct OnceHeader {
    /// A key of the client's choice; the same request with the same key gets the same answer for 24 h.
    #[param(rename = "Idempotency-Key", max_length = 255)]
    idempotency_key: Option<String>,
}

/// Declares a set of refusals that operations share.
macro_rules! refusals {
    ($($(#[$doc:meta])+ $name:ident { $($status:literal => $description:literal,)+ })+) => {$(
        $(#[$doc])+
        #[derive(Debug)]
        pub struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                BTreeMap::from([$(($status.to_owned(), RefOr::T(problem($description))),)+])
            }
        }
    )+};
}

refusals! {
    /// What every operation with a token may answer.
    CallerRefusals {
        "400" => "The request cannot be read",
        "401" => "No token, a bad token, another user's path, or a user of another issuer",
        "503" => "The database or the issuer of the token is out of reach, or there is too much to do right now",
    }
    /// What handing out credentials may answer.
    CredentialsRefusals {
        "400" => "The request cannot be read",
        "401" => "What was presented proves nothing",
        "503" => "The database is out of reach, or too many people are signing in",
    }
    /// What every operation with a body may answer.
    BodyRefusals {
        "413" => "The body is larger than 256 KiB",
        "415" => "The body is not JSON",
        "422" => "The request is invalid; see errors",
    }
    /// What an operation on one task may answer.
    TaskRefusals {
        "404" => "The task is not there, or not yours to know",
        "412" => "The task has changed; see current",
    }
    /// What a restore may answer, beside what the other verbs do.
    RestoreRefusals {
        "409" => "A request with this Idempotency-Key is under way, or the task that the history has breaks a rule of today; see errors",
        "422" => "The request is invalid, or the Idempotency-Key was used for another one",
        "503" => "The database, the issuer of the token or, for a task that was purged, the history is out of reach",
    }
    /// What an operation with an Idempotency-Key may answer.
    OnceRefusals {
        "409" => "A request with this Idempotency-Key is under way",
        "422" => "The request is invalid, or the Idempotency-Key was used for another one",
    }
}

fn problem(description: &str) -> Response {
    let schema = Ref::from_schema_name("Problem");
    ResponseBuilder::new()
        .description(description)
        .content("application/problem+json", ContentBuilder::new().schema(Some(schema)).build())
        .build()
}
