//! Settings of websocket-service.

use std::time::Duration;

use platform::auth::TrustedIssuer;
use platform::config::{ConfigErrors, Reader, ServiceConfig, Variables};
use platform::origins::AllowedOrigins;
use platform::rate_limit::AddressLimit;

/// The HTTP API of its sidecar, unless it is told otherwise.
pub const DAPR_HTTP_PORT: u16 = 3504;

/// The smallest useful queue, in bytes: less would close every socket at its second event.
const MIN_QUEUE_BYTES: usize = 1024;

/// How websocket-service is configured.
#[derive(Clone, Debug)]
pub struct Config {
    /// What every service has; `PORT` 8005, `DAPR_HTTP_PORT` 3504, `DAPR_GRPC_PORT` 13504 unless set.
    pub service: ServiceConfig,
    /// `TRUSTED_ISSUERS`: whose tokens are believed.
    pub issuers: Vec<TrustedIssuer>,
    /// `ALLOWED_ORIGINS`: whose pages may open a socket.
    pub origins: AllowedOrigins,
    /// What sockets may take, in memory, in number and in time.
    pub limits: SocketLimits,
    /// `RATE_LIMIT_PER_ADDRESS` and `TRUSTED_PROXIES`: how often an address may open one.
    pub address_limit: AddressLimit,
}

/// What sockets may take, in memory, in number and in time.
#[derive(Clone, Debug)]
pub struct SocketLimits {
    /// `SOCKET_QUEUE_BYTES`: what may wait for one socket before it counts as a slow reader; 256 KiB unless set.
    pub queue_bytes: usize,
    /// `MAX_SOCKETS_PER_USER`: 50 unless set.
    pub sockets_per_user: usize,
    /// `MAX_UNAUTHENTICATED_SOCKETS`: how many may be open that have not said whose they are; 1,000 unless set.
    pub unauthenticated_sockets: usize,
    /// `SOCKET_PING_SECONDS`: how often a ping is sent; 25 s unless set, because proxies close what is silent for 30 s.
    pub ping_every: Duration,
    /// How often it is asked whether something did not come. Not configurable: 5 s.
    pub look_for_missed: Duration,
    /// How long a client may take for its first message. Not configurable: 5 s.
    pub first_message: Duration,
    /// How long a closing socket may take to deliver what it still has and to be answered. Not configurable: 2 s, within
    /// the 3 s that background work has at shutdown.
    pub closing: Duration,
}

impl Default for SocketLimits {
    fn default() -> Self {
        Self {
            queue_bytes: 256 * 1024,
            sockets_per_user: 50,
            unauthenticated_sockets: 1_000,
            ping_every: Duration::from_secs(25),
            look_for_missed: Duration::from_secs(5),
            first_message: Duration::from_secs(5),
            closing: Duration::from_secs(2),
        }
    }
}

impl Config {
    /// Reads the configuration.
    ///
    /// # Errors
    /// Every mistake, each naming its variable.
    pub fn read(variables: &Variables) -> Result<Self, ConfigErrors> {
        let mut reader = Reader::new(variables);
        let config = Self {
            service: ServiceConfig::read(&mut reader, 8005, DAPR_HTTP_PORT, 13_504),
            issuers: TrustedIssuer::read(&mut reader),
            origins: AllowedOrigins::read(&mut reader),
            limits: limits(&mut reader),
            address_limit: AddressLimit::read(&mut reader),
        };
        reader.finish(config)
    }
}

fn limits(reader: &mut Reader<'_>) -> SocketLimits {
    let default = SocketLimits::default();
    let ping_seconds = reader.parse_or("SOCKET_PING_SECONDS", default.ping_every.as_secs());
    let limits = SocketLimits {
        queue_bytes: reader.parse_or("SOCKET_QUEUE_BYTES", default.queue_bytes),
        sockets_per_user: reader.parse_or("MAX_SOCKETS_PER_USER", default.sockets_per_user),
        unauthenticated_sockets: reader.parse_or("MAX_UNAUTHENTICATED_SOCKETS", default.unauthenticated_sockets),
        ping_every: Duration::from_secs(ping_seconds),
        ..default
    };
    if limits.queue_bytes < MIN_QUEUE_BYTES {
        reader.mistake("SOCKET_QUEUE_BYTES", "must be at least 1024");
    }
    if limits.sockets_per_user == 0 {
        reader.mistake("MAX_SOCKETS_PER_USER", "must be at least 1");
    }
    if !(1..=1_000_000).contains(&limits.unauthenticated_sockets) {
        reader.mistake("MAX_UNAUTHENTICATED_SOCKETS", "must be 1 to 1000000");
    }
    if !(1..=3600).contains(&ping_seconds) {
        reader.mistake("SOCKET_PING_SECONDS", "must be 1 to 3600");
    }
    limits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_has_to_be_set() {
        let config = Config::read(&Variables::default()).unwrap();
        assert_eq!(
            (config.service.port, config.service.dapr_http_port, config.service.dapr_grpc_port),
            (8005, 3504, 13_504)
        );
        assert_eq!(config.limits.queue_bytes, 262_144);
        assert_eq!((config.limits.sockets_per_user, config.limits.unauthenticated_sockets), (50, 1_000));
    }

    #[test]
    fn every_mistake_names_its_variable() {
        let wrong = [
            ("ALLOWED_ORIGINS", "localhost:3000"),
            ("SOCKET_QUEUE_BYTES", "12"),
            ("MAX_SOCKETS_PER_USER", "0"),
            ("MAX_UNAUTHENTICATED_SOCKETS", "0"),
            ("SOCKET_PING_SECONDS", "0"),
            ("PORT", "many"),
            ("RATE_LIMIT_PER_ADDRESS", "many"),
            ("TRUSTED_PROXIES", "localhost"),
        ];
        let variables =
            wrong.iter().fold(Variables::default(), |variables, (name, value)| variables.with(name, *value));
        let mistakes = Config::read(&variables).unwrap_err().to_string();
        for (name, _) in wrong {
            assert!(mistakes.contains(name), "{name} is missing in {mistakes}");
        }
    }
}
