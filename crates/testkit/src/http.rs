//! A client for the services' HTTP APIs.

use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;

/// Longer than any request may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Looks at every answer of this process with its request's method and path; it panics at one that must not be.
pub type Inspector = fn(&Method, &str, &Answer);

static INSPECTOR: OnceLock<Inspector> = OnceLock::new();

/// From now on `inspector` looks at every answer that any client of this process gets. There is one for a process: a second
/// one is ignored.
pub fn inspect_answers(inspector: Inspector) {
    let _ = INSPECTOR.set(inspector);
}

/// Sends requests to one service, as one user.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
}

impl Client {
    /// A client for the service at `base`, such as `http://127.0.0.1:8000`, that does not say who it is.
    pub fn new(base: impl Into<String>) -> Self {
        let http = platform::http::client(TIMEOUT).expect("make an HTTP client");
        Self { http, base: base.into(), token: None }
    }

    /// The same, with this bearer token.
    #[must_use]
    pub fn with_token(&self, token: impl Into<String>) -> Self {
        Self { token: Some(token.into()), ..self.clone() }
    }

    /// A request of which everything can be chosen; `path` begins with a slash and may have a query.
    pub fn request(&self, method: Method, path: &str) -> Request {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        Request(request)
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.request(Method::GET, path).send().await
    }

    /// POST of a JSON document.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.request(Method::POST, path).json(body).send().await
    }

    /// PUT of a JSON document.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.request(Method::PUT, path).json(body).send().await
    }

    /// PATCH with a JSON document.
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.request(Method::PATCH, path).json(body).send().await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        self.request(Method::DELETE, path).send().await
    }
}

/// A request in the making.
#[derive(Debug)]
#[must_use = "a request does nothing until it is sent"]
pub struct Request(RequestBuilder);

impl Request {
    /// Adds a header.
    pub fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value))
    }

    /// Carries a JSON document.
    pub fn json(self, body: &Value) -> Self {
        Self(self.0.json(body))
    }

    /// Carries these bytes, whatever they are, as `content_type`.
    pub fn body(self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self(self.0.header(CONTENT_TYPE, content_type).body(body.into()))
    }

    /// Sends it and reads the whole answer.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn send(self) -> Answer {
        let (http, request) = self.0.build_split();
        let request = request.expect("the request can be built");
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let response = http.execute(request).await.expect("the service answers");
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await.expect("the answer is complete").to_vec();
        let answer = Answer { status, headers, body };
        if let Some(inspect) = INSPECTOR.get() {
            inspect(&method, &path, &answer);
        }
        answer
    }
}

/// What the service answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub body: Vec<u8>,
}

impl Answer {
    /// Insists on a status.
    ///
    /// # Panics
    /// When it is another; the message has the body.
    #[track_caller]
    #[expect(clippy::return_self_not_must_use, reason = "often the status is all that a test wants")]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "the answer was {}", self.text());
        self
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is something else.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {:?}", self.text()))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header's value; `None` when it is absent or not text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Insists on a refusal by RFC 9457 with this status and `code`, and returns the problem.
    ///
    /// # Panics
    /// When the answer is another.
    #[track_caller]
    pub fn expect_problem(&self, status: u16, code: &str) -> Value {
        let told = (self.status.as_u16(), self.header("content-type"));
        assert_eq!(told, (status, Some("application/problem+json")), "the answer was {}", self.text());
        let problem = self.json();
        assert_eq!((&problem["code"], &problem["status"]), (&code.into(), &status.into()), "{problem}");
        problem
    }
}
