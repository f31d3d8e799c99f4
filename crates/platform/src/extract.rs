//! axum's extractors, with rejections as problems: unreadable is 400, unsuitable is 413 or 415, invalid is 422.

use std::fmt;
use std::marker::PhantomData;

use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{HeaderMap, StatusCode, header, request::Parts};
use bytes::Bytes;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

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

/// A JSON body that may be left out or be `null`, together with its bytes; then the value is the default one.
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
        let is_null = serde_json::from_slice::<()>(&bytes).is_ok();
        Ok(Self { value: if is_null { T::default() } else { parse_json(&bytes)? }, bytes })
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

/// A JSON object that is read as `T`. serde's structs by themselves also read an array of their members, which is nobody's
/// intention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members)).map(Object)
            }
        }
        deserializer.deserialize_map(Members(PhantomData))
    }
}

/// Reads a JSON object; a wrong or unknown member is told by its JSON Pointer.
///
/// # Errors
/// 400 when it is not JSON, 422 when it is not what is asked for.
pub fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|error| not_json(&error))?;
    let mut reader = serde_json::Deserializer::from_str(text);
    let Object(value) = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let pointer = pointer(error.path());
        let inner = error.into_inner();
        // Reading a `T` ends at the first member that is wrong: what comes after it has to be JSON, too.
        match serde_json::from_str::<IgnoredAny>(text) {
            Ok(_) if inner.is_data() => Problem::validation(vec![broken_rule(pointer, &inner)]),
            Ok(_) => not_json(&inner),
            Err(error) => not_json(&error),
        }
    })?;
    reader.end().map_err(|error| not_json(&error))?;
    Ok(value)
}

fn not_json(error: &dyn fmt::Display) -> Problem {
    Problem::unreadable("json_syntax", format!("The body is not JSON: {error}."))
}

/// What serde says of a member, in the API's words.
fn broken_rule(mut pointer: String, error: &serde_json::Error) -> FieldError {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    let rules =
        [("unknown field", "unknown_field"), ("missing field", "required"), ("duplicate field", "duplicate_field")];
    let Some((_, code)) = rules.into_iter().find(|(start, _)| text.starts_with(start)) else {
        return FieldError::new(pointer, "invalid_type", in_words(text));
    };
    // What is missing or comes twice has no place of its own yet: it is told by its name.
    let member = text.split('`').nth(1).unwrap_or_default();
    if code != "unknown_field" {
        pointer = format!("{pointer}/{}", escaped(member));
    }
    FieldError::new(pointer, code, text)
}

/// What serde says of a type, without the names that types have in Rust.
fn in_words(text: &str) -> String {
    let Some((found, expected)) = text.rsplit_once(", expected ") else { return text.to_owned() };
    let expected = match expected {
        "i8" => whole_number(i8::MIN, i8::MAX),
        "i16" => whole_number(i16::MIN, i16::MAX),
        "i32" => whole_number(i32::MIN, i32::MAX),
        "i64" => whole_number(i64::MIN, i64::MAX),
        "u8" => whole_number(u8::MIN, u8::MAX),
        "u16" => whole_number(u16::MIN, u16::MAX),
        "u32" => whole_number(u32::MIN, u32::MAX),
        "u64" => whole_number(u64::MIN, u64::MAX),
        "f32" | "f64" => "a number".to_owned(),
        "a sequence" => "an array".to_owned(),
        other => other.to_owned(),
    };
    let found = match found {
        "invalid type: map" => "invalid type: object".to_owned(),
        "invalid type: sequence" => "invalid type: array".to_owned(),
        other => {
            other.strip_prefix("unknown variant").map_or_else(|| other.to_owned(), |of| format!("unknown value{of}"))
        }
    };
    format!("{found}, expected {expected}")
}

fn whole_number<T: fmt::Display>(least: T, most: T) -> String {
    format!("a whole number from {least} to {most}, without a fraction")
}

