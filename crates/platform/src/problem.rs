//! RFC 9457 problem details: the one shape in which every service says no.
//!
//! What a client may read (`title`, `detail`, `code`) is written here on purpose; what went wrong inside is logged where it
//! is turned into a problem and never leaves.

use std::borrow::Cow;

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sea_orm::DbErr;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Invalid members that are told of at most: whoever mends these sees the others next.
const MAX_ERRORS: usize = 50;

/// One invalid member of a request.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// JSON Pointer (RFC 6901) into the body, or `/<name>` for a query parameter.
    pub pointer: String,
    /// A stable name of the rule that was broken.
    #[schema(value_type = String)]
    pub code: Cow<'static, str>,
    /// What to do about it.
    pub detail: String,
}

impl FieldError {
    /// A rule broken at `pointer`.
    pub fn new(pointer: impl Into<String>, code: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code: code.into(), detail: detail.into() }
    }
}

/// A refusal: `{type, title, status, code, detail, instance, errors?, …}`.
#[derive(Clone, Debug)]
pub struct Problem {
    inner: Box<Inner>,
}

#[derive(Clone, Debug)]
struct Inner {
    status: StatusCode,
    code: Cow<'static, str>,
    title: Cow<'static, str>,
    detail: String,
    errors: Vec<FieldError>,
    extensions: Map<String, Value>,
    headers: HeaderMap,
}

/// The members of the document as they are documented in OpenAPI.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument {
    /// `urn:tidings:problem:<code>`.
    #[serde(rename = "type")]
    #[schema(example = "urn:tidings:problem:validation_failed")]
    pub kind: String,
    /// The same for every problem of this code.
    pub title: String,
    /// The HTTP status code.
    pub status: u16,
    /// A stable name to branch on.
    pub code: String,
    /// What happened this time, and what to do.
    pub detail: String,
    /// The path of the request.
    pub instance: String,
    /// Which members are invalid (422): the first 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub errors: Option<Vec<FieldError>>,
}

impl Problem {
    /// A problem of the given kind; `detail` starts as the title.
    pub fn new(status: StatusCode, code: impl Into<Cow<'static, str>>, title: impl Into<Cow<'static, str>>) -> Self {
        let title = title.into();
        Self {
            inner: Box::new(Inner {
                status,
                code: code.into(),
                detail: title.clone().into_owned(),
                title,
                errors: Vec::new(),
                extensions: Map::new(),
                headers: HeaderMap::new(),
            }),
        }
    }

    /// What happened this time, and what to do.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.inner.detail = detail.into();
        self
    }

    /// Adds an invalid member, unless there are many already.
    #[must_use]
    pub fn field(mut self, error: FieldError) -> Self {
        if self.inner.errors.len() < MAX_ERRORS {
            self.inner.errors.push(error);
        }
        self
    }

    /// Adds a response header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.inner.headers.append(name, value);
        self
    }

    /// Adds an extension member (RFC 9457 §3.2).
    #[must_use]
    pub fn extension(mut self, name: &str, value: Value) -> Self {
        self.inner.extensions.insert(name.to_owned(), value);
        self
    }

    /// 400: the request cannot be read.
    pub fn unreadable(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, "The request cannot be read").detail(detail)
    }

    /// 404: not there, or not yours to know.
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "Not found").detail(format!("There is no such {what}."))
    }

    /// 409: the request contradicts what is there.
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, "Conflict").detail(detail)
    }

    /// 422: each of `errors` names a member and what to do about it. Of more than 50 the first are told, and how many there are.
    pub fn validation(mut errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [only] if only.pointer.is_empty() => only.detail.clone(),
            [only] => format!("{}: {}", only.pointer, only.detail),
            many if many.len() > MAX_ERRORS => {
                format!("{} members are invalid; the first {MAX_ERRORS} of them are in errors.", many.len())
            }
            many => format!("{} members are invalid; see errors.", many.len()),
        };
        errors.truncate(MAX_ERRORS);
        let mut problem =
            Self::new(StatusCode::UNPROCESSABLE_ENTITY, "validation_failed", "The request is invalid").detail(detail);
        problem.inner.errors = errors;
        problem
    }

    /// 500: our fault. `cause` is logged and not shown.
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal error")
            .detail("Something went wrong on our side. Try again; the request id is in X-Request-Id.")
    }

    /// 503: something that this service needs is away. `cause` is logged and not shown.
    pub fn unavailable(code: &'static str, detail: &str, cause: &dyn std::fmt::Display) -> Self {
        tracing::warn!(%cause, code, "a dependency is away");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, "Temporarily unavailable")
            .detail(detail)
            .header(header::RETRY_AFTER, HeaderValue::from_static("1"))
    }

    /// Its HTTP status.
    pub fn status(&self) -> StatusCode {
        self.inner.status
    }

    /// Its stable name.
    pub fn code(&self) -> &str {
        &self.inner.code
    }

    /// The document, with the request's `path` as its instance.
    pub fn document(&self, path: &str) -> Value {
        let Inner { status, code, title, detail, errors, extensions, .. } = &*self.inner;
        let mut document = serde_json::json!({
            "type": format!("urn:tidings:problem:{code}"),
            "title": title,
            "status": status.as_u16(),
            "code": code,
            "detail": detail,
            "instance": path,
        });
        if let Some(members) = document.as_object_mut() {
            if !errors.is_empty() {
                members.insert("errors".to_owned(), serde_json::json!(errors));
            }
            members.extend(extensions.clone());
        }
        document
    }
}

impl IntoResponse for Problem {
    /// The response carries the problem in its extensions too, so that the outermost layer can fill in `instance`.
    fn into_response(self) -> Response {
        let mut response = (self.inner.status, self.inner.headers.clone()).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<DbErr> for Problem {
    fn from(error: DbErr) -> Self {
        if is_out_of_reach(&error) {
            let detail = "The database is out of reach, or has too much to do. Try again shortly.";
            return Self::unavailable("database_unavailable", detail, &error);
        }
        Self::internal(&error)
    }
}

/// Whether it was the connection that failed, rather than what was asked over it.
fn is_out_of_reach(error: &DbErr) -> bool {
    use sea_orm::{RuntimeErr, SqlxError};
    match error {
        DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => true,
        DbErr::Query(RuntimeErr::SqlxError(cause)) | DbErr::Exec(RuntimeErr::SqlxError(cause)) => match &**cause {
            SqlxError::Io(_) | SqlxError::PoolTimedOut | SqlxError::PoolClosed => true,
            // Classes 08 (connection), 40 (rolled back, as one of a deadlock is), 53 (out of resources) and 57 (shutting down) of
            // the SQLSTATE codes.
            SqlxError::Database(answer) => {
                answer.code().is_some_and(|code| ["08", "40", "53", "57"].iter().any(|class| code.starts_with(class)))
            }
            _ => false,
        },
        _ => false,
    }
}
