//! What a row of the table is made of: plain data, so that the same rows can be put to any sidecar.

use reqwest::Method;
use serde_json::{Value, json};

/// The sidecars that the rows are put to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Embedded,
    Daprd,
}

/// A behaviour of Dapr, by its number in the table.
pub(crate) struct Row {
    pub(crate) number: u8,
    pub(crate) title: &'static str,
    pub(crate) content: Content,
}

/// What is asked of which sidecar.
pub(crate) enum Content {
    /// The same of both.
    Same(Case),
    /// Something else of daprd: a difference that stays, and what it is and why.
    Apart { embedded: Case, daprd: Case, reason: &'static str },
    /// Nothing: the embedded sidecar does not have it, and why.
    NotHere(&'static str),
}

impl Row {
    /// What is asked of a sidecar.
    pub(crate) fn case(&self, side: Side) -> Option<&Case> {
        match &self.content {
            Content::Same(case) => Some(case),
            Content::Apart { embedded, daprd, .. } => Some(if side == Side::Embedded { embedded } else { daprd }),
            Content::NotHere(_) => None,
        }
    }
}

/// What is set up, how the app answers, and what happens then, step by step.
#[derive(Default)]
pub(crate) struct Case {
    pub(crate) setup: Setup,
    pub(crate) answers: Vec<Answers>,
    pub(crate) steps: Vec<Step>,
}

/// How the sidecar and its app are set up. Rows with the usual setup share one sidecar.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Setup {
    /// The list that the app answers to `GET /dapr/subscribe`.
    pub(crate) subscriptions: Value,
    /// The status of that answer.
    pub(crate) subscribe_status: u16,
    /// The documents of the components folder.
    pub(crate) components: String,
    /// The `Resiliency` document, which is a file of its own in the components folder.
    pub(crate) resiliency: &'static str,
    /// Where the app's health is checked, if it is.
    pub(crate) health_path: Option<&'static str>,
    /// Whether `DAPR_API_TOKEN` is `ours` and `APP_API_TOKEN` is `theirs`.
    pub(crate) tokens: bool,
    /// The ids of further apps, each behind a sidecar of its own, and all of them the same process at the same port.
    pub(crate) others: &'static [&'static str],
    /// Whether the row stops the sidecar, so that it needs one of its own.
    pub(crate) stops: bool,
    /// Whether the app listens only when a step says so.
    pub(crate) late: bool,
}

/// The component that all rows publish through.
pub(crate) const PUBSUB: &str = "
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: pubsub }
spec:
  type: pubsub.kafka
  version: v1
  metadata:
    - { name: brokers, value: localhost:9092 }
    - { name: authType, value: none }
    - { name: initialOffset, value: oldest }
";

const SECRETS: &str = "
---
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: secrets }
spec: { type: secretstores.local.file, version: v1, metadata: [{ name: secretsFile, value: '{folder}/secrets.json' }] }
";

/// Stands for the folder of the components, in their text.
pub(crate) const FOLDER: &str = "{folder}";

/// What is in `secrets.json` there.
pub(crate) const SECRETS_FILE: &str = r#"{"a": "1"}"#;

impl Default for Setup {
    fn default() -> Self {
        Self {
            subscriptions: json!([
                {"pubsubname": "pubsub", "topic": "orders", "route": "/events/orders"},
                {"pubsubname": "pubsub", "topic": "guarded", "route": "/events/guarded", "deadLetterTopic": "guarded.dead"},
                {"pubsubname": "pubsub", "topic": "guarded.dead", "route": "/dead/guarded"},
                {"pubsubname": "pubsub", "topic": "raw", "route": "/events/raw", "metadata": {"rawPayload": "true"}},
            ]),
            subscribe_status: 200,
            components: format!("{PUBSUB}{SECRETS}"),
            resiliency: "",
            health_path: None,
            tokens: false,
            others: &[],
            stops: false,
            late: false,
        }
    }
}

/// What the app answers at a path, one after the other; then 200 without a body, or the last one for ever.
#[derive(Clone)]
pub(crate) struct Answers {
    pub(crate) path: &'static str,
    pub(crate) replies: Vec<Reply>,
    pub(crate) for_ever: bool,
}

#[derive(Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: &'static str,
    pub(crate) headers: &'static [(&'static str, &'static str)],
    /// How long the app takes, in milliseconds.
    pub(crate) takes: u64,
}

