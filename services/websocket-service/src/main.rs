//! Starts websocket-service from the environment.

use std::process::ExitCode;

use platform::clock::Clock;
use platform::config::Variables;
use platform::{lifecycle, telemetry};
use tokio::net::TcpListener;
use websocket_service::{APP_ID, Config};

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let _telemetry = telemetry::init(APP_ID, telemetry::SERVICE_FILTER)?;
    Ok(match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    })
}

async fn run() -> anyhow::Result<()> {
    let config = Config::read(&Variables::from_process())?;
    let shutdown = lifecycle::shutdown_on_signal()?;
    let address = (config.service.bind_address, config.service.port);
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| anyhow::anyhow!("cannot listen on {}:{}: {error}", address.0, address.1))?;
    websocket_service::serve(config, Clock::system(), listener, shutdown).await
}
