//! Which operation a method and a path name.

use axum::http::Method;

use super::is_write;

/// What a request asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Publish {
        pubsub: String,
        topic: String,
    },
    BulkPublish {
        pubsub: String,
        topic: String,
    },
    ScheduleJob {
        name: String,
    },
    Job {
        name: String,
    },
    DeleteJob {
        name: String,
    },
    Secret {
        store: String,
        key: String,
    },
    Secrets {
        store: String,
    },
    Health {
        outbound: bool,
    },
    Metadata,
    SetMetadata {
        key: String,
    },
    Shutdown,
    Unsupported {
        api: &'static str,
    },
    /// Everything else, also what names an API with the wrong method.
    Invoke,
}

/// The APIs that answer 501, by the segment after the version.
const UNSUPPORTED: [(&str, &str); 12] = [
    ("actors", "actors"),
    ("bindings", "bindings"),
    ("configuration", "configuration"),
    ("conversation", "conversation"),
    ("crypto", "cryptography"),
    ("lock", "distributed lock"),
    ("query", "state query"),
    ("state", "state"),
    ("subtlecrypto", "cryptography"),
    ("unlock", "distributed lock"),
    ("workflow", "workflows"),
    ("workflows", "workflows"),
];

/// Reads a path; double and trailing slashes do not count, parts are unescaped as forms are.
pub(super) fn operation(method: &Method, path: &str) -> Operation {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let Some((version, rest)) = parts.split_first() else { return Operation::Invoke };
    if !matches!(*version, "v1.0" | "v1.0-alpha1" | "v1.0-alpha2" | "v1.0-beta1") {
        return Operation::Invoke;
    }
    match (*version, rest) {
        (_, ["publish", "bulk", pubsub, topic @ ..]) if !topic.is_empty() && is_write(method) => {
            Operation::BulkPublish { pubsub: unescape(pubsub), topic: unescape(&topic.join("/")) }
        }
        ("v1.0", ["publish", pubsub, topic @ ..]) if !topic.is_empty() && is_write(method) => {
            Operation::Publish { pubsub: unescape(pubsub), topic: unescape(&topic.join("/")) }
        }
        ("v1.0" | "v1.0-alpha1", ["jobs", name]) => match *method {
            Method::POST => Operation::ScheduleJob { name: unescape(name) },
            Method::GET => Operation::Job { name: unescape(name) },
            Method::DELETE => Operation::DeleteJob { name: unescape(name) },
            _ => Operation::Invoke,
        },
        ("v1.0", ["secrets", store, "bulk"]) if method == Method::GET => Operation::Secrets { store: unescape(store) },
        ("v1.0", ["secrets", store, key]) if method == Method::GET => {
            Operation::Secret { store: unescape(store), key: unescape(key) }
        }
        ("v1.0", ["healthz"]) if method == Method::GET => Operation::Health { outbound: false },
        ("v1.0", ["healthz", "outbound"]) if method == Method::GET => Operation::Health { outbound: true },
        ("v1.0", ["metadata"]) if method == Method::GET => Operation::Metadata,
        ("v1.0", ["metadata", key]) if method == Method::PUT => Operation::SetMetadata { key: unescape(key) },
        ("v1.0", ["shutdown"]) if method == Method::POST => Operation::Shutdown,
        (_, [api, ..]) => {
            let known = UNSUPPORTED.iter().find(|(segment, _)| segment == api);
            known.map_or(Operation::Invoke, |(_, api)| Operation::Unsupported { api })
        }
        (_, []) => Operation::Invoke,
    }
}

/// Undoes form escaping: `+` and `%20` are blanks. A broken escape stays as it is.
pub(super) fn unescape(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let escaped = bytes.get(at + 1..at + 3).filter(|_| *byte == b'%');
        let escaped = escaped.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        plain.push(escaped.unwrap_or(if *byte == b'+' { b' ' } else { *byte }));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&plain).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_may_hold_slashes_and_blanks() {
        let publish = |topic: &str| Operation::Publish { pubsub: "bus".to_owned(), topic: topic.to_owned() };
        assert_eq!(operation(&Method::POST, "/v1.0/publish/bus/a/b"), publish("a/b"));
        assert_eq!(operation(&Method::PUT, "//v1.0//publish/bus/a+b%20c/"), publish("a b c"));
    }

    #[test]
    fn nothing_after_the_pubsub_is_an_invocation() {
        assert_eq!(operation(&Method::POST, "/v1.0/publish/bus/"), Operation::Invoke);
        assert_eq!(operation(&Method::GET, "/v1.0/publish/bus/a"), Operation::Invoke);
        assert_eq!(operation(&Method::GET, "/nothing"), Operation::Invoke);
    }

    #[test]
    fn unsupported_apis_are_named() {
        assert_eq!(operation(&Method::POST, "/v1.0-alpha1/lock/a"), Operation::Unsupported { api: "distributed lock" });
        assert_eq!(operation(&Method::GET, "/v1.0/state/s/k"), Operation::Unsupported { api: "state" });
    }

    #[test]
    fn jobs_are_named_in_one_segment() {
        let job = |name: &str| Operation::Job { name: name.to_owned() };
        assert_eq!(operation(&Method::GET, "/v1.0-alpha1/jobs/a%2Fb+c"), job("a/b c"));
        assert_eq!(operation(&Method::PUT, "/v1.0/jobs/a"), Operation::Invoke);
        assert_eq!(operation(&Method::GET, "/v1.0/jobs"), Operation::Invoke);
    }

    #[test]
    fn broken_escapes_stay() {
        assert_eq!(unescape("a%zz%4"), "a%zz%4");
        assert_eq!(unescape("%41"), "A");
    }
}
