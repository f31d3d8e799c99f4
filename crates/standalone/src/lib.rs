//! The launcher: Postgres, the sidecars and every service, in one process or in one for each.
//!
//! [`System::start`] does what `tidings up` does, without the terminal; end-to-end tests use it with [`Ports::Free`].

mod components;
mod data_directory;
mod database;
pub mod distributed;
mod environment;
mod group;
mod options;
mod port_holder;
mod ports;
mod readiness;
mod secrets;
mod services;
mod system;
pub mod token;

pub use data_directory::{DataDirectory, default_path};
pub use environment::app_api_token;
pub use options::{Options, Sidecars};
pub use ports::{MAX_OFFSET, Ports, ServicePorts};
pub use readiness::{loopback_client, wait_for};
pub use secrets::Secrets;
pub use services::{Run, SERVICES, SIDECAR, Service, Storage, service_port, storages};
pub use system::System;
