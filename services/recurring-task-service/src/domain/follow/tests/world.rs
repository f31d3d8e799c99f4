//! A backend-api, a broker, workers, people and a clock, each of which does something now and then.

use std::cell::Cell;
use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use recurrence::Recurrence;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::domain::changes::Changes;
use crate::domain::follow::News;
use crate::domain::occurrence::Occurrence;
use crate::domain::occurrence::Status::{Open, Pending, Skipped, Skipping, Withdrawing, Withdrawn};
use crate::domain::series::{Now, Series};
use crate::domain::task::Task;

const FIRST: Uuid = Uuid::from_u128(1);

/// Random, and the same each time.
pub(super) struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }

    fn once_in(&mut self, times: usize) -> bool {
        self.roll(times) == 0
    }
}

/// A task at backend-api.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "a task may be all of this at once")]
pub(super) struct Kept {
    pub(super) number: i32,
    title: u32,
    due: DateTime<Utc>,
    repeats: bool,
    is_touched: bool,
    pub(super) is_done: bool,
    pub(super) is_deleted: bool,
    is_archived: bool,
}

/// What backend-api has answered, and nobody has stored yet.
enum Answer {
    Made(Box<Series>, Occurrence),
    Withdrawn(Uuid, bool),
    PutAway(Uuid),
}

/// What people said of the series last, and what has happened since that may make a difference.
#[derive(Default)]
pub(super) struct Said {
    pub(super) title: Option<u32>,
    pub(super) titles_since: Vec<u32>,
    pub(super) is_stopped: bool,
    pub(super) rule_changed_since: bool,
}

pub(super) struct World {
    dice: Dice,
    rule: Value,
    pub(super) now: DateTime<Utc>,
    ids: Cell<u128>,
    titles: u32,
    sequence: i64,
    pub(super) kept: BTreeMap<Uuid, Kept>,
    /// As they are stored: the series without its instances.
    pub(super) series: Option<Series>,
    pub(super) stored: Vec<Occurrence>,
    events: Vec<News>,
    delivered: usize,
    claims: Vec<(Series, Occurrence)>,
    answers: Vec<Answer>,
    pub(super) said: Said,
}

