//! `websocket-service` serves; it has no database and no other command.

use platform::clock::Clock;
use platform::config::Variables;
use platform::dapr::secrets;
use platform::{lifecycle, telemetry};
use websocket_service::{APP_ID, Config, DAPR_HTTP_PORT, serve};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let variables = Variables::from_process();
    if let Some(other) = std::env::args().nth(1) {
        anyhow::bail!("unknown command {other}: use none");
    }
    let _telemetry = telemetry::init(APP_ID, telemetry::SERVICE_FILTER)?;
    let config = Config::read(&secrets::resolve(&variables, DAPR_HTTP_PORT).await?)?;
    let listener = lifecycle::bind(&config.service).await?;
    serve(config, Clock::system(), listener, lifecycle::shutdown_on_signal()?).await
}
