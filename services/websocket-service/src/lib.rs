//! websocket-service: live updates in every open tab.
//!
//! A client opens `GET /ws`, says who it is (subprotocol, ticket or first message), is told where its workspaces stand, and
//! from then on gets their events in order, each once. The events come from topics `task-updates` and `reminders`; who is a member of what
//! is asked of backend-api, once per socket. The service stores nothing.

mod actions;
mod api;
mod app;
mod config;
mod domain;
mod events;
mod hub;
mod metrics;

pub use app::serve;
pub use config::{Config, DAPR_HTTP_PORT, SocketLimits};

/// The app-id under which the sidecar knows this service.
pub const APP_ID: &str = "websocket-service";
