//! A series: its rule, how far it has come, and how it goes on.

use chrono::{DateTime, NaiveDateTime, Utc};
use chrono_tz::Tz;
use recurrence::{Next, Recurrence, wall};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::commands::Commands;
use super::occurrence::{self, Occurrence};
use super::rule;
use super::task::{Standing, Task};
use super::template::Template;

/// Whether there will be another instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    Active,
    /// Somebody stopped it; the reason tells how.
    Stopped,
    /// Its rule has named its last moment.
    Ended,
}

impl Status {
    /// Every status.
    pub(crate) const ALL: [Self; 3] = [Self::Active, Self::Stopped, Self::Ended];

    /// Its name in tables and answers.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Stopped => "stopped",
            Self::Ended => "ended",
        }
    }
}

/// Why a series is stopped.
pub(crate) mod reason {
    /// By its owner.
    pub(crate) const STOPPED: &str = "stopped";
    /// The recurrence was taken from the task.
    pub(crate) const RECURRENCE_REMOVED: &str = "recurrence_removed";
    pub(crate) const TASK_DELETED: &str = "task_deleted";
    pub(crate) const TASK_ARCHIVED: &str = "task_archived";
    /// backend-api does not make its tasks.
    pub(crate) const REFUSED: &str = "refused";
}

/// A series.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Series {
    /// The id of its first task.
    pub(crate) id: Uuid,
    pub(crate) workspace_id: Uuid,
    /// Whose tasks they are.
    pub(crate) user_id: String,
    /// The number of the last event that was acted on.
    pub(crate) task_sequence: i64,
    /// The number of the last event that moved the owner's time zone.
    pub(crate) zone_sequence: i64,
    pub(crate) recurrence: Recurrence,
    /// From which instance on the rule counts, and the wall clock of that one. It may be the one that comes next.
    pub(crate) first_occurrence: i32,
    pub(crate) first_local: NaiveDateTime,
    pub(crate) zone: Tz,
    pub(crate) status: Status,
    /// Why it is as it is, where that is not plain.
    pub(crate) reason: Option<String>,
    pub(crate) template: Template,
    /// What people have said of it as a whole.
    pub(crate) commands: Commands,
    /// By what key the last skip was asked for.
    pub(crate) skip_key: Option<String>,
    /// The latest instance.
    pub(crate) occurrence: i32,
    /// The moment that the rule gave it, and how many occurrences of a COUNT are used up with it.
    pub(crate) due: DateTime<Utc>,
    pub(crate) spent: u32,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    /// The instances that matter now: the latest, the last one before that is not withdrawn, and that of the event.
    pub(crate) occurrences: Vec<Occurrence>,
}

/// Something happens at a moment; new instances get new ids.
pub(crate) struct Now<'a> {
    pub(crate) moment: DateTime<Utc>,
    pub(crate) new_id: &'a dyn Fn() -> Uuid,
    /// The trace in which it happens (W3C `traceparent`).
    pub(crate) trace: Option<&'a str>,
}

impl Series {
    /// The series that begins with this task; `None` when it does not repeat, or nobody here knows the clock by which it does.
    pub(crate) fn begin(task: &Task, sequence: i64, now: &Now<'_>) -> Option<Self> {
        let recurrence = task.recurrence.clone()?;
        let Some(zone) = task.zone else {
            tracing::warn!(task_id = %task.id, "a task that repeats is passed over: its time zone is not known");
            return None;
        };
        let at = now.moment;
        // backend-api gives each recurring task a due date; an older one may have none.
        let due = task.due.or_else(|| rule::first_due(&recurrence, zone, at)).unwrap_or(at);
        let first = Occurrence {
            status: occurrence::Status::Open,
            made: true,
            due_date: task.due,
            ..Occurrence::pending(task.series_id, task.number, task.id, Next { due, spent: 1 }, at)
        };
        Some(Self {
            id: task.series_id,
            workspace_id: task.workspace_id,
            user_id: task.user_id.clone(),
            task_sequence: sequence,
            zone_sequence: 0,
            recurrence,
            first_occurrence: task.number,
            first_local: wall::time(zone, due),
            zone,
            status: Status::Active,
            reason: None,
            template: task.template.clone(),
            commands: Commands::default(),
            skip_key: None,
            occurrence: task.number,
            due,
            spent: 1,
            created_at: at,
            updated_at: at,
            occurrences: vec![first],
        })
    }

    /// When the next instance is to be made whether or not the latest is done: when that one is due.
    pub(crate) fn opens_at(&self) -> Option<DateTime<Utc>> {
        (self.status == Status::Active && rule::is_ahead(self)).then_some(self.due)
    }

    /// Whether the latest instance is yet to be made, or is being taken back: until that is settled no other one is made. So one that was missed is
    /// made when the one before is there, and whatever stops the series stops all of them.
    pub(crate) fn is_unsettled(&self) -> bool {
        use occurrence::Status::{Pending, Withdrawing};
        let is_so = |held: &Occurrence| held.number == self.occurrence && matches!(held.status, Pending | Withdrawing);
        self.occurrences.iter().any(is_so)
    }

    /// The moment of the sidecar's job, and the instance that it is for.
    pub(crate) fn job(&self) -> Option<(DateTime<Utc>, i32)> {
        self.opens_at().map(|at| (at, self.occurrence + 1))
    }

    /// The instance with this number, but not one that was withdrawn.
    pub(crate) fn numbered(&mut self, number: i32) -> Option<&mut Occurrence> {
        self.occurrences.iter_mut().find(|held| held.number == number && held.status != occurrence::Status::Withdrawn)
    }

