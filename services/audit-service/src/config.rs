//! The settings of audit-service.

use platform::config::{ConfigErrors, Reader, Secret, ServiceConfig, Variables};
use platform::database::PoolOptions;

/// Where the service listens unless told otherwise.
const PORT: u16 = 8002;
/// The HTTP API of its sidecar.
const DAPR_HTTP_PORT: u16 = 3501;
/// The gRPC API of its sidecar.
const DAPR_GRPC_PORT: u16 = 50_002;

/// Everything that audit-service is told at its start.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens and where its sidecar is.
    pub service: ServiceConfig,
    /// `DATABASE_URL`: the database, as the service's own role.
    pub database_url: Secret,
    /// `DATABASE_POOL`: how many connections it may hold, 1 to 100.
    pub pool: PoolOptions,
}

impl Config {
    /// Reads the settings for serving.
    ///
    /// # Errors
    /// Every mistake, a line each.
    pub fn read(variables: &Variables) -> Result<Self, ConfigErrors> {
        let mut reader = Reader::new(variables);
        let service = ServiceConfig::read(&mut reader, PORT, DAPR_HTTP_PORT, DAPR_GRPC_PORT);
        let database_url = database_url(&mut reader);
        let pool = pool(&mut reader);
        reader.finish(Self { service, database_url, pool })
    }

    /// Reads the address as which migrations run: `DATABASE_URL_DIRECT`, the owner past any pooler, else `DATABASE_URL`.
    ///
    /// # Errors
    /// When neither is set.
    pub fn read_owner_url(variables: &Variables) -> Result<Secret, ConfigErrors> {
        let mut reader = Reader::new(variables);
        let direct = reader.optional("DATABASE_URL_DIRECT").map(Secret::new);
        let url = direct.unwrap_or_else(|| database_url(&mut reader));
        reader.finish(url)
    }
}

fn database_url(reader: &mut Reader<'_>) -> Secret {
    Secret::new(
        reader.required("DATABASE_URL", "the address of the database, such as postgres://user:password@host/name"),
    )
}

fn pool(reader: &mut Reader<'_>) -> PoolOptions {
    let options = PoolOptions::default();
    let max_connections = reader.parse_or("DATABASE_POOL", options.max_connections);
    if !(1..=100).contains(&max_connections) {
        reader.mistake("DATABASE_POOL", "must be 1 to 100 connections");
    }
    PoolOptions { max_connections, ..options }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "postgres://audit@localhost/tidings";

    #[test]
    fn only_the_database_must_be_told() {
        let config = Config::read(&Variables::default().with("DATABASE_URL", URL)).unwrap();
        let ServiceConfig { port, dapr_http_port, dapr_grpc_port, .. } = config.service;
        assert_eq!((port, dapr_http_port, dapr_grpc_port), (8002, 3501, 50_002));
        assert_eq!(config.database_url.expose(), URL);
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let variables = Variables::default().with("PORT", "eighty").with("DATABASE_POOL", "0");
        let text = Config::read(&variables).unwrap_err().to_string();
        for name in ["PORT", "DATABASE_URL", "DATABASE_POOL"] {
            assert!(text.contains(name), "{text}");
        }
    }

    #[test]
    fn migrations_run_past_the_pooler_when_they_can() {
        let variables = Variables::default().with("DATABASE_URL", URL);
        assert_eq!(Config::read_owner_url(&variables).unwrap().expose(), URL);
        let direct = variables.with("DATABASE_URL_DIRECT", "postgres://owner@localhost/tidings");
        assert_eq!(Config::read_owner_url(&direct).unwrap().expose(), "postgres://owner@localhost/tidings");
        let missing = Config::read_owner_url(&Variables::default()).unwrap_err().to_string();
        assert!(missing.contains("DATABASE_URL"), "{missing}");
    }
}
