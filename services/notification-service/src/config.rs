//! The settings of notification-service.

use platform::config::{ConfigErrors, Reader, ServiceConfig, Variables};
use platform::database::DatabaseConfig;

use crate::channels::ChannelSettings;

/// Where the service listens unless told otherwise.
const PORT: u16 = 8003;
/// The HTTP API of its sidecar, unless it is told otherwise.
pub const DAPR_HTTP_PORT: u16 = 3502;
/// The gRPC API of its sidecar.
const DAPR_GRPC_PORT: u16 = 13_502;

/// Everything that notification-service is told at its start.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens and where its sidecar is.
    pub service: ServiceConfig,
    /// Where its reminders are.
    pub database: DatabaseConfig,
    /// Who is told what went wrong with the system: user ids.
    pub operators: Vec<String>,
    /// By which ways messages leave.
    pub channels: ChannelSettings,
}

impl Config {
    /// Reads the settings for serving.
    ///
    /// # Errors
    /// Every mistake, a line each.
    pub fn read(variables: &Variables) -> Result<Self, ConfigErrors> {
        let mut reader = Reader::new(variables);
        let service = ServiceConfig::read(&mut reader, PORT, DAPR_HTTP_PORT, DAPR_GRPC_PORT);
        let database = DatabaseConfig::read(&mut reader);
        let operators = reader.optional("OPERATORS").unwrap_or_default();
        let operators = operators.split(',').map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned).collect();
        let channels = ChannelSettings::read(&mut reader);
        reader.finish(Self { service, database, operators, channels })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "postgres://notification@localhost/tidings";

    #[test]
    fn only_the_database_must_be_told() {
        let config = Config::read(&Variables::default().with("DATABASE_URL", URL)).unwrap();
        let ServiceConfig { port, dapr_http_port, dapr_grpc_port, .. } = config.service;
        assert_eq!((port, dapr_http_port, dapr_grpc_port), (8003, 3502, 13_502));
    }
}
