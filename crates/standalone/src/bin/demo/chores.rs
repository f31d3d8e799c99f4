//! Tasks as people write them.

use chrono::{DateTime, Duration, SecondsFormat, Utc};
use serde_json::{Value, json};

const VERBS: [&str; 10] = ["Call", "Write to", "Review", "Prepare", "Book", "Renew", "Send", "Fix", "Plan", "Pick up"];
const THINGS: [&str; 12] = [
    "the landlord about the heating",
    "the quarterly numbers",
    "the slides for Monday",
    "flights to Lisbon",
    "the car insurance",
    "an answer to Priya",
    "the leaking tap",
    "Grandma's birthday",
    "the parcel",
    "the dentist",
    "the release notes",
    "the garden party",
];
const TAGS: [&str; 6] = ["home", "work", "errands", "family", "finance", "travel"];
const PRIORITIES: [&str; 5] = ["none", "low", "medium", "high", "urgent"];

/// The `n`th task; the same in every run but for its dates.
pub(crate) fn chore(n: usize, today: DateTime<Utc>) -> Value {
    let title = format!("{} {}", VERBS[n % VERBS.len()], THINGS[(n / VERBS.len() + n) % THINGS.len()]);
    let mut chore = json!({
        "title": title,
        "priority": PRIORITIES[n % PRIORITIES.len()],
        "tags": [TAGS[n % TAGS.len()], TAGS[(n + 1 + n / 7 % 3) % TAGS.len()]],
    });
    if !n.is_multiple_of(3) {
        let due = today + Duration::days(i64::try_from(n % 60).unwrap_or(0)) + Duration::hours(9);
        chore["due_date"] = json!(due.to_rfc3339_opts(SecondsFormat::Secs, true));
    }
    if n.is_multiple_of(5) {
        chore["description"] = json!("Noted in passing; the details are in the mail.");
    }
    chore
}