/// Something that happens.
pub(crate) enum Step {
    /// A request to the sidecar, and what comes back.
    Ask(Ask),
    /// What the app has received at a path: so often, and not once more when the row ends.
    Receives { path: String, times: usize, checks: Vec<Check> },
    /// A last event on a topic under the key `k`; when it has come, everything before it is dealt with.
    Last { topic: &'static str, path: &'static str },
    /// The sidecar no longer knows the job.
    JobIsGone(&'static str),
    /// The app answers its health checks so from now on; it is well at first.
    AppIsWell(bool),
    /// The same request again and again, until it gives what it should.
    Becomes(Ask),
    /// The app has received nothing at a path up to now.
    NothingAt(&'static str),
    /// The app begins to listen.
    AppListens,
    /// The app listens no longer; connections are refused.
    AppLeaves,
    /// The sidecar says that it is ready.
    IsReady,
    /// The sidecar is told to end, and has ended well.
    SidecarStops,
    /// The sidecar ends by itself, and well.
    SidecarEnds,
    /// It starts again, on what it has stored.
    SidecarStarts,
    /// Time passes, in milliseconds: the rows are about time.
    Passes(u64),
}

/// A request to the sidecar.
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) gives: u16,
    pub(crate) checks: Vec<Check>,
}

/// What must be so of an answer, or of every request that the app received at a path.
pub(crate) enum Check {
    /// A value of the JSON body, by JSON Pointer (RFC 6901).
    Is(&'static str, Value),
    /// The JSON body has nothing there.
    Absent(&'static str),
    /// The JSON body has something there.
    Present(&'static str),
    /// The body, as text.
    Text(&'static str),
    /// A part of the body, as text.
    Contains(&'static str),
    Header(&'static str, &'static str),
    HeaderContains(&'static str, &'static str),
    NoHeader(&'static str),
    Method(&'static str),
    /// All bodies are the same to the byte.
    SameBody,
    /// The values at a place of the JSON bodies, in the order of arrival.
    InOrder(&'static str, Vec<Value>),
    /// No request began before the one before was answered.
    OneAtATime,
}

pub(crate) fn row(number: u8, title: &'static str, case: Case) -> Row {
    Row { number, title, content: Content::Same(case) }
}

/// A behaviour in which the two are meant to differ.
pub(crate) fn apart(number: u8, title: &'static str, embedded: Case, daprd: Case, reason: &'static str) -> Row {
    Row { number, title, content: Content::Apart { embedded, daprd, reason } }
}

pub(crate) fn not_here(number: u8, title: &'static str, reason: &'static str) -> Row {
    Row { number, title, content: Content::NotHere(reason) }
}

/// A case on the usual setup.
pub(crate) fn steps(steps: impl IntoIterator<Item = Step>) -> Case {
    Case { steps: steps.into_iter().collect(), ..Case::default() }
}

impl Case {
    pub(crate) fn on(mut self, setup: Setup) -> Self {
        self.setup = setup;
        self
    }

    /// The app answers so at `path`, then 200.
    pub(crate) fn answering(mut self, path: &'static str, replies: impl IntoIterator<Item = Reply>) -> Self {
        self.answers.push(Answers { path, replies: replies.into_iter().collect(), for_ever: false });
        self
    }

    /// The app answers so at `path`, always.
    pub(crate) fn always(mut self, path: &'static str, reply: Reply) -> Self {
        self.answers.push(Answers { path, replies: vec![reply], for_ever: true });
        self
    }
}

pub(crate) fn status(status: u16) -> Reply {
    Reply { status, body: "", headers: &[], takes: 0 }
}

pub(crate) fn says(body: &'static str) -> Reply {
    Reply { body, ..status(200) }
}

pub(crate) fn ask(method: Method, path: impl Into<String>, gives: u16) -> Ask {
    Ask { method, path: path.into(), headers: Vec::new(), body: Vec::new(), gives, checks: Vec::new() }
}

pub(crate) fn post(path: impl Into<String>, gives: u16) -> Ask {
    ask(Method::POST, path, gives)
}

pub(crate) fn get(path: impl Into<String>, gives: u16) -> Ask {
    ask(Method::GET, path, gives)
}

/// Publishes JSON; the query of `topic` is metadata.
pub(crate) fn publish(topic: &str, data: impl Into<Value>) -> Step {
    post(format!("/v1.0/publish/pubsub/{topic}"), 204).json(data).step()
}

pub(crate) fn receives(path: impl Into<String>, times: usize, checks: impl IntoIterator<Item = Check>) -> Step {
    Step::Receives { path: path.into(), times, checks: checks.into_iter().collect() }
}

impl Ask {
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn json(self, body: impl Into<Value>) -> Self {
        let body: Value = body.into();
        self.header("content-type", "application/json").body(body.to_string())
    }

    pub(crate) fn check(mut self, checks: impl IntoIterator<Item = Check>) -> Self {
        self.checks.extend(checks);
        self
    }

    /// The error code of the answer.
    pub(crate) fn code(self, code: &'static str) -> Self {
        self.check([Check::Is("/errorCode", code.into())])
    }

    pub(crate) fn step(self) -> Step {
        Step::Ask(self)
    }
}
