//! The settings of recurring-task-service.

use platform::config::{ConfigErrors, Reader, ServiceConfig, Variables};
use platform::database::DatabaseConfig;

/// Where the service listens unless told otherwise.
const PORT: u16 = 8004;
/// The HTTP API of its sidecar, unless it is told otherwise.
pub const DAPR_HTTP_PORT: u16 = 3503;
/// The gRPC API of its sidecar.
const DAPR_GRPC_PORT: u16 = 13_503;

/// Everything that recurring-task-service is told at its start.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens and where its sidecar is.
    pub service: ServiceConfig,
    /// Where its series are.
    pub database: DatabaseConfig,
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
        reader.finish(Self { service, database })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "postgres://recurring@localhost/tidings";

    #[test]
    fn only_the_database_must_be_told() {
        let config = Config::read(&Variables::default().with("DATABASE_URL", URL)).unwrap();
        let ServiceConfig { port, dapr_http_port, dapr_grpc_port, .. } = config.service;
        assert_eq!((port, dapr_http_port, dapr_grpc_port), (8004, 3503, 13_503));
        assert_eq!(config.database.url.expose(), URL);
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let variables = Variables::default().with("PORT", "eighty").with("DATABASE_POOL", "0");
        let text = Config::read(&variables).unwrap_err().to_string();
        for name in ["PORT", "DATABASE_URL", "DATABASE_POOL"] {
            assert!(text.contains(name), "{text}");
        }
    }
}
