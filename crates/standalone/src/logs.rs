//! What the launcher says while it runs: little, because its terminal shows a summary that people read.

use std::env;

use platform::telemetry::{self, Telemetry};
use tracing_subscriber::EnvFilter;

/// What is said without `RUST_LOG`: what went wrong, and why the first start takes long.
const DEFAULT_FILTER: &str = "warn,postgres=info";

/// Sets up logging. With `RUST_LOG`, a log format or a collector of spans, it is that of every service.
pub(crate) fn init() -> anyhow::Result<Option<Telemetry>> {
    let wanted = ["RUST_LOG", "LOG_FORMAT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
    if wanted.iter().any(|name| env::var_os(name).is_some()) {
        return telemetry::init("tidings").map(Some);
    }
    let filter = EnvFilter::new(DEFAULT_FILTER);
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    lines.try_init().map_err(|error| anyhow::anyhow!("logging cannot be set up: {error}"))?;
    Ok(None)
}
