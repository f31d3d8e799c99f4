//! People, a worker and a broker do as they like, in any order; when all is quiet there is one open instance of the latest number.

use std::cell::Cell;
use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::domain::occurrence;

const FIRST: Uuid = Uuid::from_u128(1);

/// Random, and the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }
}

/// A task at backend-api.
#[derive(Clone, Debug)]
struct Kept {
    number: i32,
    due: DateTime<Utc>,
    is_touched: bool,
    is_done: bool,
    is_deleted: bool,
}

/// What backend-api has answered, and nobody has stored yet.
enum Answer {
    Made(Box<Series>, Occurrence),
    Withdrawn(Uuid, bool),
}

struct World {
    dice: Dice,
    now: DateTime<Utc>,
    ids: Cell<u128>,
    sequence: i64,
    kept: BTreeMap<Uuid, Kept>,
    /// As they are stored: the series without its instances.
    series: Option<Series>,
    stored: Vec<Occurrence>,
    events: Vec<News>,
    delivered: usize,
    claims: Vec<(Series, Occurrence)>,
    answers: Vec<Answer>,
}

impl World {
    fn new(seed: u64) -> Self {
        let now = "2026-01-31T09:00:00Z".parse().unwrap();
        let first = Kept { number: 1, due: now, is_touched: true, is_done: false, is_deleted: false };
        let mut world = Self {
            dice: Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)),
            now,
            ids: Cell::new(1),
            sequence: 0,
            kept: BTreeMap::new(),
            series: None,
            stored: Vec::new(),
            events: Vec::new(),
            delivered: 0,
            claims: Vec::new(),
            answers: Vec::new(),
        };
        world.kept.insert(FIRST, first.clone());
        world.tell(FIRST, &first, &first, true);
        world
    }

    fn tell(&mut self, id: Uuid, before: &Kept, after: &Kept, is_new: bool) {
        self.sequence += 1;
        let task = |kept: &Kept| self.task(id, kept);
        let before = (!is_new).then(|| task(before));
        let news = News {
            task: task(after),
            before,
            is_for_this_alone: false,
            sequence: self.sequence,
            at: self.now,
            trace: None,
        };
        self.events.push(news);
    }

    fn task(&self, id: Uuid, kept: &Kept) -> Task {
        let done = kept.is_done.then_some(self.now);
        let data = json!({
            "id": id, "user_id": "alice", "workspace_id": FIRST, "title": "Water the plants", "description": "", "status": "todo",
            "completed": kept.is_done, "completed_at": done, "priority": "none", "tags": [], "due_date": kept.due, "timezone": "UTC",
            "recurrence": {"frequency": "daily", "rrule": "FREQ=DAILY", "text": "every day", "mode": "schedule"}, "reminders": [],
            "reporter": "alice", "recurrence_id": FIRST, "occurrence": kept.number, "version": 1, "created_at": self.now,
            "updated_at": self.now, "deleted_at": kept.is_deleted.then_some(self.now),
        });
        Task::whole(&serde_json::from_value(data).unwrap())
    }

    /// Somebody completes, reopens or edits a task that is there.
    fn person(&mut self) {
        let there: Vec<Uuid> = self.kept.iter().filter(|(_, kept)| !kept.is_deleted).map(|(id, _)| *id).collect();
        // The newest two are what people see.
        let newest = there.len().saturating_sub(2);
        let id = there[newest + self.dice.roll(there.len() - newest)];
        let before = self.kept[&id].clone();
        let mut after = Kept { is_touched: true, ..before.clone() };
        if self.dice.roll(5) > 0 {
            after.is_done = !before.is_done;
        }
        self.kept.insert(id, after.clone());
        self.tell(id, &before, &after, false);
    }

    fn decide(&mut self, task_id: Uuid, decision: impl FnOnce(&mut Series, &Now<'_>)) {
        let Some(mut series) = self.series.clone() else { return };
        let is_wanted = |held: &&Occurrence| {
            (held.number >= series.occurrence - 1 && held.status != Withdrawn) || held.task_id == task_id
        };
        series.occurrences = self.stored.iter().filter(is_wanted).cloned().collect();
        let ids = &self.ids;
        let new_id = || {
            ids.set(ids.get() + 1);
            Uuid::from_u128(ids.get())
        };
        decision(&mut series, &Now { moment: self.now, new_id: &new_id, trace: None });
        for held in series.occurrences.drain(..) {
            self.stored.retain(|stored| stored.task_id != held.task_id);
            self.stored.push(held);
        }
        self.series = Some(series);
    }

    /// The broker brings the next event, or an earlier one again.
    fn broker(&mut self) {
        let again = self.delivered > 0 && self.dice.roll(4) == 0;
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
            self.decide(news.task.id, |series, now| series.follow(&news, now));
        }
    }

    /// A worker claims an instance, or asks backend-api about one that it claimed a while ago. Sometimes an answer is lost.
    fn worker(&mut self) {
        let to_do: Vec<&Occurrence> =
            self.stored.iter().filter(|held| matches!(held.status, Pending | Withdrawing)).collect();
        if !to_do.is_empty() && self.dice.roll(2) == 0 {
            let held = to_do[self.dice.roll(to_do.len())].clone();
            self.claims.push((self.series.clone().unwrap(), held));
        }
        if self.claims.is_empty() {
            return;
        }
        let place = self.dice.roll(self.claims.len());
        let (series, held) = self.claims.swap_remove(place);
        let made = Kept { number: held.number, due: held.due, is_touched: false, is_done: false, is_deleted: false };
        if !held.made {
            self.kept.entry(held.task_id).or_insert(made);
        }
        let answer = if held.status == Pending {
            Answer::Made(Box::new(series), held)
        } else {
            let kept = self.kept.get_mut(&held.task_id).unwrap();
            let is_gone = kept.is_deleted || !kept.is_touched;
            kept.is_deleted |= is_gone;
            Answer::Withdrawn(held.task_id, is_gone)
        };
        if self.dice.roll(4) > 0 {
            self.answers.push(answer);
        }
    }

    fn answer(&mut self) {
        if self.answers.is_empty() {
            return;
        }
        let place = self.dice.roll(self.answers.len());
        match self.answers.swap_remove(place) {
            Answer::Made(asked, held) => {
                self.decide(held.task_id, |series, now| series.made((&asked, &held), now));
            }
            Answer::Withdrawn(id, is_gone) => self.decide(id, |series, now| series.withdrawn(id, is_gone, now)),
        }
    }

    fn step(&mut self, with_people: bool) {
        self.now += TimeDelta::seconds(1);
        match self.dice.roll(if with_people { 5 } else { 4 }) {
            0 | 1 => self.broker(),
            2 => self.worker(),
            3 => self.answer(),
            _ => self.person(),
        }
    }

    fn is_quiet(&self) -> bool {
        let to_do = |held: &Occurrence| matches!(held.status, Pending | Withdrawing);
        self.delivered == self.events.len()
            && self.answers.is_empty()
            && self.claims.is_empty()
            && !self.stored.iter().any(to_do)
    }
}

