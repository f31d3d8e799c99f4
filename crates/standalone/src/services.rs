//! Every service of the system, and how it is served.

use anyhow::Context as _;
use futures::future::BoxFuture;
use platform::clock::Clock;
use platform::config::{ConfigErrors, Variables};
use platform::database::{Pool, Schema, migrate};
use sea_orm::DbErr;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::ports::Ports;

/// One service. Its ports are those without an offset.
#[derive(Debug)]
pub struct Service {
    /// Its name to the sidecar.
    pub app_id: &'static str,
    /// Where it listens.
    pub port: u16,
    /// The HTTP API of its sidecar.
    pub dapr_http_port: u16,
    /// The gRPC API of its sidecar.
    pub dapr_grpc_port: u16,
    /// What people open: a title, the scheme, a path.
    pub entrances: &'static [(&'static str, &'static str, &'static str)],
    /// What it owns in the database.
    pub storage: Option<Storage>,
    /// Reads its settings.
    pub configure: fn(&Variables) -> Result<Run, ConfigErrors>,
}

impl Service {
    /// What one of its replicas is called: the first as the service itself.
    pub fn replica_name(&self, replica: u8) -> String {
        if replica == 1 { self.app_id.to_owned() } else { format!("{}-{replica}", self.app_id) }
    }
}

/// A corner of the database.
#[derive(Clone, Copy, Debug)]
pub struct Storage {
    /// The schema and what its role may do there.
    pub schema: Schema,
    /// Brings it up to date as the owner.
    pub migrate: for<'a> fn(&'a Pool) -> BoxFuture<'a, Result<(), DbErr>>,
}

/// A configured service: runs on the listener until the token is cancelled.
pub type Run =
    Box<dyn FnOnce(Clock, TcpListener, CancellationToken) -> BoxFuture<'static, anyhow::Result<()>> + Send + 'static>;

/// The services that one process serves.
pub const SERVICES: [Service; 5] = [
    Service {
        app_id: backend_api::APP_ID,
        port: 8000,
        dapr_http_port: 3500,
        dapr_grpc_port: 13_500,
        entrances: &[("REST API", "http", ""), ("API documentation", "http", "/docs")],
        storage: Some(Storage {
            schema: backend_api::SCHEMA,
            migrate: |owner| Box::pin(migrate::<backend_api::Migrator>(owner, &backend_api::SCHEMA)),
        }),
        configure: |variables| {
            let config = backend_api::Config::read(variables)?;
            Ok(Box::new(move |clock, listener, stop| Box::pin(backend_api::serve(config, clock, listener, stop))))
        },
    },
    Service {
        app_id: audit_service::APP_ID,
        port: 8002,
        dapr_http_port: 3501,
        dapr_grpc_port: 13_501,
        entrances: &[],
        storage: Some(Storage {
            schema: audit_service::SCHEMA,
            migrate: |owner| Box::pin(migrate::<audit_service::Migrator>(owner, &audit_service::SCHEMA)),
        }),
        configure: |variables| {
            let config = audit_service::Config::read(variables)?;
            Ok(Box::new(move |clock, listener, stop| Box::pin(audit_service::serve(config, clock, listener, stop))))
        },
    },
    Service {
        app_id: notification_service::APP_ID,
        port: 8003,
        dapr_http_port: 3502,
        dapr_grpc_port: 13_502,
        entrances: &[],
        storage: Some(Storage {
            schema: notification_service::SCHEMA,
            migrate: |owner| Box::pin(migrate::<notification_service::Migrator>(owner, &notification_service::SCHEMA)),
        }),
        configure: |variables| {
            let config = notification_service::Config::read(variables)?;
            Ok(Box::new(move |clock, listener, stop| {
                Box::pin(notification_service::serve(config, clock, listener, stop))
            }))
        },
    },
    Service {
        app_id: recurring_task_service::APP_ID,
        port: 8004,
        dapr_http_port: 3503,
        dapr_grpc_port: 13_503,
        entrances: &[],
        storage: Some(Storage {
            schema: recurring_task_service::SCHEMA,
            migrate: |owner| {
                Box::pin(migrate::<recurring_task_service::Migrator>(owner, &recurring_task_service::SCHEMA))
            },
        }),
        configure: |variables| {
            let config = recurring_task_service::Config::read(variables)?;
            Ok(Box::new(move |clock, listener, stop| {
                Box::pin(recurring_task_service::serve(config, clock, listener, stop))
            }))
        },
    },
    Service {
        app_id: websocket_service::APP_ID,
        port: 8005,
        dapr_http_port: 3504,
        dapr_grpc_port: 13_504,
        entrances: &[("WebSocket", "ws", "/ws")],
        storage: None,
        configure: |variables| {
            let config = websocket_service::Config::read(variables)?;
            Ok(Box::new(move |clock, listener, stop| Box::pin(websocket_service::serve(config, clock, listener, stop))))
        },
    },
];

/// Where the service `app_id` listens in a system with these ports.
///
/// # Errors
/// When there is no such service, or the ports are chosen only at the start.
pub fn service_port(app_id: &str, ports: Ports) -> anyhow::Result<u16> {
    let service = SERVICES.iter().find(|service| service.app_id == app_id);
    let port = service.and_then(|service| ports.of(service.port)).filter(|port| *port != 0);
    port.with_context(|| format!("{app_id} has no port that is known beforehand"))
}

/// The sidecar's own corner of the database.
pub const SIDECAR: Storage = Storage {
    schema: sidecar::SCHEMA,
    migrate: |owner| Box::pin(migrate::<sidecar::Migrator>(owner, &sidecar::SCHEMA)),
};

/// Every corner of the database: the services' and the sidecar's.
pub fn storages() -> impl Iterator<Item = Storage> {
    SERVICES.iter().filter_map(|service| service.storage).chain([SIDECAR])
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::ports::MAX_OFFSET;

    #[test]
    fn no_two_listeners_share_a_port_and_no_two_storages_a_schema() {
        let ports: HashSet<u16> = SERVICES.iter().flat_map(ports_of).collect();
        assert_eq!(ports.len(), 3 * SERVICES.len());
        let schemas: HashSet<&str> = storages().map(|storage| storage.schema.name).collect();
        assert_eq!(schemas.len(), storages().count());
    }
    /// Linux gives the ports from 32,768 on to connections (`ip_local_port_range`), macOS and Windows those from 49,152 on: now
    /// and then one of them would hold a port of ours.
    #[test]
    fn no_port_is_one_that_operating_systems_give_to_connections() {
        let highest = SERVICES.iter().flat_map(ports_of).max().unwrap();
        assert!(highest + MAX_OFFSET < 32_768, "{highest}");
    }

    fn ports_of(service: &Service) -> [u16; 3] {
        [service.port, service.dapr_http_port, service.dapr_grpc_port]
    }
}
