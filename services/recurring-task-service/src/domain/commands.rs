//! What people have said of a series as a whole, and when. A broker that was away brings what happened before only after it: that undoes nothing.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A part of a series that is said by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Part {
    Title,
    Description,
    Priority,
    Tags,
    Assignee,
    Reminders,
    Zone,
    /// The rule, from where it counts, and whether it goes on at all.
    Rule,
}

/// When each part was said last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Commands(BTreeMap<Part, DateTime<Utc>>);

impl Commands {
    /// It is said now.
    pub(crate) fn say(&mut self, part: Part, now: DateTime<Utc>) {
        self.0.insert(part, now);
    }

    /// Whether what happened to a task at that moment may still change the part.
    pub(crate) fn yield_to(&self, part: Part, at: DateTime<Utc>) -> bool {
        self.0.get(&part).is_none_or(|said| *said <= at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_stands_against_what_happened_before() {
        let (before, now): (DateTime<Utc>, DateTime<Utc>) =
            ("2026-01-31T08:59:59Z".parse().unwrap(), "2026-01-31T09:00:00Z".parse().unwrap());
        let mut commands = Commands::default();
        commands.say(Part::Title, now);
        let stored = serde_json::to_string(&commands).unwrap();
        assert_eq!(stored, r#"{"title":"2026-01-31T09:00:00Z"}"#);
        let commands: Commands = serde_json::from_str(&stored).unwrap();
        let answers = [(Part::Title, before), (Part::Title, now), (Part::Rule, before)];
        assert_eq!(answers.map(|(part, at)| commands.yield_to(part, at)), [false, true, true]);
    }
}