    /// How the latest instance is.
    pub(crate) fn latest(&mut self) -> Option<&mut Occurrence> {
        self.numbered(self.occurrence)
    }

    /// The latest is passed over, as if it were done when it is due, or now if that is later: the next one never comes before it.
    pub(super) fn pass_over(&mut self, now: &Now<'_>) {
        if rule::is_ahead(self) {
            self.make(rule::on_schedule(self, now.moment), now);
        } else {
            self.advance(self.due.max(now.moment), now);
        }
    }

    /// The latest is done: the next one is to be made, if there is one.
    fn advance(&mut self, completed_at: DateTime<Utc>, now: &Now<'_>) {
        let next = rule::next(self, completed_at);
        self.make(next, now);
    }

    fn make(&mut self, next: Option<Next>, now: &Now<'_>) {
        let Some(next) = next else {
            self.status = Status::Ended;
            self.reason = None;
            return;
        };
        self.occurrence += 1;
        self.first_occurrence = self.first_occurrence.min(self.occurrence);
        (self.due, self.spent) = (next.due, next.spent);
        let trace = now.trace.map(str::to_owned);
        let next = Occurrence::pending(self.id, self.occurrence, (now.new_id)(), next, now.moment);
        self.occurrences.push(Occurrence { trace, ..next });
    }

    /// Whatever changed: where the latest is done or passed over, and nothing else brings the next one, it is to be made.
    pub(super) fn go_on(&mut self, now: &Now<'_>) {
        use occurrence::Status::{Completed, Skipped, Skipping};
        if self.status != Status::Active || rule::is_ahead(self) {
            return;
        }
        match self.latest().map(|latest| (latest.status, latest.completed_at)) {
            Some((Completed, completed_at)) => self.advance(completed_at.unwrap_or(now.moment), now),
            Some((Skipping | Skipped, _)) => self.pass_over(now),
            _ => {}
        }
    }

    /// Makes the instance that a window has opened for.
    pub(crate) fn open_window(&mut self, now: &Now<'_>) {
        if self.is_unsettled() || self.opens_at().is_none_or(|opens_at| opens_at > now.moment) {
            return;
        }
        self.make(rule::on_schedule(self, now.moment), now);
    }

    /// The wall clock stays, in another zone. Instances keep the due dates that they have, unless they are yet to be made.
    pub(crate) fn move_to(&mut self, zone: Tz) {
        let from = self.zone;
        let moved = |due| wall::moment(zone, wall::time(from, due));
        self.zone = zone;
        self.due = moved(self.due);
        for held in &mut self.occurrences {
            held.due = moved(held.due);
            if !held.made {
                held.due_date = Some(held.due);
            }
        }
    }

    /// Where people mean a rule or a date to count from, and when that is: the last instance that is not taken back; where that one is over and a
    /// date is given, the one that comes next.
    pub(super) fn anchor(&self, due: Option<DateTime<Utc>>) -> (i32, DateTime<Utc>) {
        use occurrence::Status::{Withdrawing, Withdrawn};
        let stays = |held: &&Occurrence| !matches!(held.status, Withdrawing | Withdrawn);
        let Some(last) = self.occurrences.iter().filter(stays).max_by_key(|held| held.number) else {
            return (self.occurrence, due.unwrap_or(self.due));
        };
        match due {
            Some(due) if !last.is_to_be_done() => (last.number + 1, due),
            _ => (last.number, due.or(last.due_date).unwrap_or(last.due)),
        }
    }

    /// Counts anew from the instance `number`, which is due then.
    pub(super) fn count_from(&mut self, number: i32, due: DateTime<Utc>) {
        self.first_occurrence = number;
        self.first_local = wall::time(self.zone, due);
        if number == self.occurrence {
            self.due = due;
        }
        if let Some(held) = self.numbered(number) {
            held.due = due;
        }
    }

    /// The instance `number` is the first that a COUNT counts.
    pub(super) fn spend_from(&mut self, number: i32) {
        let spent = |held: i32| u32::try_from(held - number + 1).unwrap_or_default();
        self.spent = spent(self.occurrence);
        for held in &mut self.occurrences {
            held.spent = spent(held.number);
        }
    }

    /// There will be no other instance. One that is about to be made is taken back.
    pub(super) fn stop(&mut self, reason: &str, now: &Now<'_>) {
        if self.status == Status::Active {
            self.status = Status::Stopped;
            self.reason = Some(reason.to_owned());
            self.take_back_pending(now);
        }
    }

    pub(super) fn take_back_pending(&mut self, now: &Now<'_>) {
        if let Some(latest) = self.latest().filter(|latest| latest.status == occurrence::Status::Pending) {
            latest.become_so(occurrence::Status::Withdrawing, now.moment);
        }
    }

    /// It goes on after all.
    pub(super) fn resume(&mut self) {
        self.status = Status::Active;
        self.reason = None;
    }

    /// Whether it stopped because its latest task was deleted or archived.
    pub(super) fn lost_its_task(&self) -> bool {
        let reason = self.reason.as_deref();
        self.status == Status::Stopped && matches!(reason, Some(reason::TASK_DELETED | reason::TASK_ARCHIVED))
    }

    /// The task of the latest instance is not there to be done any more.
    pub(super) fn lose_task(&mut self, standing: Standing, now: &Now<'_>) {
        match standing {
            Standing::Deleted => self.stop(reason::TASK_DELETED, now),
            Standing::Archived => self.stop(reason::TASK_ARCHIVED, now),
            Standing::Open | Standing::Completed => {}
        }
    }
}
