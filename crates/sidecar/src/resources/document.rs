//! YAML documents, told apart by their kind.

use serde::Deserialize;
use serde_norway::Value;

/// What is wrong with a document.
#[derive(Debug)]
pub(crate) struct Problem(pub(crate) String);

/// One document of a file.
#[derive(Debug)]
pub(crate) enum Kind {
    Component(Box<Document>),
    Subscription(Box<Document>),
    Resiliency(Box<Document>),
    /// A kind that says nothing to the embedded sidecar, such as `Configuration`.
    Other(String),
    /// An empty document.
    Nothing,
}

/// The parts that every resource has.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Document {
    pub(crate) api_version: String,
    pub(crate) metadata: Named,
    pub(crate) spec: Value,
    #[serde(default)]
    pub(crate) scopes: Vec<String>,
}

/// The metadata of a resource.
#[derive(Debug, Deserialize)]
pub(crate) struct Named {
    pub(crate) name: String,
}

/// The documents of a file, in order.
pub(crate) fn split(text: &str) -> impl Iterator<Item = Result<Kind, Problem>> {
    serde_norway::Deserializer::from_str(text).map(|document| {
        let value = Value::deserialize(document).map_err(|error| Problem(format!("no valid YAML: {error}")))?;
        if value.is_null() {
            return Ok(Kind::Nothing);
        }
        let kind = value.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
        match kind.as_str() {
            "Component" => read(value).map(Kind::Component),
            "Subscription" => read(value).map(Kind::Subscription),
            "Resiliency" => read(value).map(Kind::Resiliency),
            "" => Err(Problem("it names no kind".to_owned())),
            _ => Ok(Kind::Other(kind)),
        }
    })
}

fn read(value: Value) -> Result<Box<Document>, Problem> {
    let document: Document = parse(value)?;
    if document.metadata.name.is_empty() {
        return Err(Problem("metadata.name is empty".to_owned()));
    }
    Ok(Box::new(document))
}

/// A typed value out of a document's part.
pub(crate) fn parse<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, Problem> {
    serde_norway::from_value(value).map_err(|error| Problem(error.to_string()))
}