/// A member's name in a JSON Pointer (RFC 6901 §3).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// RFC 6901.
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(format!("/{index}")),
            Segment::Map { key } => Some(format!("/{}", escaped(key))),
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
            let name = reason.split('`').nth(1).unwrap_or_default();
            let (pointer, code) = if reason.starts_with("unknown field") {
                (format!("/{name}"), "unknown_parameter")
            } else if reason.starts_with("duplicate field") {
                (format!("/{name}"), "duplicate_parameter")
            } else {
                (String::new(), "invalid_parameter")
            };
            Problem::validation(vec![FieldError::new(pointer, code, reason)])
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        title: String,
        inner: Option<Object<Inner>>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        count: u8,
    }

    fn told(body: &str) -> (String, String) {
        let document = parse_json::<Body>(body.as_bytes()).unwrap_err().document("/");
        let error = &document["errors"][0];
        (error["pointer"].as_str().unwrap().to_owned(), error["code"].as_str().unwrap().to_owned())
    }

    #[test]
    fn members_are_told_by_their_pointer() {
        for (body, pointer, code) in [
            ("{}", "/title", "required"),
            (r#"{"title": "a", "title": "b"}"#, "/title", "duplicate_field"),
            (r#"{"title": "a", "colour": 1}"#, "/colour", "unknown_field"),
            (r#"{"title": 1}"#, "/title", "invalid_type"),
            (r#"{"title": "a", "inner": {}}"#, "/inner/count", "required"),
            (r#"{"title": "a", "inner": {"count": 300}}"#, "/inner/count", "invalid_type"),
        ] {
            assert_eq!(told(body), (pointer.to_owned(), code.to_owned()), "{body}");
        }
    }

    #[test]
    fn what_is_no_json_is_unreadable_whatever_it_begins_with() {
        for begin in [r#"{"colour": 1"#, r#"{"title": 1"#, r#"{"title": "a""#, "[1"] {
            let end = if begin.starts_with('[') { "]" } else { "}" };
            for broken in
                [&b""[..], b" x", b"\0", b"]}", b", \"a\": \"\xff\"}", b",}", b", \"a\": 01}", b", \"a\": \"\x01\"}"]
            {
                let body = [begin.as_bytes(), broken].concat();
                let refused = parse_json::<Body>(&body).unwrap_err();
                assert_eq!(refused.code(), "json_syntax", "{}", String::from_utf8_lossy(&body));
            }
            for after in ["\0", "x", "{}", "\u{feff}"] {
                let body = format!("{begin}{end}{after}");
                assert_eq!(parse_json::<Body>(body.as_bytes()).unwrap_err().code(), "json_syntax", "{body:?}");
            }
        }
        let deep = ["[".repeat(100_000), "]".repeat(100_000)].concat();
        assert_eq!(parse_json::<Body>(deep.as_bytes()).unwrap_err().code(), "validation_failed");
    }

    #[test]
    fn types_are_told_in_the_words_of_json() {
        for (body, detail) in [
            (r#"{"title": "a", "inner": {"count": "1"}}"#, "a whole number from 0 to 255, without a fraction"),
            (r#"{"title": "a", "inner": {"count": 1.0}}"#, "a whole number from 0 to 255, without a fraction"),
            (r#"{"title": "a", "inner": {"count": -1}}"#, "a whole number from 0 to 255, without a fraction"),
            (r#"{"title": "a", "inner": 7}"#, "an object"),
            (r#"{"title": 7}"#, "a string"),
        ] {
            let document = parse_json::<Body>(body.as_bytes()).unwrap_err().document("/");
            let told = document["errors"][0]["detail"].as_str().unwrap();
            assert!(told.ends_with(&format!(", expected {detail}")), "{body}: {told}");
        }
    }

    #[test]
    fn an_array_is_no_object() {
        assert_eq!(told(r#"["a", null]"#), (String::new(), "invalid_type".to_owned()));
        assert_eq!(told(r#"{"title": "a", "inner": [1]}"#), ("/inner".to_owned(), "invalid_type".to_owned()));
        let expected = Body { title: "a".to_owned(), inner: Some(Object(Inner { count: 1 })) };
        assert_eq!(parse_json::<Body>(br#"{"title": "a", "inner": {"count": 1}}"#).unwrap(), expected);
    }
}
