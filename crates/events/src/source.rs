//! Where a change came from.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The way by which a change came in: `metadata.source` of an event.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// A request to the REST API.
    RestApi,
    /// A tool called by an MCP client.
    McpTool,
    /// The AI chat.
    Chat,
    /// The next instance of a recurring task.
    Recurring,
    /// A restore from the history.
    Restore,
    /// The system itself, on nobody's request.
    System,
    /// A source that a newer producer added.
    Other(String),
}

impl Source {
    /// The sources that this version knows.
    pub const KNOWN: &'static [&'static str] = &["rest_api", "mcp_tool", "chat", "recurring", "restore", "system"];

    /// The name on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::RestApi => "rest_api",
            Self::McpTool => "mcp_tool",
            Self::Chat => "chat",
            Self::Recurring => "recurring",
            Self::Restore => "restore",
            Self::System => "system",
            Self::Other(name) => name,
        }
    }
}

impl From<String> for Source {
    fn from(name: String) -> Self {
        match name.as_str() {
            "rest_api" => Self::RestApi,
            "mcp_tool" => Self::McpTool,
            "chat" => Self::Chat,
            "recurring" => Self::Recurring,
            "restore" => Self::Restore,
            "system" => Self::System,
            _ => Self::Other(name),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Serialize for Source {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}
