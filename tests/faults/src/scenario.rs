//! What is broken, how often and for how long.

use std::time::Duration;

/// What is done to the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The launcher is killed at a random moment and started again at once.
    KillLauncher,
    /// The launcher stands still for a while.
    FreezeLauncher,
    /// Postgres is shut down and started again after a while.
    StopPostgres,
    /// Postgres is killed, without any shutdown, and started again after a while.
    CrashPostgres,
    /// Postgres stands still for a while: connections stay open and nothing answers.
    FreezePostgres,
    /// The disk that Postgres writes to has no space for a while.
    FillDisk,
    /// Random connections of the services are cut, one every 100 ms for a while.
    CutConnections,
    /// A process of the distributed system is killed at a random moment; the launcher starts it again.
    Kill(&'static str),
    /// It is killed and kept from starting for a while.
    KeepDown(&'static str),
    /// It stands still for a while.
    Freeze(&'static str),
    /// The launcher's own Postgres is killed at a random moment; the launcher starts it again.
    KillPostgres,
    /// What no consumer can read is published, for a while, into the partition of somebody who writes.
    Poison,
}

impl Fault {
    /// How many mails may come a second time each time: those under way when whoever sends them ends, or cannot note that they have
    /// left. A mail server knows no repetition; mailboxes do, by the name that both have.
    pub(crate) fn most_in_doubt(self) -> usize {
        let sender = matches!(self, Self::KillLauncher | Self::CrashPostgres | Self::Kill("notification-service"));
        if sender { UNDER_WAY } else { 0 }
    }
}

/// Mails that notification-service sends at the same time.
const UNDER_WAY: usize = 16;

/// What stands beside each service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Sidecars {
    /// Everything is in one process.
    Embedded,
    /// `tidings up --distributed`: each part is a process of its own.
    Daprd,
}

impl Sidecars {
    /// The table.
    pub(crate) fn scenarios(self) -> &'static [Scenario] {
        match self {
            Self::Embedded => &EMBEDDED,
            Self::Daprd => &DISTRIBUTED,
        }
    }

    /// The table of the reminders.
    pub(crate) fn reminders(self) -> &'static [Scenario] {
        match self {
            Self::Embedded => &EMBEDDED_REMINDERS,
            Self::Daprd => &DISTRIBUTED_REMINDERS,
        }
    }

    /// The table of the recurring tasks.
    pub(crate) fn recurring(self) -> &'static [Scenario] {
        match self {
            Self::Embedded => &EMBEDDED_RECURRING,
            Self::Daprd => &DISTRIBUTED_RECURRING,
        }
    }

    /// Writes per second unless told otherwise.
    pub(crate) fn rate(self) -> u32 {
        match self {
            Self::Embedded => 100,
            Self::Daprd => 50,
        }
    }
}

/// Which Postgres the system uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Database {
    /// The launcher's own.
    Private,
    /// One that outlives the launcher, by `DATABASE_URL`.
    Separate,
    /// The same on a disk of its own, which is small.
    SmallDisk,
}

/// One line of the table.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) fault: Fault,
    pub(crate) database: Database,
    /// How often, in a short and in a full run.
    pub(crate) times: [u32; 2],
    /// How long each lasts, in seconds.
    pub(crate) seconds: [u64; 2],
}

impl Scenario {
    pub(crate) fn times(&self, full: bool) -> u32 {
        self.times[usize::from(full)]
    }

    pub(crate) fn lasts(&self, full: bool) -> Duration {
        Duration::from_secs(self.seconds[usize::from(full)])
    }

    /// How long each lasts in a short run, and in a full one.
    pub(crate) fn outage(&self) -> String {
        let [short, full] = self.seconds;
        if full == 0 { "-".to_owned() } else { format!("{short}/{full}") }
    }
}

const fn row(name: &'static str, fault: Fault, database: Database, times: [u32; 2], seconds: [u64; 2]) -> Scenario {
    Scenario { name, fault, database, times, seconds }
}

