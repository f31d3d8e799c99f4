//! What the topics are called on the broker.

use std::collections::{BTreeMap, BTreeSet};

use events::Topic;

use crate::config::Reader;

/// The longest name of a topic that Kafka takes is 249 characters; `.dead` may come behind it.
const LONGEST: usize = 244;

/// The names of the topics on the broker: their own, or what `<TOPIC>_TOPIC` says, such as `TASK_EVENTS_TOPIC`, for a broker that
/// several systems share. Their dead letters go to `<name>.dead`. Paths, the history and the documents keep the topics' own names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicNames(BTreeMap<Topic, String>);

impl TopicNames {
    /// Reads the variable of each topic.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        let mut names = Self::default();
        for topic in Topic::ALL.iter().copied() {
            let variable = variable(topic);
            let Some(name) = reader.optional(&variable) else { continue };
            if !is_legal(name) {
                let rule = format!("must be 1 to {LONGEST} letters, digits, dots, dashes and underscores");
                reader.mistake(&variable, &rule);
            }
            names.0.insert(topic, name.to_owned());
        }
        let mut taken = BTreeSet::new();
        for topic in Topic::ALL.iter().copied() {
            if !taken.insert(names.of(topic).to_owned()) || !taken.insert(names.dead_letters_of(topic)) {
                reader.mistake(&variable(topic), "gives two topics the same name");
            }
        }
        names
    }

    /// The name of a topic.
    pub fn of(&self, topic: Topic) -> &str {
        self.0.get(&topic).map_or(topic.as_str(), String::as_str)
    }

    /// The name of the topic for its dead letters.
    pub fn dead_letters_of(&self, topic: Topic) -> String {
        self.0.get(&topic).map_or_else(|| topic.dead_letter().to_owned(), |name| format!("{name}.dead"))
    }

    /// Every name that is in use.
    pub fn all(&self) -> impl Iterator<Item = String> {
        Topic::ALL.iter().flat_map(|topic| [self.of(*topic).to_owned(), self.dead_letters_of(*topic)])
    }
}

/// `task-events` is named by `TASK_EVENTS_TOPIC`.
fn variable(topic: Topic) -> String {
    format!("{}_TOPIC", topic.as_str().replace('-', "_").to_ascii_uppercase())
}

fn is_legal(name: &str) -> bool {
    let known = |character: char| character.is_ascii_alphanumeric() || ".-_".contains(character);
    (1..=LONGEST).contains(&name.len()) && name.chars().all(known) && name != "." && name != ".."
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Variables;

    fn read(variables: &[(&str, &str)]) -> Result<TopicNames, String> {
        let variables =
            variables.iter().fold(Variables::default(), |variables, (name, value)| variables.with(name, *value));
        let mut reader = Reader::new(&variables);
        let names = TopicNames::read(&mut reader);
        reader.finish(names).map_err(|mistakes| mistakes.to_string())
    }

    #[test]
    fn a_topic_has_its_own_name_unless_another_is_given() {
        let names = read(&[("TASK_EVENTS_TOPIC", "acme.tasks")]).unwrap();
        assert_eq!(names.of(Topic::TaskEvents), "acme.tasks");
        assert_eq!(names.dead_letters_of(Topic::TaskEvents), "acme.tasks.dead");
        assert_eq!(names.of(Topic::UserActivities), "user-activities");
        assert_eq!(names.dead_letters_of(Topic::UserActivities), "user-activities.dead");
    }

    #[test]
    fn a_name_that_no_broker_takes_or_that_two_topics_share_is_a_mistake() {
        let long = "x".repeat(LONGEST + 1);
        for name in ["acme tasks", "acme/tasks", "..", long.as_str()] {
            let mistake = read(&[("TASK_EVENTS_TOPIC", name)]).unwrap_err();
            assert!(mistake.contains("TASK_EVENTS_TOPIC must be 1 to 244 letters"), "{name}: {mistake}");
        }
        for name in ["user-activities", "user-activities.dead"] {
            let mistake = read(&[("TASK_EVENTS_TOPIC", name)]).unwrap_err();
            assert!(mistake.contains("gives two topics the same name"), "{mistake}");
        }
    }
}
