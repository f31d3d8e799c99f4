//! Every listener of the system, bound before anything is started, so that a port in use is told at once.

use std::io::ErrorKind;
use std::net::{self, Ipv4Addr};
use std::num::NonZeroU8;
use std::ops::Range;
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::{Context as _, anyhow, bail};
use tokio::net::TcpListener;

use crate::port_holder;
use crate::services::{SERVICES, Service};

/// The largest offset with which every port is still a port.
pub const MAX_OFFSET: u16 = 15_000;

/// Where free ports are looked for: above those that systems with a small offset use, and below those that operating systems give to
/// connections, one of which might take a port before the process that it was chosen for listens there.
const FREE: Range<u16> = 18_000..32_000;

/// How many free ports were looked for; each process begins somewhere else.
static LOOKED_FOR: AtomicU16 = AtomicU16::new(0);

/// Which ports to listen on, always on 127.0.0.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ports {
    /// Those of [`SERVICES`], each raised by this much, at most [`MAX_OFFSET`].
    Offset(u16),
    /// Whatever is free, for tests.
    Free,
}

/// One replica of a service with its own listener and the two of its sidecar.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) service: &'static Service,
    /// From 1 on.
    pub(crate) replica: u8,
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

    /// Binds the listeners of every replica of every service. All but the first listen wherever there is room.
    pub(crate) async fn bind(self, replicas: NonZeroU8) -> anyhow::Result<Vec<Bound>> {
        let mut all = Vec::new();
        for (service, replica) in SERVICES.iter().flat_map(|service| (1..=replicas.get()).map(move |n| (service, n))) {
            let sidecar = format!("the sidecar of {}", service.app_id);
            let ports = if replica == 1 { self } else { Self::Free };
            all.push(Bound {
                service,
                replica,
                app: ports.listen(service.port, service.app_id).await?,
                dapr_http: ports.listen(service.dapr_http_port, &sidecar).await?,
                dapr_grpc: ports.listen(service.dapr_grpc_port, &sidecar).await?,
            });
        }
        Ok(all)
    }

    async fn listen(self, port: u16, wanted_by: &str) -> anyhow::Result<TcpListener> {
        if self == Self::Free {
            let listener = free_listener().with_context(|| format!("{wanted_by} has nowhere to listen"))?;
            listener.set_nonblocking(true)?;
            return Ok(TcpListener::from_std(listener)?);
        }
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

/// A listener on a port of 127.0.0.1 that is free.
pub(crate) fn free_listener() -> std::io::Result<net::TcpListener> {
    let begin = (std::process::id() % 1_000) as usize * 17;
    let mut attempts = FREE.len();
    loop {
        let place = (begin + usize::from(LOOKED_FOR.fetch_add(1, Ordering::Relaxed))) % FREE.len();
        let port = FREE.start.saturating_add(u16::try_from(place).unwrap_or_default());
        attempts -= 1;
        match net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Err(_) if attempts > 0 => {}
            bound => return bound,
        }
    }
}
