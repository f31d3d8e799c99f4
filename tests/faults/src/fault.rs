//! Breaking things, and mending them again.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use platform::database::{PoolOptions, connect};
use platform::random::Random;
use sea_orm::ConnectionTrait as _;
use tokio::time::{Instant, interval, sleep};

use crate::home::Home;
use crate::jobs::Call;
use crate::poison::{self, Poisoned};
use crate::process;
use crate::scenario::Fault;
use crate::system::System;
use crate::traffic::Traffic;

/// What there is to break.
#[derive(Debug)]
pub(crate) struct World<'a> {
    pub(crate) home: &'a mut Home,
    pub(crate) system: &'a mut System,
    /// Those who write, where somebody does.
    pub(crate) traffic: Option<&'a Traffic>,
    /// Which moment is chosen, where there is a choice, and how far off it may be.
    pub(crate) moments: &'a Random,
    pub(crate) within: Duration,
    /// What nobody can read.
    pub(crate) poisoned: &'a mut Poisoned,
}

/// How far off a random moment may be, where nothing else asks for a nearer one.
pub(crate) const WITHIN: Duration = Duration::from_secs(3);

/// How often a connection is cut.
const CUT_EVERY: Duration = Duration::from_millis(100);

/// Any connection of a service; those of administrators are left alone.
const CUT: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE pid <> pg_backend_pid() AND usename LIKE 'postgres\\_%' ORDER BY random() LIMIT 1";

/// Waits until a random moment.
pub(crate) async fn random_moment(moments: &Random, within: Duration) {
    sleep(within * u32::from(u16::from_le_bytes(moments.bytes())) / u32::from(u16::MAX)).await;
}

impl World<'_> {
    /// Breaks something for `lasts`, and says from when on the system could have recovered.
    pub(crate) async fn inject(&mut self, fault: Fault, lasts: Duration) -> anyhow::Result<Instant> {
        match fault {
            Fault::KillLauncher => self.kill_launcher().await,
            Fault::FreezeLauncher => {
                let pid = self.system.pid()?;
                process::signal("STOP", pid)?;
                sleep(lasts).await;
                process::signal("CONT", pid)?;
                Ok(Instant::now())
            }
            Fault::StopPostgres => {
                self.home.separate()?.stop().await?;
                self.restart_postgres(lasts).await
            }
            Fault::CrashPostgres => {
                self.home.separate()?.crash().await?;
                self.restart_postgres(lasts).await
            }
            Fault::FreezePostgres => {
                let pid = self.home.separate()?.pid()?;
                process::signal_family("STOP", pid)?;
                sleep(lasts).await;
                process::signal_family("CONT", pid)?;
                Ok(Instant::now())
            }
            Fault::FillDisk => self.fill_disk(lasts).await,
            Fault::CutConnections => self.cut_connections(lasts).await,
            Fault::Kill(part) => self.kill(part).await,
            Fault::KeepDown(part) => self.keep_down(part, lasts).await,
            Fault::Freeze(part) => {
                let pid = self.system.pid_of(part, None).await?;
                process::signal("STOP", pid)?;
                sleep(lasts).await;
                process::signal("CONT", pid)?;
                Ok(Instant::now())
            }
            Fault::KillPostgres => {
                let pid = self.system.pid_of_postgres(None).await?;
                self.random_moment().await;
                process::signal("KILL", pid)?;
                let killed = Instant::now();
                self.system.pid_of_postgres(Some(pid)).await?;
                Ok(killed)
            }
            Fault::Poison => self.poison(lasts).await,
        }
    }

    fn traffic(&self) -> anyhow::Result<&Traffic> {
        self.traffic.context("nobody writes in this scenario")
    }

    async fn random_moment(&self) {
        random_moment(self.moments, self.within).await;
    }

    /// Kills a part, and waits until it was started again.
    async fn kill(&mut self, part: &str) -> anyhow::Result<Instant> {
        self.random_moment().await;
        let pid = self.system.pid_of(part, None).await?;
        let call = if part == "scheduler" { Some(Call::schedule(self.system).await?) } else { None };
        process::signal("KILL", pid)?;
        let killed = Instant::now();
        self.system.pid_of(part, Some(pid)).await?;
        if let Some(call) = call {
            call.until_made().await?;
        }
        Ok(killed)
    }

    async fn keep_down(&mut self, part: &str, lasts: Duration) -> anyhow::Result<Instant> {
        let pid = self.system.pid_of(part, None).await?;
        let hold = self.system.hold_of(part);
        fs::write(&hold, "")?;
        process::signal("KILL", pid)?;
        sleep(lasts).await;
        ensure!(!self.system.runs(part), "{part} was started although it was held");
        fs::remove_file(&hold)?;
        Ok(Instant::now())
    }

    async fn poison(&mut self, lasts: Duration) -> anyhow::Result<Instant> {
        let profile = self.traffic()?.users[0].person.read("/profile").await?;
        let workspace = profile["workspace_id"].as_str().context("a profile has a workspace")?;
        let poisoned = poison::publish(self.system, workspace, lasts, self.moments).await?;
        self.poisoned.extend(poisoned);
        Ok(Instant::now())
    }

    async fn kill_launcher(&mut self) -> anyhow::Result<Instant> {
        self.random_moment().await;
        let killed = Instant::now();
        self.system.kill()?;
        self.system.start()?;
        self.system.until_ready().await?;
        Ok(killed)
    }

    async fn restart_postgres(&mut self, after: Duration) -> anyhow::Result<Instant> {
        sleep(after).await;
        self.home.separate()?.restart().await?;
        Ok(Instant::now())
    }

    async fn fill_disk(&mut self, lasts: Duration) -> anyhow::Result<Instant> {
        let disk = || self.home.disk.as_ref().context("the scenario has no disk of its own");
        disk()?.fill()?;
        self.traffic()?.until_refused().await?;
        sleep(lasts).await;
        disk()?.free()?;
        let separate = self.home.separate()?;
        // Postgres gives up when it cannot write its log of changes; whoever runs it starts it again.
        if separate.has_ended() {
            separate.restart().await?;
        }
        Ok(Instant::now())
    }

    async fn cut_connections(&mut self, lasts: Duration) -> anyhow::Result<Instant> {
        let url = self.home.separate()?.administrator_url()?;
        let administrator = connect(&url, &PoolOptions::of_administrator()).await?;
        let (mut ticks, end) = (interval(CUT_EVERY), Instant::now() + lasts);
        while Instant::now() < end {
            ticks.tick().await;
            administrator.execute_unprepared(CUT).await?;
        }
        administrator.close().await;
        Ok(Instant::now())
    }
}
