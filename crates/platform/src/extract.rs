//! axum's extractors, with rejections as problems: unreadable is 400, unsuitable is 413 or 415, invalid is 422.

use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{HeaderMap, StatusCode, header, request::Parts};
use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::problem::{FieldError, Problem};

/// A JSON body (RFC 8259), also as a merge patch (RFC 7396). Unknown members are refused when `T` denies them.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        require_json(request.headers())?;
        let body = read_body(request, state).await?;
        parse_json(&body).map(Self)
    }
}

/// A JSON body together with its bytes, for what depends on the exact request (idempotency fingerprints).
#[derive(Clone, Debug)]
pub struct RawJson<T> {
    /// The value.
    pub value: T,
    /// What was sent.
    pub bytes: Bytes,
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for RawJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        require_json(request.headers())?;
        let bytes = read_body(request, state).await?;
        Ok(Self { value: parse_json(&bytes)?, bytes })
    }
}

/// A JSON body that may be left out, together with its bytes; without it, the value is the default one.
#[derive(Clone, Debug)]
pub struct OptionalJson<T> {
    /// The value.
    pub value: T,
    /// What was sent.
    pub bytes: Bytes,
}

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for OptionalJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let headers = request.headers().clone();
        let bytes = read_body(request, state).await?;
        if bytes.is_empty() {
            return Ok(Self { value: T::default(), bytes });
        }
        require_json(&headers)?;
        Ok(Self { value: parse_json(&bytes)?, bytes })
    }
}

/// The whole body within the limit of the router.
///
/// # Errors
/// 413 above the limit, 400 when the connection broke.
pub async fn read_body<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    Bytes::from_request(request, state).await.map_err(|rejection| match rejection {
        BytesRejection::FailedToBufferBody(failure) if failure.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "The body is too large")
                .detail("A request body has at most 256 KiB.")
        }
        _ => Problem::unreadable("body_incomplete", "The body ended early. Send the request again."),
    })
}

fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json")) {
        return Ok(());
    }
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "Unsupported media type")
        .detail("Send JSON with Content-Type: application/json."))
}

/// Reads JSON; a wrong or unknown member is told by its JSON Pointer.
///
/// # Errors
/// 400 when it is not JSON, 422 when it is not what is asked for.
pub fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let pointer = pointer(error.path());
        let inner = error.into_inner();
        if inner.is_data() {
            Problem::validation(vec![FieldError::new(pointer, data_code(&inner), strip_position(&inner))])
        } else {
            Problem::unreadable("json_syntax", format!("The body is not JSON: {inner}."))
        }
    })?;
    reader.end().map_err(|error| Problem::unreadable("json_syntax", format!("The body is not JSON: {error}.")))?;
    Ok(value)
}

fn data_code(error: &serde_json::Error) -> &'static str {
    let text = error.to_string();
    [("unknown field", "unknown_field"), ("missing field", "required"), ("duplicate field", "duplicate_field")]
        .into_iter()
        .find_map(|(start, code)| text.starts_with(start).then_some(code))
        .unwrap_or("invalid_type")
}

fn strip_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

/// RFC 6901.
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(format!("/{index}")),
            Segment::Map { key } => Some(format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
            Segment::Enum { variant } => Some(format!("/{variant}")),
            Segment::Unknown => None,
        })
        .collect()
}

/// Path parameters; one that cannot be read names nothing, so the answer is 404.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        axum::extract::Path::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(value)| Self(value))
            .map_err(|_: PathRejection| Problem::not_found("resource"))
    }
}

/// Query parameters; unknown ones are refused when `T` denies them.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        axum::extract::Query::try_from_uri(&parts.uri).map(|axum::extract::Query(value)| Self(value)).map_err(|error| {
            let text = error.body_text();
            let reason = text.rsplit(": ").next().unwrap_or(&text).to_owned();
            let unknown = reason.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next());
            let (pointer, code) =
                unknown.map_or((String::new(), "invalid_parameter"), |name| (format!("/{name}"), "unknown_parameter"));
            Problem::validation(vec![FieldError::new(pointer, code, reason)])
        })
    }
}
