//! Logs to standard error, spans to an OTLP collector when one is named.

use std::io::IsTerminal as _;

use anyhow::Context as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

use crate::trace;

/// What a service says without `RUST_LOG`.
pub const SERVICE_FILTER: &str =
    "info,sqlx=warn,sqlx::postgres::notice=off,hyper=warn,tower=warn,sea_orm_migration=warn";

/// Flushes what is still to be exported when it is dropped.
#[derive(Debug)]
pub struct Telemetry {
    provider: Option<SdkTracerProvider>,
}

/// Sets up logging for the process: readable on a terminal, JSON lines with `LOG_FORMAT=json`; filtered by `RUST_LOG`, else
/// by `default_filter`. Spans are exported over OTLP/gRPC when `OTEL_EXPORTER_OTLP_ENDPOINT` is set, under `name` unless
/// `OTEL_SERVICE_NAME` says otherwise.
///
/// # Errors
/// When `RUST_LOG` or the exporter's settings cannot be read, or logging was set up before.
pub fn init(name: &'static str, default_filter: &str) -> anyhow::Result<Telemetry> {
    let wanted = std::env::var("RUST_LOG").unwrap_or_else(|_| default_filter.to_owned());
    let filter = EnvFilter::try_new(wanted).context("RUST_LOG cannot be read")?;
    let terminal = std::io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(terminal);
    let lines = if std::env::var("LOG_FORMAT").is_ok_and(|format| format == "json") {
        lines.json().with_filter(filter).boxed()
    } else {
        lines.with_filter(filter).boxed()
    };
    let provider = exporter(name)?;
    let spans = provider.as_ref().map(|provider| {
        // What is traced does not depend on what is logged.
        let filter = EnvFilter::new(format!("{SERVICE_FILTER},{}=debug", trace::SPANS));
        tracing_opentelemetry::layer().with_tracer(provider.tracer(name)).with_filter(filter)
    });
    tracing_subscriber::registry().with(spans).with(lines).try_init()?;
    Ok(Telemetry { provider })
}

fn exporter(name: &'static str) -> anyhow::Result<Option<SdkTracerProvider>> {
    if std::env::var_os("OTEL_EXPORTER_OTLP_ENDPOINT").is_none() {
        return Ok(None);
    }
    let exporter = opentelemetry_otlp::SpanExporter::builder().with_tonic().build()?;
    let mut resource = Resource::builder();
    if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
        resource = resource.with_service_name(name);
    }
    Ok(Some(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.build()).build()))
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(provider) = self.provider.take() {
            let _ = provider.shutdown();
        }
    }
}
