//! The API document, as the tests read it that hold the service to it.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::LazyLock;

use reqwest::Method;
use serde_json::{Map, Value, json};
use testkit::http::Answer;
use uuid::Uuid;

static DOCUMENT: LazyLock<Document> =
    LazyLock::new(|| Document(serde_json::to_value(backend_api::app::routes().1).unwrap()));

/// OpenAPI 3.1.
pub(crate) struct Document(Value);

/// What a path does at a method.
#[derive(Clone)]
pub(crate) struct Operation {
    pub(crate) method: Method,
    /// With its parameters in braces.
    pub(crate) path: String,
    node: &'static Value,
}

impl Document {
    /// That of the routes as they are.
    pub(crate) fn get() -> &'static Self {
        &DOCUMENT
    }

    pub(crate) fn json(&self) -> &Value {
        &self.0
    }

    pub(crate) fn operations(&'static self) -> Vec<Operation> {
        let paths = self.0["paths"].as_object().unwrap();
        let all = paths.iter().flat_map(|(path, item)| {
            item.as_object().unwrap().iter().map(|(method, node)| Operation {
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                node,
            })
        });
        all.collect()
    }

    /// The operation that creates something at `path`, if there is one.
    pub(crate) fn creates_at(&'static self, path: &str) -> Option<Operation> {
        let creates = |operation: &Operation| operation.method == Method::POST && operation.statuses().contains(&201);
        self.operations().into_iter().find(|operation| operation.path == path && creates(operation))
    }

    /// The operations whose path is the one of a request; of two, that with fewer parameters is meant.
    fn operations_at(&'static self, path: &str) -> Vec<Operation> {
        let mut found: Vec<_> = self.operations().into_iter().filter(|operation| operation.is_at(path)).collect();
        let fewest = found.iter().map(|operation| operation.path.matches('{').count()).min();
        found.retain(|operation| Some(operation.path.matches('{').count()) == fewest);
        found
    }

    /// A value that a schema allows: its example, else the least that it asks for; of an object that asks for nothing, its
    /// first member. `None` when that takes more than this function knows.
    pub(crate) fn instance(&self, schema: &Value) -> Option<Value> {
        if let Some(reference) = schema["$ref"].as_str() {
            return self.instance(self.0.pointer(reference.strip_prefix('#')?)?);
        }
        let given = [&schema["example"], &schema["examples"][0], &schema["const"], &schema["enum"][0]];
        if let Some(value) = given.into_iter().find(|value| !value.is_null()) {
            return Some(value.clone());
        }
        for alternatives in ["oneOf", "anyOf", "allOf"] {
            if let Some(options) = schema[alternatives].as_array() {
                return options
                    .iter()
                    .filter(|option| option["type"] != "null")
                    .find_map(|option| self.instance(option));
            }
        }
        match schema["type"].as_str().or_else(|| schema["type"][0].as_str())? {
            "object" => self.object(schema),
            "array" => Some(json!([])),
            "boolean" => Some(json!(true)),
            "integer" | "number" => Some(schema.get("minimum").cloned().unwrap_or(json!(1))),
            "string" => string(schema),
            _ => None,
        }
    }

    fn object(&self, schema: &Value) -> Option<Value> {
        let members = schema["properties"].as_object()?;
        let required = schema["required"].as_array().map(|names| names.iter().filter_map(Value::as_str).collect());
        let names: Vec<&str> = required.unwrap_or_else(|| members.keys().map(String::as_str).take(1).collect());
        let pairs = names.into_iter().map(|name| Some((name.to_owned(), self.instance(members.get(name)?)?)));
        pairs.collect::<Option<Map<_, _>>>().map(Value::Object)
    }
}

fn string(schema: &Value) -> Option<Value> {
    match schema["format"].as_str() {
        Some("uuid") => return Some(json!(Uuid::new_v4())),
        Some("date-time") => return Some(json!("2026-02-01T09:00:00Z")),
        Some("password") | None => {}
        Some(_) => return None,
    }
    // What a pattern allows nobody can guess: such a schema says it by an example.
    let length = usize::try_from(schema["minLength"].as_u64().unwrap_or(1).max(1)).ok()?;
    schema["pattern"].is_null().then(|| json!("x".repeat(length)))
}

impl Operation {
    pub(crate) fn id(&self) -> &str {
        self.node["operationId"].as_str().unwrap()
    }

    /// Whether it asks for no token: its `security` has the empty requirement.
    pub(crate) fn is_public(&self) -> bool {
        self.node["security"].as_array().is_some_and(|schemes| schemes.contains(&json!({})))
    }

    /// The names of its parameters in `place`: path, query or header.
    pub(crate) fn parameters(&self, place: &str) -> Vec<&'static Value> {
        let all = self.node["parameters"].as_array().into_iter().flatten();
        all.filter(|parameter| parameter["in"] == place).collect()
    }

    /// Whether it reads that header.
    pub(crate) fn reads_header(&self, name: &str) -> bool {
        self.parameters("header").iter().any(|parameter| parameter["name"] == name)
    }

    /// Its body's content type and schema, and whether there must be one.
    pub(crate) fn body(&self) -> Option<(&'static str, &'static Value, bool)> {
        let body = &self.node["requestBody"];
        let (kind, content) = body["content"].as_object()?.iter().next()?;
        Some((kind, &content["schema"], body["required"] == true))
    }

    fn statuses(&self) -> BTreeSet<u16> {
        self.node["responses"].as_object().unwrap().keys().map(|status| status.parse().unwrap()).collect()
    }

    /// Every refusal that is documented: its status with its code.
    pub(crate) fn refusals(&self) -> BTreeSet<(u16, &'static str)> {
        let refused = self.statuses().into_iter().filter(|status| *status >= 400);
        refused.flat_map(|status| self.codes(status).into_iter().map(move |code| (status, code))).collect()
    }

    fn codes(&self, status: u16) -> Vec<&'static str> {
        let schema = &self.node["responses"][status.to_string()]["content"]["application/problem+json"]["schema"];
        let codes = schema["allOf"][1]["properties"]["code"]["enum"].as_array();
        let codes = codes.unwrap_or_else(|| panic!("{self} does not name the codes of its {status}: use refusals!"));
        codes.iter().map(|code| code.as_str().unwrap()).collect()
    }

    fn is_at(&self, path: &str) -> bool {
        let (pattern, path): (Vec<_>, Vec<_>) = (self.path.split('/').collect(), path.split('/').collect());
        let fits = |(pattern, segment): (&&str, &&str)| pattern.starts_with('{') || pattern == segment;
        pattern.len() == path.len() && pattern.iter().zip(&path).all(fits)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// Looks at every answer that a test gets: its operation must document the status, and the code of a refusal.
pub(crate) fn inspect(method: &Method, path: &str, answer: &Answer) {
    let is_head = *method == Method::HEAD;
    let method = if is_head { &Method::GET } else { method };
    let operations = Document::get().operations_at(path);
    let Some(operation) = operations.iter().find(|operation| operation.method == *method) else {
        let is_refused = answer.status == 405 || *method == Method::OPTIONS;
        assert!(operations.is_empty() || is_refused, "{method} {path} is answered, and not documented");
        return;
    };
    let status = answer.status.as_u16();
    assert!(operation.statuses().contains(&status), "{operation} does not document {status}: {}", answer.text());
    if status >= 400 && !is_head {
        let problem = answer.json();
        let code = problem["code"].as_str().unwrap_or_default();
        assert!(operation.codes(status).contains(&code), "{operation} does not document {status} {code}");
    }
}
