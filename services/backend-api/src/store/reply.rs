//! An answer as data, so that it can be kept with its idempotency key and given again.

use platform::problem::Problem;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The answer to a change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// `Location`, where something was created.
    pub location: Option<String>,
    /// `ETag`, where the thing has a version.
    pub etag: Option<String>,
    /// The body; none for 204.
    pub body: Option<Value>,
}

impl Reply {
    /// 201 with the thing that was created at `location`.
    pub fn created(location: String, body: &impl Serialize) -> Self {
        Self { location: Some(location), ..Self::made(body) }
    }

    /// 201 with a thing that has no address.
    pub fn made(body: &impl Serialize) -> Self {
        Self { status: 201, ..Self::ok(body) }
    }

    /// 200 with the thing.
    pub fn ok(body: &impl Serialize) -> Self {
        Self { status: 200, location: None, etag: None, body: Some(serde_json::json!(body)) }
    }

    /// 304: the client's copy is current.
    pub fn not_modified() -> Self {
        Self { status: 304, location: None, etag: None, body: None }
    }

    /// 204.
    pub fn no_content() -> Self {
        Self { status: 204, location: None, etag: None, body: None }
    }

    /// What the body holds.
    ///
    /// # Errors
    /// When it holds something else.
    pub fn read_body<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let body = self.body.as_ref().unwrap_or(&Value::Null);
        T::deserialize(body).map_err(|error| Problem::internal(&error))
    }

    /// The same with the ETag of `version`.
    #[must_use]
    pub fn version(mut self, version: i32) -> Self {
        self.etag = Some(etag(version));
        self
    }
}

/// The strong entity tag of a version (RFC 9110 §8.8.3).
pub fn etag(version: i32) -> String {
    format!("\"{version}\"")
}
