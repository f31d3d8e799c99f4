//! The vectors: what each series and each completion must give.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use recurrence::{Next, Occurrences, Recurrence, Written, next_due};
use serde_json::Value;

fn vectors(kind: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("../vectors.json")).unwrap();
    all[kind].as_array().unwrap().clone()
}

fn recurrence(vector: &Value) -> Recurrence {
    serde_json::from_value::<Written>(vector["recurrence"].clone()).unwrap().parse().unwrap()
}

fn zone(vector: &Value) -> Tz {
    vector["timezone"].as_str().unwrap().parse().unwrap()
}

fn moment(value: &Value) -> Option<DateTime<Utc>> {
    value.as_str().map(|text| text.parse().unwrap())
}

#[test]
fn every_series_is_as_its_vector_says() {
    for vector in vectors("series") {
        let (zone, first) = (zone(&vector), moment(&vector["first_due"]).unwrap());
        let series = Occurrences::new(&recurrence(&vector), zone, first.with_timezone(&zone).naive_local()).unwrap();
        let expected: Vec<_> = vector["occurrences"].as_array().unwrap().iter().filter_map(moment).collect();
        // One that ends is asked for more than it has.
        let ends = vector["recurrence"].get("count").or(vector["recurrence"].get("until")).is_some();
        let limit = expected.len() + usize::from(ends);
        assert_eq!(series.first(limit), expected, "{}", vector["name"]);
        for pair in expected.windows(2) {
            assert_eq!(series.after(pair[0]), Some(pair[1]), "{} after {}", vector["name"], pair[0]);
        }
        // Whoever has come some way goes on from there.
        let mut next = Next { due: expected[0], spent: 1 };
        for due in &expected[1..] {
            let following = series.following(next.due, next.spent, next.due).next().unwrap();
            assert_eq!(following, Next { due: *due, spent: next.spent + 1 }, "{}", vector["name"]);
            next = following;
        }
        if ends {
            assert_eq!(series.following(next.due, next.spent, next.due).next(), None, "{}", vector["name"]);
        }
    }
}

#[test]
fn every_completion_is_as_its_vector_says() {
    for vector in vectors("completions") {
        let (due, completed_at) = (moment(&vector["due"]).unwrap(), moment(&vector["completed_at"]).unwrap());
        let next = next_due(&recurrence(&vector), zone(&vector), None, due, completed_at, None);
        assert_eq!(next, moment(&vector["next_due"]), "{}", vector["name"]);
    }
}
