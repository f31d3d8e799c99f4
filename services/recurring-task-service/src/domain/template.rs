//! What the instances of a series have in common.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use events::TaskData;
use recurrence::wall;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::commands::Part;

/// What an instance takes over from the one before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Template {
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) priority: String,
    pub(crate) tags: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) assignee: Option<String>,
    pub(crate) reporter: String,
    /// As a task has them.
    pub(crate) reminders: Vec<Value>,
    /// The due date beside which the moments of the reminders were chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reminders_beside: Option<DateTime<Utc>>,
}

impl Template {
    /// What others take over from this task.
    pub(crate) fn of(data: &TaskData) -> Self {
        Self {
            title: data.title.clone(),
            description: data.description.clone(),
            priority: data.priority.clone(),
            tags: data.tags.clone(),
            assignee: data.assignee.clone(),
            reporter: data.reporter.clone(),
            reminders: data.reminders.clone(),
            reminders_beside: data.due_date,
        }
    }

    /// Takes over what differs between `before` and `after`, if it `is_news` of that part: what was chosen for one instance alone is not among it.
    pub(crate) fn take_over(&mut self, before: &Self, after: &Self, is_news: impl Fn(Part) -> bool) {
        fn changed<T: PartialEq + Clone>(is_news: bool, mine: &mut T, before: &T, after: &T) {
            if is_news && before != after {
                mine.clone_from(after);
            }
        }
        changed(is_news(Part::Title), &mut self.title, &before.title, &after.title);
        changed(is_news(Part::Description), &mut self.description, &before.description, &after.description);
        changed(is_news(Part::Priority), &mut self.priority, &before.priority, &after.priority);
        changed(is_news(Part::Tags), &mut self.tags, &before.tags, &after.tags);
        changed(is_news(Part::Assignee), &mut self.assignee, &before.assignee, &after.assignee);
        if is_news(Part::Reminders) && before.reminders != after.reminders {
            self.reminders.clone_from(&after.reminders);
            self.reminders_beside = after.reminders_beside;
        }
    }

    /// The reminders of an instance that is due then: what is so long before the due date stays so, and a moment moves with it, by the
    /// clock on the wall.
    pub(crate) fn reminders(&self, due: DateTime<Utc>, zone: Tz) -> Vec<Value> {
        let moved = |reminder: &Value| {
            let at = reminder.get("at").and_then(Value::as_str)?.parse::<DateTime<Utc>>().ok()?;
            let by = wall::time(zone, due) - wall::time(zone, self.reminders_beside?);
            let local = wall::time(zone, at).checked_add_signed(by)?;
            let mut moved = reminder.clone();
            moved["at"] = json!(wall::moment(zone, local));
            Some(moved)
        };
        self.reminders.iter().map(|reminder| moved(reminder).unwrap_or_else(|| reminder.clone())).collect()
    }

    /// The description with nothing ticked on its checklist (`- [x]`, as in GitHub's task lists).
    pub(crate) fn unticked(&self) -> String {
        self.description.split_inclusive('\n').map(unticked).collect()
    }
}

/// A line of Markdown, not ticked.
fn unticked(line: &str) -> String {
    let indented = line.trim_start_matches([' ', '\t', '>']);
    let item = indented.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let markers: &[&str] = if item.len() < indented.len() { &[". ", ") "] } else { &["- ", "* ", "+ "] };
    let text = markers.iter().find_map(|marker| item.strip_prefix(marker)).map(str::trim_start);
    match text.and_then(|text| text.strip_prefix("[x]").or_else(|| text.strip_prefix("[X]"))) {
        Some(rest) if rest.is_empty() || rest.starts_with(char::is_whitespace) => {
            let kept = &line[..line.len() - rest.len() - "[x]".len()];
            format!("{kept}[ ]{rest}")
        }
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(description: &str, reminders: Vec<Value>) -> Template {
        Template {
            title: "Water the plants".to_owned(),
            description: description.to_owned(),
            priority: "none".to_owned(),
            tags: vec![],
            assignee: None,
            reporter: "alice".to_owned(),
            reminders,
            reminders_beside: Some("2026-03-29T07:00:00Z".parse().unwrap()),
        }
    }

    #[test]
    fn a_checklist_begins_anew() {
        for (ticked, anew) in [
            ("- [x] fern\n  * [X] ficus\n- [ ] palm", "- [ ] fern\n  * [ ] ficus\n- [ ] palm"),
            ("1. [x] one\r\n2) [x]", "1. [ ] one\r\n2) [ ]"),
            ("> + [x]\tquoted\n", "> + [ ]\tquoted\n"),
            ("see [x] and - [x]", "see [x] and - [x]"),
            ("-[x] no item\n- [x](link)\n7 [x]", "-[x] no item\n- [x](link)\n7 [x]"),
            ("", ""),
        ] {
            assert_eq!(template(ticked, vec![]).unticked(), anew, "{ticked:?}");
        }
    }

    #[test]
    fn moments_move_with_the_due_date_by_the_clock_on_the_wall() {
        let (before, at) = (json!({"before": "PT1H"}), json!({"at": "2026-03-28T07:00:00Z", "channels": ["in_app"]}));
        let moved = template("", vec![before.clone(), at])
            .reminders("2026-04-05T07:00:00Z".parse().unwrap(), Tz::Europe__Berlin);
        // 08:00 in Berlin on the day before: there it was winter, and here it is summer.
        assert_eq!(moved, [before, json!({"at": "2026-04-04T06:00:00Z", "channels": ["in_app"]})]);
    }

    #[test]
    fn what_was_chosen_for_one_alone_is_not_taken_over() {
        let mut series = template("", vec![]);
        let before = Template { title: "Water the ferns".to_owned(), ..series.clone() };
        let after = Template { priority: "high".to_owned(), ..before.clone() };
        series.take_over(&before, &after, |_| true);
        assert_eq!((series.title.as_str(), series.priority.as_str()), ("Water the plants", "high"));
    }

    #[test]
    fn what_is_no_news_is_not_taken_over() {
        let mut series = template("", vec![]);
        let before = series.clone();
        let after = Template {
            title: "Water the ferns".to_owned(),
            priority: "high".to_owned(),
            tags: vec!["home".to_owned()],
            ..before.clone()
        };
        series.take_over(&before, &after, |part| part != Part::Title);
        assert_eq!(series, Template { title: before.title, ..after });
    }
}
