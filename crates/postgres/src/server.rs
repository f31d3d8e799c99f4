//! Starting, addressing and stopping a server.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::account::Account;
use crate::binaries::{self, Binaries};
use crate::error::{Error, FileContext};
use crate::guardian::Guardian;
use crate::place::{self, Place};
use crate::{cluster, password, startup};

/// How many free ports are tried before a collision with other processes is given up on.
const PORT_ATTEMPTS: usize = 10;

/// How long a stop may take: a fast shutdown writes what is in memory.
const STOP_PATIENCE: Duration = Duration::from_secs(60);

/// What to start.
#[derive(Clone, Debug)]
pub struct Builder {
    data: PathBuf,
    throw_away: bool,
    settings: Vec<(String, String)>,
    port: Option<u16>,
    binaries: Option<PathBuf>,
    patience: Duration,
}

/// A running server; it ends when this is dropped, and when the process ends.
#[derive(Debug)]
pub struct Server {
    guardian: Guardian,
    port: u16,
    password: String,
}

impl Server {
    /// A server whose data stands in `data`, which is made on the first start and kept.
    ///
    /// Beside it stand `<data>.password` and `<data>.log`.
    pub fn builder(data: impl Into<PathBuf>) -> Builder {
        Builder {
            data: data.into(),
            throw_away: false,
            settings: Vec::new(),
            port: None,
            binaries: None,
            patience: Duration::from_secs(60),
        }
    }

    /// A server for tests: its data stands in the temporary directory, is not safe against a power failure, and is
    /// removed when the process ends.
    ///
    /// # Errors
    /// When the temporary directory cannot be used.
    pub fn throw_away() -> Result<Builder, Error> {
        let account = Account::for_server()?;
        let wanted = std::env::temp_dir();
        // A root user's own temporary directory may be closed to the server's account.
        let closed = account.is_some_and(|account| !account.can_enter(&wanted));
        let parent = if closed { PathBuf::from("/tmp") } else { wanted };
        let directory = parent.join(format!("tidings-postgres-{}", &password::generate()[..16]));
        place::create_private(&directory, account)?;
        let unsafe_but_quick = [("fsync", "off"), ("synchronous_commit", "off"), ("full_page_writes", "off")];
        Ok(Builder { throw_away: true, ..Self::builder(directory.join("data")).settings(unsafe_but_quick) })
    }

    /// The address of a database of this server, with the superuser's name and password.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres:{}@127.0.0.1:{}/{database}", self.password, self.port)
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The server's process id.
    pub fn pid(&self) -> u32 {
        self.guardian.server
    }

    /// Closes the connections, writes what is in memory and waits until the server is gone.
    ///
    /// # Errors
    /// When it is still running after a minute.
    pub async fn stop(self) -> Result<(), Error> {
        self.guardian.stop(STOP_PATIENCE).await
    }
}

impl Builder {
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

    /// Uses the programs in this directory and looks nowhere else.
    #[must_use]
    pub fn binaries(mut self, directory: Option<PathBuf>) -> Self {
        self.binaries = directory;
        self
    }

    /// How long the server may take until it accepts connections; a minute unless told otherwise.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Finds the programs, makes the data directory on the first start, and starts the server.
    ///
    /// # Errors
    /// Each [`Error`] says what to do about it.
    pub async fn start(self) -> Result<Server, Error> {
        let wanted = self.data.clone();
        let place = blocking(move || Place::settle(&wanted)).await?;
        let binaries = self.find(&place).await?;
        let (at, programs) = (place.clone(), binaries.clone());
        let password = blocking(move || cluster::ensure(&at, &programs)).await?;
        let mut attempt = 1;
        loop {
            let port = self.port.map_or_else(free_port, Ok)?;
            match self.launch(&place, &binaries, port).await {
                Ok(guardian) => return Ok(Server { guardian, port, password }),
                // Somebody took the free port in the meantime.
                Err(Error::PortInUse { .. }) if self.port.is_none() && attempt < PORT_ATTEMPTS => attempt += 1,
                Err(error) => return Err(error),
            }
        }
    }

    async fn find(&self, place: &Place) -> Result<Binaries, Error> {
        let data_major = cluster::data_major(&place.data)?;
        let found = if let Some(directory) = &self.binaries {
            let (directory, account) = (directory.clone(), place.account);
            blocking(move || {
                Binaries::inspect(&directory, account).map_err(|reason| Error::BadBinaries { directory, reason })
            })
            .await?
        } else {
            binaries::find(data_major, place.account).await?
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

    async fn launch(&self, place: &Place, binaries: &Binaries, port: u16) -> Result<Guardian, Error> {
        let log = std::fs::File::options().append(true).create(true).open(&place.log).context("open", &place.log)?;
        let log_start = log.metadata().context("read", &place.log)?.len();
        let (program, account, arguments) = (binaries.postgres(), place.account, self.arguments(&place.data, port));
        let remove = if self.throw_away { self.data.parent().map(Path::to_owned) } else { None };
        let start = move || Guardian::start(&program, arguments, account, log, remove.as_deref());
        let mut guardian = blocking(start).await?;
        startup::wait_until_ready(&mut guardian, place, port, log_start, self.patience).await?;
        Ok(guardian)
    }

    fn arguments(&self, data: &Path, port: u16) -> Vec<std::ffi::OsString> {
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

fn free_port() -> Result<u16, Error> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("listen on", Path::new("127.0.0.1"))?;
    Ok(listener.local_addr().context("listen on", Path::new("127.0.0.1"))?.port())
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    let joined = tokio::task::spawn_blocking(work).await.map_err(std::io::Error::other);
    joined.context("prepare", Path::new("PostgreSQL"))?
}
