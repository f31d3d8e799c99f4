//! W3C Trace Context: the thread from a request through the outbox to every consumer.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue};
use opentelemetry::trace::TraceContextExt as _;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::random::Random;

/// The header's name (W3C Trace Context §3.2).
pub const TRACEPARENT: &str = "traceparent";

/// The target of spans that are for traces alone: no line of the log stands within one, so that they cost nothing where spans are not
/// exported.
pub const SPANS: &str = "tidings::spans";

/// A `traceparent` value: `00-<trace id>-<parent id>-<flags>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceContext(String);

impl TraceContext {
    /// The caller's, when the header is there and well formed.
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        headers.get(TRACEPARENT)?.to_str().ok().and_then(Self::parse)
    }

    /// Accepts version 00 with non-zero ids.
    pub fn parse(value: &str) -> Option<Self> {
        let parts: Vec<&str> = value.split('-').collect();
        let [version, trace, parent, flags] = parts.as_slice() else { return None };
        let hex = |text: &str, length: usize| {
            text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        };
        let named = |id: &str| id.bytes().any(|digit| digit != b'0');
        let valid = *version == "00" && hex(trace, 32) && hex(parent, 16) && hex(flags, 2);
        (valid && named(trace) && named(parent)).then(|| Self(value.to_owned()))
    }

    /// A new trace, sampled.
    pub fn new(random: &Random) -> Self {
        let trace = u128::from_be_bytes(random.bytes());
        let parent = u64::from_be_bytes(random.bytes());
        Self(format!("00-{trace:032x}-{parent:016x}-01"))
    }

    /// The header's value.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The 32 hexadecimal digits that name the whole trace, for logs.
    pub fn trace_id(&self) -> &str {
        self.0.split('-').nth(1).unwrap_or_default()
    }

    /// Puts `span` into this trace, and tells where it stands there, for those who come after it; where spans are not exported
    /// that is this context itself.
    #[must_use]
    pub fn lead_to(self, span: &Span) -> Self {
        // Refused only when spans are not exported, in which case there is nothing to link.
        let _ = span.set_parent(self.remote());
        let context = span.context();
        let here = context.span().span_context().clone();
        if here.is_valid() {
            Self(format!("00-{}-{}-{:02x}", here.trace_id(), here.span_id(), here.trace_flags().to_u8()))
        } else {
            self
        }
    }

    fn remote(&self) -> opentelemetry::Context {
        use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};
        let parts: Vec<&str> = self.0.split('-').collect();
        let span = SpanContext::new(
            TraceId::from_hex(parts.get(1).copied().unwrap_or_default()).unwrap_or(TraceId::INVALID),
            SpanId::from_hex(parts.get(2).copied().unwrap_or_default()).unwrap_or(SpanId::INVALID),
            TraceFlags::new(u8::from_str_radix(parts.get(3).copied().unwrap_or_default(), 16).unwrap_or(0)),
            true,
            TraceState::default(),
        );
        opentelemetry::Context::new().with_remote_span_context(span)
    }
}

/// Gives a request its trace context (an extension), and returns a span that belongs to it.
pub(crate) fn begin(service: &'static str, random: &Random, request: &mut Request) -> Span {
    let caller = TraceContext::from_headers(request.headers()).unwrap_or_else(|| TraceContext::new(random));
    let span = tracing::info_span!(
        "request",
        service,
        method = %request.method(),
        path = request.uri().path(),
        trace_id = caller.trace_id(),
    );
    let context = caller.lead_to(&span);
    if let Ok(value) = HeaderValue::from_str(context.as_str()) {
        request.headers_mut().insert(TRACEPARENT, value);
    }
    request.extensions_mut().insert(context);
    span
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_well_formed_contexts_are_followed() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(TraceContext::parse(good).unwrap().trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        for bad in [
            "",
            "7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        ] {
            assert_eq!(TraceContext::parse(bad), None, "{bad}");
        }
        let made = TraceContext::new(&Random::seeded(1));
        assert_eq!(TraceContext::parse(made.as_str()), Some(made));
    }
}
