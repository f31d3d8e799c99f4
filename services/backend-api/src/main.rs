//! `backend-api` serves; `backend-api migrate` brings the database up to date; `backend-api openapi` prints the API document.

use backend_api::{APP_ID, Config, DAPR_HTTP_PORT, Migrator, SCHEMA, app, serve};
use platform::clock::Clock;
use platform::config::Variables;
use platform::dapr::secrets;
use platform::{database, lifecycle, telemetry};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let variables = Variables::from_process();
    match std::env::args().nth(1).as_deref() {
        Some("migrate") => {
            let variables = secrets::resolve(&variables, DAPR_HTTP_PORT).await?;
            database::migrate_from::<Migrator>(&variables, &SCHEMA).await
        }
        Some("openapi") => {
            use std::io::Write as _;
            Ok(writeln!(std::io::stdout(), "{}", app::routes().1.to_pretty_json()?)?)
        }
        Some(other) => anyhow::bail!("unknown command {other}: use none, migrate or openapi"),
        None => {
            let _telemetry = telemetry::init(APP_ID, telemetry::SERVICE_FILTER)?;
            let config = Config::read(&secrets::resolve(&variables, DAPR_HTTP_PORT).await?)?;
            let listener = lifecycle::bind(&config.service).await?;
            serve(config, Clock::system(), listener, lifecycle::shutdown_on_signal()?).await
        }
    }
}