const EMBEDDED: [Scenario; 8] = [
    row("kill launcher", Fault::KillLauncher, Database::Private, [5, 20], [0, 0]),
    row("kill launcher, Postgres stays", Fault::KillLauncher, Database::Separate, [3, 20], [0, 0]),
    row("freeze launcher", Fault::FreezeLauncher, Database::Private, [1, 3], [5, 5]),
    row("stop Postgres", Fault::StopPostgres, Database::Separate, [1, 3], [5, 10]),
    row("crash Postgres", Fault::CrashPostgres, Database::Separate, [1, 3], [2, 10]),
    row("freeze Postgres", Fault::FreezePostgres, Database::Separate, [1, 3], [5, 10]),
    row("disk full", Fault::FillDisk, Database::SmallDisk, [1, 3], [5, 10]),
    row("cut connections", Fault::CutConnections, Database::Separate, [1, 1], [5, 20]),
];

const DISTRIBUTED: [Scenario; 13] = [
    row("kill backend-api", Fault::Kill("backend-api"), Database::Private, [2, 10], [0, 0]),
    row("kill backend-api's daprd", Fault::Kill("backend-api-daprd"), Database::Private, [2, 10], [0, 0]),
    row("kill audit-service", Fault::Kill("audit-service"), Database::Private, [2, 10], [0, 0]),
    row("kill websocket-service", Fault::Kill("websocket-service"), Database::Private, [2, 10], [0, 0]),
    row("kill the broker", Fault::Kill("broker"), Database::Private, [1, 5], [0, 0]),
    row("kill the scheduler", Fault::Kill("scheduler"), Database::Private, [1, 5], [0, 0]),
    row("kill Postgres", Fault::KillPostgres, Database::Private, [1, 10], [0, 0]),
    row("broker down", Fault::KeepDown("broker"), Database::Private, [1, 1], [15, 60]),
    row("audit-service down", Fault::KeepDown("audit-service"), Database::Private, [1, 1], [15, 60]),
    row("audit-service stumbles", Fault::Freeze("audit-service"), Database::Private, [2, 10], [6, 6]),
    row("audit-service hangs", Fault::Freeze("audit-service"), Database::Private, [1, 1], [40, 60]),
    row("audit-service's daprd frozen", Fault::Freeze("audit-service-daprd"), Database::Private, [1, 2], [15, 60]),
    row("poisoned partition", Fault::Poison, Database::Private, [1, 1], [3, 10]),
];

const EMBEDDED_REMINDERS: [Scenario; 2] = [
    row("reminders, kill launcher", Fault::KillLauncher, Database::Separate, [1, 5], [0, 0]),
    row("reminders, crash Postgres", Fault::CrashPostgres, Database::Separate, [1, 3], [2, 2]),
];

const DISTRIBUTED_REMINDERS: [Scenario; 4] = [
    row(
        "reminders, kill notification-service",
        Fault::Kill("notification-service"),
        Database::Separate,
        [1, 5],
        [0, 0],
    ),
    row("reminders, kill its daprd", Fault::Kill("notification-service-daprd"), Database::Separate, [1, 3], [0, 0]),
    row("reminders, kill the scheduler", Fault::Kill("scheduler"), Database::Separate, [1, 1], [0, 0]),
    row("reminders, crash Postgres", Fault::CrashPostgres, Database::Separate, [1, 3], [2, 2]),
];

const EMBEDDED_RECURRING: [Scenario; 1] =
    [row("recurring, kill launcher", Fault::KillLauncher, Database::Separate, [2, 50], [0, 0])];

const DISTRIBUTED_RECURRING: [Scenario; 4] = [
    row(
        "recurring, kill recurring-task-service",
        Fault::Kill("recurring-task-service"),
        Database::Separate,
        [2, 50],
        [0, 0],
    ),
    row("recurring, kill backend-api", Fault::Kill("backend-api"), Database::Separate, [2, 50], [0, 0]),
    row("recurring, kill its daprd", Fault::Kill("recurring-task-service-daprd"), Database::Separate, [1, 10], [0, 0]),
    row("recurring, crash Postgres", Fault::CrashPostgres, Database::Separate, [1, 10], [1, 1]),
];
