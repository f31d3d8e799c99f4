//! Which event travels where.

use events::{EventType, Topic};

#[test]
fn names_are_read_back() {
    for event_type in EventType::ALL {
        assert_eq!(event_type.as_str().parse(), Ok(*event_type));
        assert_eq!(event_type.is_about_task(), event_type.as_str().starts_with("task."));
    }
    for topic in Topic::ALL {
        assert_eq!(topic.as_str().parse(), Ok(*topic));
        assert_eq!(topic.dead_letter(), format!("{topic}.dead"));
    }
    assert!("task.snoozed".parse::<EventType>().is_err());
    assert!("task-events.dead".parse::<Topic>().is_err());
}

#[test]
fn what_a_watching_service_tells_has_no_number() {
    let unnumbered: Vec<_> =
        EventType::ALL.iter().filter(|event_type| !event_type.is_numbered()).map(|it| it.as_str()).collect();
    let reminders: Vec<_> = Topic::Reminders.event_types().map(EventType::as_str).collect();
    assert_eq!(
        reminders,
        ["reminder.scheduled", "reminder.cancelled", "reminder.sent", "reminder.failed", "notification.created"]
    );
    assert_eq!(unnumbered, [&reminders[..], &["system.error"]].concat());
}

#[test]
fn task_events_go_to_services() {
    for event_type in EventType::ALL.iter().filter(|event_type| event_type.is_about_task()) {
        assert!(event_type.topics().contains(&Topic::TaskEvents), "{event_type}");
    }
}

#[test]
fn user_activities_carries_users_and_the_life_of_tasks() {
    let names: Vec<_> = Topic::UserActivities.event_types().map(EventType::as_str).collect();
    assert_eq!(names, ["task.created", "task.updated", "task.deleted", "user.created", "user.updated"]);
}

#[test]
fn screens_get_every_number_of_a_workspace() {
    let numbered = EventType::ALL.iter().copied().filter(|event_type| event_type.is_numbered());
    assert!(Topic::TaskUpdates.event_types().eq(numbered));
}

#[test]
fn users_stay_off_the_topic_of_tasks() {
    assert!(Topic::TaskEvents.event_types().all(EventType::is_about_task));
}

#[test]
fn no_topic_is_listed_without_events_and_consumers() {
    for topic in Topic::ALL {
        assert!(topic.event_types().next().is_some(), "{topic}");
        assert!(!topic.consumers().is_empty(), "{topic}");
    }
}
