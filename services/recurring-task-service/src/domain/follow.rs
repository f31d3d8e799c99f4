//! What an event of one of its tasks means for a series.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::commands::Part;
use super::instance::Instance;
use super::occurrence::Occurrence;
use super::occurrence::Status::{Completed, Open, Pending, Withdrawing, Withdrawn};
use super::rule;
use super::series::{Now, Series, Status, reason};
use super::task::{Standing, Task};

/// An event that tells the whole task.
#[derive(Clone, Debug)]
pub(crate) struct News {
    pub(crate) task: Task,
    /// The task before; none when it is new.
    pub(crate) before: Option<Task>,
    /// Whether what changed is for this task alone.
    pub(crate) is_for_this_alone: bool,
    /// The number of the event in its workspace.
    pub(crate) sequence: i64,
    /// When it happened.
    pub(crate) at: DateTime<Utc>,
    /// The trace that caused it.
    pub(crate) trace: Option<String>,
}

impl News {
    /// Whether a series may begin with it: a task that was done long ago begins none.
    pub(crate) fn may_begin(&self) -> bool {
        let was_done = self.before.as_ref().is_some_and(|before| before.standing == Standing::Completed);
        match self.task.standing {
            Standing::Open => true,
            Standing::Completed => !was_done,
            Standing::Archived | Standing::Deleted => false,
        }
    }
}

impl Series {
    /// Follows an event. Whether it was done decides, and not what the event is called: an event that was given up is made up for by the next.
    pub(crate) fn follow(&mut self, news: &News, now: &Now<'_>) {
        self.task_sequence = news.sequence;
        let Some(place) = self.occurrences.iter().position(|held| held.task_id == news.task.id) else { return };
        let held = &self.occurrences[place];
        if held.status == Withdrawn {
            return;
        }
        let number = held.number;
        if self.is_latest(place) {
            self.follow_latest(place, news, now);
        }
        self.follow_progress(place, &news.task, now);
        if number == self.occurrence {
            self.go_on(now);
        }
    }

    /// Whether the instance is the latest that people know of: the one after it is being taken back, or is yet to be made though this one is not done.
    fn is_latest(&self, place: usize) -> bool {
        let Occurrence { number, status, .. } = self.occurrences[place];
        let is_unknown = |next: &Occurrence| {
            next.number == self.occurrence && (next.status == Withdrawing || (next.status == Pending && status == Open))
        };
        number == self.occurrence || (number + 1 == self.occurrence && self.occurrences.iter().any(is_unknown))
    }

    /// What was done to the latest task is carried over to those to come, unless something else was said of the series since.
    fn follow_latest(&mut self, place: usize, news: &News, now: &Now<'_>) {
        let task = &news.task;
        if let Some(before) = news.before.as_ref().filter(|_| !news.is_for_this_alone) {
            let is_news = |part| self.commands.yield_to(part, news.at);
            self.template.take_over(&before.template, &task.template, is_news);
            let (zone_is_news, rule_is_news) = (is_news(Part::Zone), is_news(Part::Rule));
            let zone = task.zone.filter(|zone| zone_is_news && before.zone != Some(*zone) && *zone != self.zone);
            if let Some(zone) = zone {
                self.move_to(zone);
            }
            if rule_is_news && task.recurrence != before.recurrence {
                self.repeat_as(place, task, now);
            }
        }
        // Whoever puts away what is done, or what is taken back anyway, does not mean those to come.
        let is_over = |status| matches!(status, Completed | Withdrawing);
        let is_over = self.occurrences.iter().any(|held| held.task_id == task.id && is_over(held.status));
        match task.standing {
            Standing::Archived | Standing::Deleted if !is_over => self.lose_task(task.standing, now),
            Standing::Open | Standing::Completed if self.lost_its_task() => self.resume(),
            _ => {}
        }
    }

    /// The rule of the latest task was set, changed or taken away.
    fn repeat_as(&mut self, place: usize, task: &Task, now: &Now<'_>) {
        let Occurrence { number, due, .. } = self.occurrences[place];
        match &task.recurrence {
            None => self.stop(reason::RECURRENCE_REMOVED, now),
            Some(rule) if *rule == self.recurrence && self.status == Status::Active => {}
            Some(rule) => {
                if number < self.occurrence {
                    // It is due as the rule before said.
                    self.take_back_pending(now);
                }
                self.count_anew(rule.clone(), number, task.due.unwrap_or(due));
            }
        }
    }

    /// Whether the task is done. Who takes that back, takes back the next one too.
    fn follow_progress(&mut self, place: usize, task: &Task, now: &Now<'_>) {
        let held = &mut self.occurrences[place];
        held.due_date = task.due;
        match (held.status, task.standing) {
            (Open | Pending, Standing::Completed) => {
                held.status = Completed;
                // Somebody has it, so it is there.
                held.made = true;
                held.completed_at = task.completed_at.or(Some(now.moment));
                held.updated_at = now.moment;
            }
            // It is not withdrawn then, since somebody has touched it.
            (Withdrawing, Standing::Completed) => held.completed_at = task.completed_at.or(Some(now.moment)),
            (Withdrawing, Standing::Open) => held.completed_at = None,
            (Completed, Standing::Open) => {
                held.status = Open;
                held.completed_at = None;
                held.updated_at = now.moment;
                let number = held.number;
                self.take_back_after(number, now);
            }
            _ => {}
        }
    }

    /// The instance `number` is to be done after all.
    fn take_back_after(&mut self, number: i32, now: &Now<'_>) {
        if number == self.occurrence && self.status == Status::Ended {
            self.resume();
        }
        if number + 1 != self.occurrence || rule::is_ahead(self) {
            return;
        }
        let lost_its_task = self.lost_its_task();
        let Some(next) = self.latest().filter(|next| next.is_to_be_done()) else { return };
        next.become_so(Withdrawing, now.moment);
        if lost_its_task {
            self.resume();
        }
    }

    /// backend-api has made a task, as the series and its instance were when it was asked. What has changed since is not in it, and nobody else puts
    /// it there: so it is taken back, and another one is made.
    pub(crate) fn made(&mut self, (series, occurrence): (&Self, &Occurrence), now: &Now<'_>) {
        let Some(place) = self.occurrences.iter().position(|held| held.task_id == occurrence.task_id) else { return };
        let is_as_asked = Instance::of(series, occurrence) == Instance::of(self, &self.occurrences[place]);
        let held = &mut self.occurrences[place];
        held.made = true;
        if held.status == Pending {
            held.become_so(if is_as_asked { Open } else { Withdrawing }, now.moment);
        }
    }

    /// What became of an instance that was to be withdrawn: gone, or it stays because somebody has touched it.
    pub(crate) fn withdrawn(&mut self, task_id: Uuid, is_gone: bool, now: &Now<'_>) {
        let Some(held) = self.occurrences.iter_mut().find(|held| held.task_id == task_id) else { return };
        if held.status != Withdrawing {
            return;
        }
        held.become_so(if is_gone { Withdrawn } else { Open }, now.moment);
        if !is_gone && held.completed_at.is_some() {
            held.status = Completed;
        }
        self.step_back();
        self.go_on(now);
    }

    /// Where the latest instance is withdrawn, the last one before that is not, is the latest again.
    pub(super) fn step_back(&mut self) {
        let last = self.occurrences.iter().filter(|held| held.status != Withdrawn).max_by_key(|held| held.number);
        if let Some(last) = last.filter(|last| last.number < self.occurrence) {
            (self.occurrence, self.due, self.spent) = (last.number, last.due, last.spent);
        }
    }
}

#[cfg(test)]
mod tests;