impl World {
    pub(super) fn new(seed: u64, rule: Value) -> Self {
        let now = "2026-01-31T09:00:00Z".parse().unwrap();
        let first = Kept {
            number: 1,
            title: 0,
            due: now,
            repeats: true,
            is_touched: true,
            is_done: false,
            is_deleted: false,
            is_archived: false,
        };
        let mut world = Self {
            dice: Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)),
            rule,
            now,
            ids: Cell::new(1),
            titles: 0,
            sequence: 0,
            kept: BTreeMap::new(),
            series: None,
            stored: Vec::new(),
            events: Vec::new(),
            delivered: 0,
            claims: Vec::new(),
            answers: Vec::new(),
            said: Said::default(),
        };
        world.kept.insert(FIRST, first.clone());
        world.tell(FIRST, &first, &first, true);
        world
    }

    fn tell(&mut self, id: Uuid, before: &Kept, after: &Kept, is_new: bool) {
        self.sequence += 1;
        let (task, before) = (self.task(id, after), (!is_new).then(|| self.task(id, before)));
        let (sequence, at) = (self.sequence, self.now);
        self.events.push(News { task, before, is_for_this_alone: false, sequence, at, trace: None });
    }

    fn task(&self, id: Uuid, kept: &Kept) -> Task {
        let done = kept.is_done.then_some(self.now);
        let data = json!({
            "id": id, "user_id": "alice", "workspace_id": FIRST, "title": kept.title.to_string(), "description": "", "status": "todo",
            "completed": kept.is_done, "completed_at": done, "priority": "none", "tags": [], "due_date": kept.due, "timezone": "UTC",
            "recurrence": kept.repeats.then_some(&self.rule), "reminders": [],
            "reporter": "alice", "recurrence_id": FIRST, "occurrence": kept.number, "version": 1, "created_at": self.now,
            "updated_at": self.now, "deleted_at": kept.is_deleted.then_some(self.now),
        });
        Task::whole(&serde_json::from_value(data).unwrap())
    }

    /// Somebody completes, reopens or edits a task that is there.
    fn person(&mut self) {
        let is_there = |kept: &Kept| !kept.is_deleted && !kept.is_archived;
        let there: Vec<Uuid> = self.kept.iter().filter(|(_, kept)| is_there(kept)).map(|(id, _)| *id).collect();
        if there.is_empty() {
            return;
        }
        // The newest two are what people see.
        let newest = there.len().saturating_sub(2);
        let id = there[newest + self.dice.roll(there.len() - newest)];
        let before = self.kept[&id].clone();
        let mut after = Kept { is_touched: true, ..before.clone() };
        match self.dice.roll(12) {
            0 => {
                after.repeats = !before.repeats;
                self.said.rule_changed_since = true;
            }
            1 | 2 => {
                after.title = self.new_title();
                self.said.titles_since.push(after.title);
            }
            _ => after.is_done = !before.is_done,
        }
        self.kept.insert(id, after.clone());
        self.tell(id, &before, &after, false);
    }

    fn new_title(&mut self) -> u32 {
        self.titles += 1;
        self.titles
    }

    /// Somebody says something of the series as a whole, at once.
    fn command(&mut self) {
        if self.series.is_none() {
            return;
        }
        match self.dice.roll(5) {
            0 => {
                self.decide(None, Series::stop_for_good);
                (self.said.is_stopped, self.said.rule_changed_since) = (true, false);
            }
            1 => {
                let title = self.new_title();
                let changes = Changes { title: Some(title.to_string()), ..Changes::default() };
                self.decide(None, |series, now| series.change(changes, now));
                (self.said.title, self.said.titles_since) = (Some(title), Vec::new());
            }
            2 => {
                let recurrence: Recurrence = serde_json::from_value(self.rule.clone()).unwrap();
                let changes = Changes { recurrence: Some(recurrence), ..Changes::default() };
                self.decide(None, |series, now| series.change(changes, now));
                (self.said.is_stopped, self.said.rule_changed_since) = (false, false);
            }
            _ => self.decide(None, |series, now| {
                let _skipped = series.skip(None, None, now);
            }),
        }
    }

    fn decide(&mut self, task_id: Option<Uuid>, decision: impl FnOnce(&mut Series, &Now<'_>)) {
        let Some(mut series) = self.series.clone() else { return };
        let mut last: Vec<i32> =
            self.stored.iter().filter(|held| held.status != Withdrawn).map(|held| held.number).collect();
        last.sort_unstable_by(|one, other| other.cmp(one));
        last.truncate(2);
        let is_wanted = |held: &&Occurrence| {
            (held.status != Withdrawn && last.contains(&held.number)) || Some(held.task_id) == task_id
        };
        series.occurrences = self.stored.iter().filter(is_wanted).cloned().collect();
        let ids = &self.ids;
        let new_id = || {
            ids.set(ids.get() + 1);
            Uuid::from_u128(ids.get())
        };
        let before = series.clone();
        decision(&mut series, &Now { moment: self.now, new_id: &new_id, trace: None });
        if series != before {
            series.updated_at = self.now;
        }
        for held in series.occurrences.drain(..) {
            self.stored.retain(|stored| stored.task_id != held.task_id);
            self.stored.push(held);
        }
        self.series = Some(series);
        self.is_sound();
    }

    /// What the indexes of the tables say.
    fn is_sound(&self) {
        let pending = self.stored.iter().filter(|held| held.status == Pending).count();
        assert!(pending < 2, "{:?}", self.stored);
        let mut numbers: Vec<i32> =
            self.stored.iter().filter(|held| held.status != Withdrawn).map(|held| held.number).collect();
        numbers.sort_unstable();
        assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", self.stored);
    }

    /// The broker brings the next event, or an earlier one again.
    fn broker(&mut self) {
        let again = self.delivered > 0 && self.dice.once_in(4);
        let place = if again { self.dice.roll(self.delivered) } else { self.delivered };
        let Some(news) = self.events.get(place).cloned() else { return };
        self.delivered = self.delivered.max(place + 1);
        if self.series.is_none() {
            let begun =
                Series::begin(&news.task, news.sequence, &Now { moment: self.now, new_id: &Uuid::nil, trace: None });
            let mut begun = begun.unwrap();
            self.stored = std::mem::take(&mut begun.occurrences);
            self.series = Some(begun);
        } else if news.sequence > self.series.as_ref().unwrap().task_sequence {
            self.decide(Some(news.task.id), |series, now| series.follow(&news, now));
        }
    }

    fn to_do(&self) -> Vec<&Occurrence> {
        let is_pending = self.stored.iter().any(|held| held.status == Pending);
        let is_to_do = |held: &&Occurrence| match held.status {
            Pending | Withdrawing => true,
            Skipping => !is_pending,
            _ => false,
        };
        self.stored.iter().filter(is_to_do).collect()
    }

    /// A worker claims an instance, or asks backend-api about one that it claimed a while ago. Sometimes an answer is lost.
    fn worker(&mut self) {
        if self.dice.once_in(2) {
            let to_do: Vec<Occurrence> = self.to_do().into_iter().cloned().collect();
            if let (Some(series), false) = (&self.series, to_do.is_empty()) {
                self.claims.push((series.clone(), to_do[self.dice.roll(to_do.len())].clone()));
            }
        }
        if self.claims.is_empty() {
            return;
        }
        let place = self.dice.roll(self.claims.len());
        let (series, held) = self.claims.swap_remove(place);
        if !held.made {
            let made = Kept {
                number: held.number,
                title: series.template.title.parse().unwrap(),
                due: held.due,
                repeats: true,
                is_touched: false,
                is_done: false,
                is_deleted: false,
                is_archived: false,
            };
            self.kept.entry(held.task_id).or_insert(made);
        }
        let answer = self.ask(series, held);
        if !self.dice.once_in(4) {
            self.answers.push(answer);
        }
    }

    fn ask(&mut self, series: Series, held: Occurrence) -> Answer {
        let kept = self.kept.get_mut(&held.task_id).unwrap();
        match held.status {
            Pending => Answer::Made(Box::new(series), held),
            Skipping => {
                kept.is_archived = true;
                Answer::PutAway(held.task_id)
            }
            _ => {
                let is_gone = kept.is_deleted || !kept.is_touched;
                kept.is_deleted |= is_gone;
                Answer::Withdrawn(held.task_id, is_gone)
            }
        }
    }

    fn answer(&mut self) {
        if self.answers.is_empty() {
            return;
        }
        let place = self.dice.roll(self.answers.len());
        match self.answers.swap_remove(place) {
            Answer::Made(asked, held) => {
                self.decide(Some(held.task_id), |series, now| series.made((&asked, &held), now));
            }
            Answer::Withdrawn(id, is_gone) => {
                self.decide(Some(id), |series, now| series.withdrawn(id, is_gone, now));
            }
            Answer::PutAway(id) => {
                let held = self.stored.iter_mut().find(|held| held.task_id == id && held.status == Skipping);
                if let Some(held) = held {
                    held.status = Skipped;
                }
            }
        }
    }

    /// One of them does something.
    pub(super) fn step(&mut self, with_people: bool) {
        self.now += TimeDelta::seconds(1);
        match self.dice.roll(if with_people { 8 } else { 5 }) {
            0 | 1 => self.broker(),
            2 => self.worker(),
            3 => self.answer(),
            4 => self.decide(None, Series::open_window),
            5 if self.dice.once_in(3) => self.command(),
            5 if self.dice.once_in(4) => self.now += TimeDelta::hours(30),
            _ => self.person(),
        }
    }

    /// Whether nobody but people would do anything more.
    pub(super) fn is_quiet(&self) -> bool {
        let opens = |series: &Series| series.opens_at().is_some_and(|opens_at| opens_at <= self.now);
        self.delivered == self.events.len()
            && self.answers.is_empty()
            && self.claims.is_empty()
            && self.to_do().is_empty()
            && !self.series.as_ref().is_some_and(opens)
    }

    /// The latest instance.
    pub(super) fn latest(&self) -> &Occurrence {
        let number = self.series.as_ref().unwrap().occurrence;
        self.stored.iter().find(|held| held.number == number && held.status != Withdrawn).unwrap()
    }

    /// Whether the latest is there to be done.
    pub(super) fn latest_is_open(&self) -> bool {
        self.latest().status == Open && !self.kept[&self.latest().task_id].is_done
    }
}
