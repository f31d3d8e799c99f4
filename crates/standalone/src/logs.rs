//! What the launcher says while it runs: little, because its terminal shows a summary that people read.

use platform::telemetry::{self, Telemetry};

/// What is said without `RUST_LOG`: what went wrong, and why the first start takes long.
const DEFAULT_FILTER: &str = "warn,postgres=info,sqlx::postgres::notice=off";

/// Sets up logging for the process.
pub(crate) fn init() -> anyhow::Result<Telemetry> {
    telemetry::init("tidings", DEFAULT_FILTER)
}
