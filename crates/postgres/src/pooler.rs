//! PgBouncer in transaction mode, as managed databases have it before their servers; for tests.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::account::Account;
use crate::builder::free_port;
use crate::error::{Error, FileContext};
use crate::guardian::{Guardian, POLL};
use crate::place::{Place, create_private};
use crate::server::Server;

/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running PgBouncer; it ends when this is dropped, and when the process ends.
#[derive(Debug)]
pub struct Pooler {
    guardian: Guardian,
    port: u16,
}

impl Pooler {
    /// Where the program is, unless it is not installed. Debian puts it where only root looks.
    pub fn program() -> Option<PathBuf> {
        let on_path = std::env::var_os("PATH").unwrap_or_default();
        let places = std::env::split_paths(&on_path).chain([PathBuf::from("/usr/sbin")]);
        places.map(|directory| directory.join("pgbouncer")).find(|program| program.is_file())
    }

    /// Starts `program` before `server`, with these settings beside what is needed. Every database and every role of the server
    /// can be reached through it.
    ///
    /// # Errors
    /// When it does not start; what it said is told.
    pub async fn start(program: &Path, server: &Server, settings: &[(&str, &str)]) -> Result<Self, Error> {
        let Place { data, account, .. } = Place::temporary()?;
        let directory = data.parent().unwrap_or(&data).to_owned();
        let started = Self::start_in(&directory, account, program, server, settings).await;
        if started.is_err() {
            let _ = fs::remove_dir_all(&directory);
        }
        started
    }

    async fn start_in(
        directory: &Path,
        account: Option<Account>,
        program: &Path,
        server: &Server,
        settings: &[(&str, &str)],
    ) -> Result<Self, Error> {
        let port = free_port()?;
        let place = directory.join("settings");
        create_private(&place, account)?;
        let (users, file) = (place.join("users.txt"), place.join("pgbouncer.ini"));
        for (path, text) in [
            (&users, format!("\"postgres\" \"{}\"\n", server.password)),
            (&file, configuration(port, server.port, &users, settings)),
        ] {
            fs::write(path, text).context("write", path)?;
            account.map_or(Ok(()), |account| account.own(path))?;
        }
        let log = directory.join("pgbouncer.log");
        let output = File::create(&log).context("create", &log)?;
        let mut guardian = Guardian::start(program, [&file], account, output, Some(directory))?;
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if guardian.has_ended() || Instant::now() >= deadline {
                let said = fs::read_to_string(&log).unwrap_or_default();
                return Err(Error::Program { program: program.to_owned(), said: said.trim().replace('\n', "; ") });
            }
            sleep(POLL).await;
        }
        Ok(Self { guardian, port })
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.guardian.server
    }
}

/// Passwords are looked up on the server. Nothing that a client may send at the start of a session is passed over: what PgBouncer
/// does not know, it refuses.
fn configuration(port: u16, server: u16, users: &Path, settings: &[(&str, &str)]) -> String {
    let needed = format!(
        "[databases]\n\
         * = host=127.0.0.1 port={server}\n\
         [pgbouncer]\n\
         pool_mode = transaction\n\
         listen_addr = 127.0.0.1\n\
         listen_port = {port}\n\
         unix_socket_dir =\n\
         auth_type = scram-sha-256\n\
         auth_file = {}\n\
         auth_user = postgres\n\
         max_client_conn = 1000\n",
        users.display()
    );
    settings.iter().fold(needed, |text, (name, value)| text + &format!("{name} = {value}\n"))
}
