//! Where one scenario's system lives: a directory, ports, and a Postgres of its own unless the launcher brings one.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use platform::random::Random;
use postgres::Server;

use crate::disk::Disk;
use crate::process;
use crate::scenario::{Database, Sidecars};

/// The ports of the services and their sidecars, without an offset.
const SERVICES: [u16; 15] =
    [8000, 8002, 8003, 8004, 8005, 3500, 3501, 3502, 3503, 3504, 13_500, 13_501, 13_502, 13_503, 13_504];
/// Those of the broker and the scheduler, which only the distributed system has.
const BROKER_AND_SCHEDULER: [u16; 5] = [9092, 9093, 13_509, 2379, 2380];

/// A Postgres that outlives the launcher.
#[derive(Debug)]
pub(crate) struct Separate {
    data: PathBuf,
    port: u16,
    server: Option<Server>,
    password: String,
}

/// The place of one system; what stands there goes when this is dropped.
#[derive(Debug)]
pub(crate) struct Home {
    pub(crate) separate: Option<Separate>,
    pub(crate) disk: Option<Disk>,
    pub(crate) offset: u16,
    directory: Directory,
}

#[derive(Debug)]
struct Directory(PathBuf);

impl Drop for Directory {
    fn drop(&mut self) {
        if std::env::var_os("FAULTS_KEEP").is_none() {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

impl Home {
    /// Makes the place; says why when this machine cannot have one.
    pub(crate) async fn make(
        database: Database,
        sidecars: Sidecars,
        random: &Random,
    ) -> anyhow::Result<Result<Self, String>> {
        let name = format!("tidings-faults-{}", random.uuid().simple());
        let directory = Directory(std::env::temp_dir().join(name));
        fs::create_dir(&directory.0).context("the temporary directory")?;
        let mut home = Self { separate: None, disk: None, offset: free_offset(sidecars, random), directory };
        let data = match database {
            Database::Private => return Ok(Ok(home)),
            Database::Separate => home.path().join("postgres"),
            Database::SmallDisk => match Disk::mount(home.path().join("disk")) {
                Ok(disk) => home.disk.insert(disk).path().join("postgres"),
                Err(reason) => return Ok(Err(format!("no small disk can be mounted here: {reason}"))),
            },
        };
        home.separate = Some(Separate::start(data).await?);
        Ok(Ok(home))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.directory.0
    }

    pub(crate) fn separate(&mut self) -> anyhow::Result<&mut Separate> {
        self.separate.as_mut().context("the scenario has no Postgres of its own")
    }

    /// The value of `DATABASE_URL`.
    pub(crate) fn database_url(&self) -> Option<String> {
        let Separate { port, password, .. } = self.separate.as_ref()?;
        Some(format!("postgres://postgres:{password}@127.0.0.1:{port}/postgres"))
    }
}

impl Separate {
    async fn start(data: PathBuf) -> anyhow::Result<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let mut separate = Self { data, port, server: None, password: String::new() };
        separate.restart().await?;
        Ok(separate)
    }

    fn server(&self) -> anyhow::Result<&Server> {
        self.server.as_ref().context("Postgres does not run")
    }

    pub(crate) fn pid(&self) -> anyhow::Result<u32> {
        Ok(self.server()?.pid())
    }

    /// An orderly shutdown that waits for no client.
    pub(crate) async fn stop(&mut self) -> anyhow::Result<()> {
        Ok(self.server.take().context("Postgres does not run")?.stop().await?)
    }

    /// The end without any shutdown: what was not written is read from the log of changes at the next start.
    pub(crate) async fn crash(&mut self) -> anyhow::Result<()> {
        process::signal("QUIT", self.pid()?)?;
        // It is gone in an instant; this waits until it is.
        self.stop().await
    }

    /// Starts it on the same data and port, whether or not it has ended by itself.
    pub(crate) async fn restart(&mut self) -> anyhow::Result<()> {
        if let Some(server) = self.server.take() {
            server.stop().await?;
        }
        // Small, so that the log of changes leaves room on a small disk.
        let settings = [("max_wal_size", "64MB"), ("min_wal_size", "32MB"), ("shared_buffers", "64MB")];
        let binaries = std::env::var_os(postgres::BINARIES_VARIABLE).map(PathBuf::from);
        let builder = Server::builder(&self.data).binaries(binaries).port(self.port).settings(settings);
        let server = builder.start().await?;
        self.password = password(&server.url(""))?;
        self.server = Some(server);
        Ok(())
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.server.as_mut().is_none_or(Server::has_ended)
    }

    /// As an administrator, who is not one of the services.
    pub(crate) fn administrator_url(&self) -> anyhow::Result<String> {
        Ok(self.server()?.url("postgres"))
    }
}

fn password(url: &str) -> anyhow::Result<String> {
    let url = reqwest::Url::parse(url)?;
    Ok(url.password().context("the server's address has a password")?.to_owned())
}

fn free_offset(sidecars: Sidecars, random: &Random) -> u16 {
    let others = if sidecars == Sidecars::Daprd { &BROKER_AND_SCHEDULER[..] } else { &[] };
    loop {
        // Below 4490, so that the services of one system never meet the sidecars of another.
        let offset = 10 + 10 * (u16::from_le_bytes(random.bytes()) % 447);
        if SERVICES.iter().chain(others).all(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port + offset)).is_ok()) {
            return offset;
        }
    }
}
