//! The scheduler of a process: sleeps until a job is due, claims what is due, has the apps called.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use sea_orm::DbErr;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::claim::{Claim, Claimed};
use super::fire;
use super::store::Jobs;
use super::tick::Outcome;
use crate::sidecar::Sidecar;
use crate::tasks::Tasks;

/// How long an app that does not listen is left alone.
const ABSENT: Duration = Duration::from_millis(500);
/// The pause after another process was quicker.
const AGAIN: Duration = Duration::from_millis(20);
/// The pause before something is written again that could not be.
const RETRY: Duration = Duration::from_millis(500);

/// How the scheduler of a process works.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rhythm {
    /// How long a claim holds without being renewed; what a process that died has claimed is called for again after that.
    pub(crate) lease: Duration,
    /// How often the jobs are looked at for what other processes scheduled.
    pub(crate) poll_interval: Duration,
    /// Jobs of one app that are called for at once, at most.
    pub(crate) at_once: usize,
}

/// How far a claim has come; it is held through both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The app is called.
    Call,
    /// What came of it is written. The next tick may be claimed as soon as that is committed, before we hear of it.
    Record,
}

#[derive(Clone)]
struct Scheduler {
    jobs: Jobs,
    apps: Arc<HashMap<String, Sidecar>>,
    rhythm: Rhythm,
    lease: TimeDelta,
    under_way: Arc<Mutex<HashMap<Claim, Phase>>>,
    /// Apps that did not listen, and when to look at them again.
    absent: Arc<Mutex<HashMap<String, Instant>>>,
}

/// Calls for the jobs of `sidecars` until `shutdown`; calls under way, which are on `tasks`, then finish. Claims are held in any
/// case until `finished`.
pub(crate) async fn run(
    jobs: Jobs,
    sidecars: Vec<Sidecar>,
    rhythm: Rhythm,
    tasks: Tasks,
    shutdown: CancellationToken,
    finished: CancellationToken,
) {
    let lease = TimeDelta::from_std(rhythm.lease).unwrap_or(TimeDelta::MAX);
    let apps = sidecars.into_iter().map(|sidecar| (sidecar.app_id.clone(), sidecar)).collect();
    let (under_way, absent) = (Arc::default(), Arc::default());
    let scheduler = Scheduler { jobs, apps: Arc::new(apps), rhythm, lease, under_way, absent };
    tokio::select! {
        () = finished.cancelled() => {}
        ((), ()) = async { tokio::join!(scheduler.claim_what_is_due(&tasks, &shutdown), scheduler.keep_leases()) } => {}
    }
}

