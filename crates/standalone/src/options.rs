//! What a system is told when it starts.

use std::num::NonZeroU8;
use std::path::PathBuf;
use std::time::Duration;

use platform::clock::Clock;
use platform::config::Variables;

use crate::ports::Ports;

/// What stands beside each service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sidecars {
    /// The embedded sidecar, with everything in one process.
    #[default]
    Embedded,
    /// A `daprd` each, with a process for each service, for the broker and for the scheduler.
    Daprd,
}

impl Sidecars {
    /// How long they may take to stop, their drain included.
    pub(crate) fn patience(self) -> Duration {
        match self {
            Self::Embedded => Duration::from_millis(1_500),
            Self::Daprd => Duration::from_secs(10),
        }
    }
}

/// What a system is told when it starts.
#[derive(Clone, Debug)]
pub struct Options {
    /// The directory in which `components/` is looked for.
    pub project: PathBuf,
    /// Where data and secrets are kept; made when it is not there. One system at a time runs on it.
    pub data: PathBuf,
    /// Where to listen.
    pub ports: Ports,
    /// What stands beside each service.
    pub sidecars: Sidecars,
    /// How many of each service there are, each with a sidecar of its own; more than one only with [`Sidecars::Daprd`].
    pub replicas: NonZeroU8,
    /// What every service is configured from, beside what the system itself decides. `DATABASE_URL` names the database;
    /// without it, a private server keeps its data in `data`.
    pub variables: Variables,
    /// Settings of the private server, as in `postgresql.conf`.
    pub postgres: Vec<(String, String)>,
    /// Where every service reads the time.
    pub clock: Clock,
}

impl Options {
    /// A system on the usual ports that keeps its data in `data`, with nothing configured.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            project: PathBuf::from("."),
            data: data.into(),
            ports: Ports::Offset(0),
            sidecars: Sidecars::default(),
            replicas: NonZeroU8::MIN,
            variables: Variables::default(),
            postgres: Vec::new(),
            clock: Clock::system(),
        }
    }
}
