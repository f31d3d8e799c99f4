//! `recurring-task-service` serves; `recurring-task-service migrate` brings its schema up to date.

use platform::clock::Clock;
use platform::config::Variables;
use platform::dapr::secrets;
use platform::{database, lifecycle, telemetry};
use recurring_task_service::{APP_ID, Config, DAPR_HTTP_PORT, Migrator, SCHEMA, serve};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let variables = Variables::from_process();
    match std::env::args().nth(1).as_deref() {
        Some("migrate") => {
            let variables = secrets::resolve(&variables, DAPR_HTTP_PORT).await?;
            database::migrate_from::<Migrator>(&variables, &SCHEMA).await
        }
        Some(other) => anyhow::bail!("unknown command {other}: use none or migrate"),
        None => {
            let _telemetry = telemetry::init(APP_ID, telemetry::SERVICE_FILTER)?;
            let config = Config::read(&secrets::resolve(&variables, DAPR_HTTP_PORT).await?)?;
            let listener = lifecycle::bind(&config.service).await?;
            serve(config, Clock::system(), listener, lifecycle::shutdown_on_signal()?).await
        }
    }
}
