//! `websocket-service` serves; it has no database and no other command.

use platform::clock::Clock;
use platform::config::Variables;
use platform::{lifecycle, telemetry};
use websocket_service::{APP_ID, Config, serve};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let variables = Variables::from_process();
    if let Some(other) = std::env::args().nth(1) {
        anyhow::bail!("unknown command {other}: use none");
    }
    let _telemetry = telemetry::init(APP_ID, telemetry::SERVICE_FILTER)?;
    let config = Config::read(&variables)?;
    let listener = lifecycle::bind(&config.service).await?;
    serve(config, Clock::system(), listener, lifecycle::shutdown_on_signal()?).await
}
