//! What people do to a series as a whole.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use recurrence::Recurrence;
use serde_json::Value;
use uuid::Uuid;

use super::commands::Part;
use super::occurrence;
use super::series::{Now, Series, Status, reason};

/// What is to be otherwise from now on; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Changes {
    pub(crate) title: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) priority: Option<String>,
    pub(crate) tags: Option<Vec<String>>,
    pub(crate) assignee: Assign,
    pub(crate) reminders: Option<Vec<Value>>,
    pub(crate) recurrence: Option<Recurrence>,
    pub(crate) zone: Option<Tz>,
    /// Of the latest instance, from which the rule counts anew; of the next one, where the latest is over.
    pub(crate) due: Option<DateTime<Utc>>,
}

/// Who is to do the instances to come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Assign {
    /// Whoever was.
    #[default]
    Keep,
    Nobody,
    To(String),
}

/// Why an instance cannot be skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoSkip {
    /// The series is stopped.
    SeriesStopped,
    /// The series is stopped, since its task was deleted or archived.
    TaskGone,
    /// The rule has no more occurrences.
    SeriesEnded,
    /// It is a later one's turn, or it is done.
    OccurrenceOver,
    /// It is an earlier one's turn.
    OccurrenceToCome,
}

impl Changes {
    /// The parts that are said.
    fn parts(&self) -> impl Iterator<Item = Part> {
        [
            (self.title.is_some(), Part::Title),
            (self.description.is_some(), Part::Description),
            (self.priority.is_some(), Part::Priority),
            (self.tags.is_some(), Part::Tags),
            (self.assignee != Assign::Keep, Part::Assignee),
            (self.reminders.is_some(), Part::Reminders),
            (self.zone.is_some(), Part::Zone),
            (self.recurrence.is_some() || self.due.is_some(), Part::Rule),
        ]
        .into_iter()
        .filter_map(|(is_said, part)| is_said.then_some(part))
    }
}

impl Series {
    /// Changes the series for its instances to come.
    pub(crate) fn change(&mut self, changes: Changes, now: &Now<'_>) {
        fn set<T>(mine: &mut T, given: Option<T>) {
            if let Some(given) = given {
                *mine = given;
            }
        }
        changes.parts().for_each(|part| self.commands.say(part, now.moment));
        let Changes { title, description, priority, tags, assignee, reminders, recurrence, zone, due } = changes;
        set(&mut self.template.title, title);
        set(&mut self.template.description, description);
        set(&mut self.template.priority, priority);
        set(&mut self.template.tags, tags);
        match assignee {
            Assign::Keep => {}
            Assign::Nobody => self.template.assignee = None,
            Assign::To(user_id) => self.template.assignee = Some(user_id),
        }
        if let Some(zone) = zone.filter(|zone| *zone != self.zone) {
            self.move_to(zone);
        }
        let (number, from) = self.anchor(due);
        match recurrence.filter(|rule| *rule != self.recurrence || self.status != Status::Active) {
            Some(rule) => self.count_anew(rule, number, from),
            None if due.is_some() => self.count_from(number, from),
            None => {}
        }
        if let Some(held) = self.numbered(number).filter(|_| due.is_some()) {
            held.due_date = due;
        }
        if let Some(reminders) = reminders {
            self.template.reminders = reminders;
            self.template.reminders_beside = due.or_else(|| self.latest()?.due_date);
        }
        self.go_on(now);
    }

    /// Another rule, which counts from the instance `number`. A series that was stopped, or has ended, goes on; but not without its task. What is used
    /// up of a COUNT stays so, unless it is another one, or all of it is used up.
    pub(super) fn count_anew(&mut self, rule: Recurrence, number: i32, due: DateTime<Utc>) {
        let is_other_count = rule.most() != self.recurrence.most() || self.status == Status::Ended;
        self.recurrence = rule;
        self.count_from(number, due);
        if is_other_count {
            self.spend_from(number);
        }
        if !self.lost_its_task() {
            self.resume();
        }
    }

    /// There will be no other instance. One that is about to be made is taken back.
    pub(crate) fn stop_for_good(&mut self, now: &Now<'_>) {
        self.commands.say(Part::Rule, now.moment);
        // Also one that has ended, or lost its task: neither a completion that is taken back nor a restored task brings it back.
        self.resume();
        self.stop(reason::STOPPED, now);
    }

    /// backend-api does not make the instance, and would not if it were asked again.
    pub(crate) fn refused(&mut self, task_id: Uuid, why: Option<&str>, now: &Now<'_>) {
        if let Some(held) = self.occurrences.iter_mut().find(|held| held.task_id == task_id && !held.made) {
            held.become_so(occurrence::Status::Withdrawn, now.moment);
        }
        self.step_back();
        let reason = why.map_or_else(|| reason::REFUSED.to_owned(), |why| format!("{}: {why}", reason::REFUSED));
        self.stop(&reason, now);
    }

    /// The latest instance is passed over, and the next one comes; not again by the same `key`. What was refused may be asked for again.
    ///
    /// # Errors
    /// When there is nothing to skip, or it is not `expected`.
    pub(crate) fn skip(&mut self, expected: Option<i32>, key: Option<String>, now: &Now<'_>) -> Result<(), NoSkip> {
        if key.is_some() && key == self.skip_key {
            return Ok(());
        }
        match self.status {
            Status::Active => {}
            Status::Stopped if self.lost_its_task() => return Err(NoSkip::TaskGone),
            Status::Stopped => return Err(NoSkip::SeriesStopped),
            Status::Ended => return Err(NoSkip::SeriesEnded),
        }
        match expected.map(|expected| expected.cmp(&self.occurrence)) {
            Some(Ordering::Less) => return Err(NoSkip::OccurrenceOver),
            Some(Ordering::Greater) => return Err(NoSkip::OccurrenceToCome),
            Some(Ordering::Equal) | None => {}
        }
        let latest = self.latest().filter(|latest| latest.is_to_be_done()).ok_or(NoSkip::OccurrenceOver)?;
        latest.become_so(occurrence::Status::Skipping, now.moment);
        self.skip_key = key;
        self.pass_over(now);
        Ok(())
    }
}
