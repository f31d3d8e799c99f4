//! What to start, and starting it.

use std::ffi::OsString;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::binaries::{self, Binaries};
use crate::cluster::{self, Cluster};
use crate::error::{Error, FileContext};
use crate::guardian::{Guardian, POLL};
use crate::place::Place;
use crate::server::Server;
use crate::startup;

/// How long a start may take unless told otherwise: a server that was cut off first recovers.
const START_PATIENCE: Duration = Duration::from_mins(1);

/// What to start.
#[derive(Clone, Debug, Default)]
pub struct Builder {
    /// `None` for data that is thrown away.
    data: Option<PathBuf>,
    settings: Vec<(String, String)>,
    port: Option<u16>,
    binaries: Option<PathBuf>,
    patience: Option<Duration>,
}

impl Builder {
    pub(crate) fn keeping(data: PathBuf) -> Self {
        Self { data: Some(data), ..Self::default() }
    }

    /// Adds settings as in `postgresql.conf`, such as `("max_connections", "100")`.
    #[must_use]
    pub fn settings<K: Into<String>, V: Into<String>>(mut self, settings: impl IntoIterator<Item = (K, V)>) -> Self {
        self.settings.extend(settings.into_iter().map(|(name, value)| (name.into(), value.into())));
        self
    }

    /// Listens on this port of 127.0.0.1; without it, on one that is free.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Uses the programs in this directory, when one is given, and looks nowhere else.
    #[must_use]
    pub fn binaries(mut self, directory: Option<PathBuf>) -> Self {
        self.binaries = directory;
        self
    }

    /// How long the server may take until it accepts connections; a minute unless told otherwise.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = Some(patience);
        self
    }

    /// Finds the programs, makes the data directory on the first start, and starts the server.
    ///
    /// # Errors
    /// Each [`Error`] says what to do about it.
    pub async fn start(self) -> Result<Server, Error> {
        let data = self.data.clone();
        let place = blocking(move || data.map_or_else(Place::temporary, |wanted| Place::settle(&wanted))).await?;
        let started = self.start_at(&place).await;
        if let (Err(_), Some(removable)) = (&started, place.removable()) {
            let _ = std::fs::remove_dir_all(removable);
        }
        started
    }

    async fn start_at(&self, place: &Place) -> Result<Server, Error> {
        let _turn = place.take_turn().await?;
        let binaries = self.find(place).await?;
        let (at, programs) = (place.clone(), binaries.clone());
        let durable = !self.settings.iter().any(|(name, value)| name == "fsync" && value == "off");
        let ensure = move || Cluster { place: &at, binaries: &programs, durable }.ensure();
        let password = blocking(ensure).await?;
        let patience = self.patience.unwrap_or(START_PATIENCE);
        let deadline = Instant::now() + patience;
        loop {
            let port = self.port.map_or_else(free_port, Ok)?;
            let error = match self.launch(place, &binaries, port, patience).await {
                Ok(guardian) => return Ok(Server { guardian, port, password }),
                Err(error) => error,
            };
            let may_pass = match &error {
                // Somebody took the free port in the meantime.
                Error::PortInUse { .. } => self.port.is_none(),
                Error::AlreadyRunning { .. } => startup::is_leaving(&place.data),
                _ => false,
            };
            if !may_pass || Instant::now() >= deadline {
                return Err(error);
            }
            sleep(POLL).await;
        }
    }

    async fn find(&self, place: &Place) -> Result<Binaries, Error> {
        let data_major = cluster::data_major(&place.data)?;
        let found = match self.binaries.clone() {
            Some(directory) => Binaries::inspect(&directory, place.account)
                .map_err(|reason| Error::BadBinaries { directory, reason })?,
            None => binaries::find(data_major, place.account).await?,
        };
        match data_major {
            Some(data) if data != found.major => Err(Error::WrongVersion {
                directory: place.data.clone(),
                binaries: found.directory,
                data,
                server: found.major,
            }),
            _ => Ok(found),
        }
    }

    async fn launch(
        &self,
        place: &Place,
        binaries: &Binaries,
        port: u16,
        patience: Duration,
    ) -> Result<Guardian, Error> {
        let log = place.open_log()?;
        let log_start = log.metadata().context("read", &place.log)?.len();
        let (at, program, arguments) = (place.clone(), binaries.postgres(), self.arguments(&place.data, port));
        let start = move || Guardian::start(&program, arguments, at.account, log, at.removable());
        let mut guardian = blocking(start).await?;
        startup::wait_until_ready(&mut guardian, place, port, log_start, patience).await?;
        Ok(guardian)
    }

    fn arguments(&self, data: &Path, port: u16) -> Vec<OsString> {
        let own = [
            ("listen_addresses", "127.0.0.1".to_owned()),
            ("port", port.to_string()),
            ("unix_socket_directories", String::new()),
            ("logging_collector", "off".to_owned()),
            ("log_destination", "stderr".to_owned()),
            ("lc_messages", "C".to_owned()),
        ];
        let own = own.iter().map(|(name, value)| (*name, value.as_str()));
        let wanted = self.settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let mut arguments = vec!["-D".into(), data.into()];
        for (name, value) in wanted.chain(own) {
            arguments.extend(["-c".into(), format!("{name}={value}").into()]);
        }
        arguments
    }
}

pub(crate) fn free_port() -> Result<u16, Error> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("listen on", Path::new("127.0.0.1"))?;
    Ok(listener.local_addr().context("listen on", Path::new("127.0.0.1"))?.port())
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    let joined = tokio::task::spawn_blocking(work).await.map_err(std::io::Error::other);
    joined.context("prepare", Path::new("PostgreSQL"))?
}
