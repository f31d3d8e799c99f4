//! A collector of spans: what OTLP/gRPC brings is decoded and kept.

use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

/// A collector that listens until the test ends. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Collector {
    spans: Arc<Mutex<Vec<Span>>>,
}

impl Collector {
    /// Starts one, and tells where it listens.
    pub(crate) async fn start() -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let collector = Self::default();
        let service = TraceServiceServer::new(collector.clone());
        tokio::spawn(Server::builder().add_service(service).serve_with_incoming(TcpIncoming::from(listener)));
        (collector, address)
    }

    /// Whether such a span has come, of any trace.
    pub(crate) fn has_seen(&self, what: &str) -> bool {
        self.spans.lock().unwrap().iter().any(|span| Seen::of(span).what == what)
    }

    /// The spans of a trace up to now, in the order in which they began.
    pub(crate) fn trace(&self, id: &str) -> Vec<Seen> {
        let spans = self.spans.lock().unwrap();
        let mut of_trace: Vec<Seen> = spans.iter().filter(|span| hex(&span.trace_id) == id).map(Seen::of).collect();
        of_trace.sort_by_key(|span| span.began);
        of_trace
    }
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let scopes = request.into_inner().resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
        self.spans.lock().unwrap().extend(scopes.flat_map(|scope| scope.spans));
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

/// What a test asks of a span.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) id: String,
    pub(crate) parent: String,
    /// Its service, its name, and what it is about: a path or the type of an event.
    pub(crate) what: String,
    /// In nanoseconds since 1970.
    pub(crate) began: u64,
}

impl Seen {
    fn of(span: &Span) -> Self {
        let text = |key: &str| {
            let found = span.attributes.iter().find(|attribute| attribute.key == key);
            match found.and_then(|found| found.value.as_ref()?.value.as_ref()) {
                Some(Value::StringValue(text)) => Some(text.clone()),
                _ => None,
            }
        };
        let about = text("path").or_else(|| text("event_type"));
        let parts = [text("service"), Some(span.name.clone()), about];
        Self {
            id: hex(&span.span_id),
            parent: hex(&span.parent_span_id),
            what: parts.into_iter().flatten().collect::<Vec<_>>().join(" "),
            began: span.start_time_unix_nano,
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}
