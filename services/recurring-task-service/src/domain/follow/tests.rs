//! People, a worker and a broker do as they like, in any order; when all is quiet there is one instance of each number, and the latest is open.

mod world;

use serde_json::json;

use self::world::World;
use super::*;

/// Lets everything happen for a while, and then end.
fn quiet(seed: u64, rule: serde_json::Value) -> World {
    let mut world = World::new(seed, rule);
    for _ in 0..150 {
        world.step(true);
    }
    for _ in 0..20_000 {
        if world.is_quiet() {
            return world;
        }
        world.step(false);
    }
    panic!("{seed}: it never ends");
}

#[test]
fn whatever_happens_there_is_one_next_instance() {
    let daily = |members: serde_json::Value| {
        let mut rule = json!({"frequency": "daily", "rrule": "FREQ=DAILY", "text": "every day", "mode": "schedule"});
        rule.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        rule
    };
    let rules = [
        daily(json!({})),
        daily(json!({"mode": "completion"})),
        daily(json!({"count": 6, "rrule": "FREQ=DAILY;COUNT=6"})),
        daily(json!({"generate": "ahead", "catch_up": "all"})),
    ];
    for (seed, rule) in (1..=800).zip(rules.iter().cycle()) {
        let world = quiet(seed, rule.clone());
        one_of_each_number(seed, &world);
        what_was_said_stands(seed, &world);
        let series = world.series.as_ref().unwrap();
        if series.status == Status::Active && !rule::is_ahead(series) {
            assert!(world.latest_is_open(), "{seed}: {:?}", world.latest());
        }
        if let Some(most) = series.recurrence.most() {
            assert!(series.spent <= most, "{seed}: {} of {most}", series.spent);
        }
    }
}

fn one_of_each_number(seed: u64, world: &World) {
    let there: Vec<_> = world.kept.values().filter(|kept| !kept.is_deleted).collect();
    let latest = world.series.as_ref().unwrap().occurrence;
    for number in 1..=latest {
        assert_eq!(there.iter().filter(|kept| kept.number == number).count(), 1, "{seed}: number {number}");
    }
    assert!(there.iter().all(|kept| kept.number <= latest), "{seed}: {there:?}");
}

/// However late events come that happened before.
fn what_was_said_stands(seed: u64, world: &World) {
    let (series, said) = (world.series.as_ref().unwrap(), &world.said);
    if said.is_stopped && !said.rule_changed_since {
        assert_ne!(series.status, Status::Active, "{seed}");
    }
    if let Some(title) = said.title {
        let told: u32 = series.template.title.parse().unwrap();
        assert!(told == title || said.titles_since.contains(&told), "{seed}: {told}, and not {title}");
    }
}