impl Scheduler {
    async fn claim_what_is_due(&self, tasks: &Tasks, shutdown: &CancellationToken) {
        let mut pause = self.rhythm.poll_interval;
        // A round is not interrupted: what it has claimed would wait for its lease to end.
        while !shutdown.is_cancelled() {
            self.jobs.bell.awake();
            // Where something was due, more may be.
            pause = match self.round(pause.is_zero(), tasks).await {
                Ok(pause) => pause,
                Err(error) => {
                    tracing::warn!(%error, "jobs could not be read; trying again");
                    self.rhythm.poll_interval
                }
            };
            self.jobs.bell.asleep_until(self.jobs.clock.now() + pause);
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = self.jobs.bell.rung() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Starts what is due and says how long nothing will be. Where that is `likely`, it is not asked first whether anything is.
    async fn round(&self, likely: bool, tasks: &Tasks) -> Result<Duration, DbErr> {
        let mut apps = self.with_room();
        let longest = self.rhythm.poll_interval;
        if apps.is_empty() {
            return Ok(longest);
        }
        if !likely {
            let names = apps.iter().map(|(app, _)| app.clone()).collect();
            let Some(due) = self.jobs.next_due(names).await? else { return Ok(longest) };
            // What is not a whole microsecond away is due: time is stored in these.
            let pause = (due - self.jobs.clock.now()).to_std().unwrap_or_default();
            if !pause.is_zero() {
                return Ok(pause.min(longest));
            }
        }
        let all = apps.len();
        self.leave_out_absent(&mut apps).await;
        let absent = apps.len() < all;
        let claimed = self.jobs.claim(apps, self.lease).await?;
        let found = !claimed.is_empty();
        for one in claimed {
            self.start(one, tasks);
        }
        Ok(match (found, absent) {
            (true, _) => Duration::ZERO,
            (false, true) => longest.min(ABSENT),
            // Nothing is left, or another process was quicker; what it has not taken may be due any moment.
            (false, false) => longest.min(AGAIN),
        })
    }

    /// The apps that may be called, and for how many jobs more.
    fn with_room(&self) -> Vec<(String, i64)> {
        let under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let absent = self.absent.lock().unwrap_or_else(PoisonError::into_inner);
        let apps = self.apps.iter().filter_map(|(app, sidecar)| {
            let left_alone = absent.get(app).is_some_and(|until| *until > Instant::now());
            let busy = under_way.keys().filter(|claim| claim.app == *app).count();
            let room = i64::try_from(self.rhythm.at_once.saturating_sub(busy)).unwrap_or(i64::MAX);
            (room > 0 && !left_alone && !sidecar.stop.is_cancelled() && sidecar.app_is_healthy())
                .then(|| (app.clone(), room))
        });
        apps.collect()
    }

    /// Tries the ports of those that did not listen before their jobs are claimed.
    async fn leave_out_absent(&self, apps: &mut Vec<(String, i64)>) {
        let suspects: Vec<String> = {
            let absent = self.absent.lock().unwrap_or_else(PoisonError::into_inner);
            apps.iter().filter(|(app, _)| absent.contains_key(app)).map(|(app, _)| app.clone()).collect()
        };
        for app in suspects {
            let Some(sidecar) = self.apps.get(&app) else { continue };
            let listens = TcpStream::connect(("127.0.0.1", sidecar.app_port)).await.is_ok();
            let mut absent = self.absent.lock().unwrap_or_else(PoisonError::into_inner);
            if listens {
                absent.remove(&app);
            } else {
                absent.insert(app.clone(), Instant::now() + ABSENT);
                apps.retain(|(other, _)| *other != app);
            }
        }
    }

    fn start(&self, claimed: Claimed, tasks: &Tasks) {
        let Some(sidecar) = self.apps.get(&claimed.claim.app).cloned() else { return };
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |held: &Claim| held.app == claimed.claim.app && held.job == claimed.claim.job;
        // A claim that was lost, because it could not be renewed, and won again: it waits for the first call in yet another lease.
        if under_way.iter().any(|(held, phase)| same(held) && *phase == Phase::Call) {
            return;
        }
        under_way.insert(claimed.claim.clone(), Phase::Call);
        drop(under_way);
        let scheduler = self.clone();
        tasks.spawn(async move {
            scheduler.call(&sidecar, &claimed).await;
            scheduler.under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(&claimed.claim);
            scheduler.jobs.bell.ring();
        });
    }

    async fn call(&self, sidecar: &Sidecar, claimed: &Claimed) {
        let outcome = fire::call(sidecar, claimed).await;
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).insert(claimed.claim.clone(), Phase::Record);
        if outcome == Outcome::Absent {
            let mut absent = self.absent.lock().unwrap_or_else(PoisonError::into_inner);
            absent.insert(claimed.claim.app.clone(), Instant::now() + ABSENT);
        }
        let next = claimed.tick.next(&outcome, self.jobs.clock.now());
        fire::report(claimed, &outcome, &next);
        // What happened is not forgotten because the database is away for a while.
        while let Err(error) = self.jobs.record(&claimed.claim, next).await {
            tracing::warn!(%error, job = claimed.claim.job, "what came of a job could not be written; trying again");
            tokio::time::sleep(RETRY).await;
        }
    }

    async fn keep_leases(&self) {
        loop {
            tokio::time::sleep(self.rhythm.lease / 3).await;
            let held: Vec<Claim> = {
                let under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
                under_way.keys().cloned().collect()
            };
            if held.is_empty() {
                continue;
            }
            if let Err(error) = self.jobs.renew(&held, self.lease).await {
                tracing::warn!(%error, jobs = held.len(), "claims of jobs could not be renewed; trying again");
            }
        }
    }
}
