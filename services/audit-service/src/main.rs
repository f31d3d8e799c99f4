//! audit-service as a process of its own: `audit-service` serves, `audit-service migrate` brings its schema up to date.

use anyhow::{Context as _, bail};
use audit_service::{APP_ID, Config};
use platform::clock::Clock;
use platform::config::Variables;
use platform::lifecycle::shutdown_on_signal;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let _telemetry = platform::telemetry::init(APP_ID, platform::telemetry::SERVICE_FILTER)?;
    let variables = Variables::from_process();
    match std::env::args().nth(1).as_deref() {
        None => serve(Config::read(&variables)?).await,
        Some("migrate") => audit_service::migrate(&Config::read_owner_url(&variables)?).await,
        Some(other) => bail!("unknown argument {other}: `audit-service` serves, `audit-service migrate` migrates"),
    }
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let address = (config.service.bind_address, config.service.port);
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("{}:{} cannot be listened on; choose another PORT", address.0, address.1))?;
    audit_service::serve(config, Clock::system(), listener, shutdown_on_signal()?).await
}