#[test]
fn whatever_happens_there_is_one_next_instance() {
    for seed in 1..=400 {
        let mut world = World::new(seed);
        for _ in 0..120 {
            world.step(true);
        }
        for _ in 0..20_000 {
            if world.is_quiet() {
                break;
            }
            world.step(false);
        }
        assert!(world.is_quiet(), "{seed}: it never ends");
        let series = world.series.as_ref().unwrap();
        assert_eq!(series.status, Status::Active, "{seed}");
        let latest: Vec<_> = world
            .stored
            .iter()
            .filter(|held| held.number >= series.occurrence && held.status != occurrence::Status::Withdrawn)
            .collect();
        assert_eq!(latest.len(), 1, "{seed}: {latest:?}");
        assert_eq!((latest[0].number, latest[0].status), (series.occurrence, Open), "{seed}");
        let there: Vec<_> = world.kept.iter().filter(|(_, kept)| !kept.is_deleted).collect();
        for number in 1..=series.occurrence {
            let tasks = there.iter().filter(|(_, kept)| kept.number == number).count();
            assert_eq!(tasks, 1, "{seed}: number {number}");
        }
        let (id, newest) = there.iter().max_by_key(|(_, kept)| kept.number).unwrap();
        assert_eq!((**id, newest.is_done), (latest[0].task_id, false), "{seed}");
    }
}
