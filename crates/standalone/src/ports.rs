//! Every listener of the system, bound before anything is started, so that a port in use is told at once.

use std::io::ErrorKind;
use std::net::Ipv4Addr;

use anyhow::{Context as _, anyhow, bail};
use tokio::net::TcpListener;

use crate::port_holder;
use crate::services::{SERVICES, Service};

/// The largest offset with which every port is still a port.
pub const MAX_OFFSET: u16 = 15_000;

/// Which ports to listen on, always on 127.0.0.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ports {
    /// Those of [`SERVICES`], each raised by this much, at most [`MAX_OFFSET`].
    Offset(u16),
    /// Whatever is free, for tests.
    Free,
}

/// One service with its own listener and the two of its sidecar.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) service: &'static Service,
    pub(crate) app: TcpListener,
    pub(crate) dapr_http: TcpListener,
    pub(crate) dapr_grpc: TcpListener,
}

/// Where one service and its sidecar listen.
#[derive(Clone, Copy, Debug)]
pub struct ServicePorts {
    /// The service.
    pub app: u16,
    /// Its sidecar's HTTP API.
    pub dapr_http: u16,
    /// Its sidecar's gRPC API.
    pub dapr_grpc: u16,
}

impl Bound {
    pub(crate) fn ports(&self) -> std::io::Result<ServicePorts> {
        Ok(ServicePorts {
            app: self.app.local_addr()?.port(),
            dapr_http: self.dapr_http.local_addr()?.port(),
            dapr_grpc: self.dapr_grpc.local_addr()?.port(),
        })
    }
}

impl Ports {
    /// Where `service` listens, when that is known beforehand.
    pub fn of(self, port: u16) -> Option<u16> {
        match self {
            Self::Offset(offset) => port.checked_add(offset),
            Self::Free => Some(0),
        }
    }

    /// Binds the listeners of every service.
    pub(crate) async fn bind(self) -> anyhow::Result<Vec<Bound>> {
        let mut all = Vec::new();
        for service in &SERVICES {
            let sidecar = format!("the sidecar of {}", service.app_id);
            all.push(Bound {
                service,
                app: self.listen(service.port, service.app_id).await?,
                dapr_http: self.listen(service.dapr_http_port, &sidecar).await?,
                dapr_grpc: self.listen(service.dapr_grpc_port, &sidecar).await?,
            });
        }
        Ok(all)
    }

    async fn listen(self, port: u16, wanted_by: &str) -> anyhow::Result<TcpListener> {
        let port = self.of(port).with_context(|| format!("--port-offset is too large: use at most {MAX_OFFSET}"))?;
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            Err(error) if error.kind() == ErrorKind::AddrInUse => Err(self.in_use(port, wanted_by)),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                bail!("port {port}, wanted by {wanted_by}, may not be used by this user: choose another --port-offset")
            }
            listener => listener.with_context(|| format!("cannot listen on port {port} for {wanted_by}")),
        }
    }

    fn in_use(self, port: u16, wanted_by: &str) -> anyhow::Error {
        let other = match self {
            Self::Offset(offset) if offset.saturating_add(100) <= MAX_OFFSET => offset + 100,
            _ => 0,
        };
        let (by, stop) = match port_holder::find(port) {
            Some(holder) => (format!(" by {} (process {})", holder.name, holder.pid), "stop that"),
            None => (String::new(), "stop what uses it"),
        };
        anyhow!(
            "port {port}, wanted by {wanted_by}, is in use{by}: {stop}, or move all ports with --port-offset {other}"
        )
    }
}
