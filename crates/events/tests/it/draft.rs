//! What a producer writes is what a consumer reads.

use events::{Event, EventData, EventDraft, EventType, Received, Source, TaskData, UserData};
use serde_json::{Value, json};

use crate::sample;

fn event(name: &str) -> Event {
    match Event::from_payload(sample(name)["data"].clone()) {
        Ok(Received::Known { event, .. }) => *event,
        other => panic!("{name} reads as {other:?}"),
    }
}

fn payload(draft: EventDraft, of: &Event) -> Value {
    json!(draft.into_event(of.event_id, of.timestamp, of.sequence))
}

fn changed(event: &Event) -> EventDraft {
    EventDraft::task_changed(
        event.event_type,
        "alice",
        event.previous_data.clone().unwrap(),
        event.task_data.clone().unwrap(),
        event.metadata.source.clone(),
    )
}

#[test]
fn drafts_write_the_samples() {
    for event_type in EventType::ALL {
        let event = event(event_type.as_str());
        let draft = match &event.data {
            Some(EventData::User(user)) => EventDraft::user(*event_type, user.clone(), event.metadata.source.clone()),
            Some(EventData::Reminder(reminder)) => {
                EventDraft::reminder(*event_type, &event.user_id, event.organization_id, reminder.clone())
            }
            Some(EventData::Notification(notification)) => {
                EventDraft::notification(&event.user_id, event.organization_id, notification.clone())
            }
            Some(EventData::Outage(outage)) => EventDraft::system_error(outage.clone()),
            Some(EventData::Tag(change)) => changed(&event).with_tag(&change.tag),
            _ if *event_type == EventType::TaskCreated => {
                EventDraft::task_created("alice", event.task_data.clone().unwrap(), Source::RestApi)
            }
            _ => changed(&event),
        };
        let draft = if event.metadata.is_for_this_alone() { draft.for_this_alone() } else { draft };
        assert_eq!(draft.subject(), event.task_id());
        let subject = sample(event_type.as_str())["subject"].as_str().map(str::to_owned);
        assert_eq!(draft.subject().map(|id| id.to_string()), subject, "{event_type}");
        assert_eq!(payload(draft, &event), sample(event_type.as_str())["data"], "{event_type}");
    }
}

#[test]
fn a_change_to_nothing_is_written_as_null() {
    let assigned = event("task.assigned");
    let unassigned = EventDraft::task_changed(
        EventType::TaskAssigned,
        "alice",
        assigned.task_data.clone().unwrap(),
        TaskData { assignee: None, ..assigned.task_data.clone().unwrap() },
        Source::RestApi,
    );
    let payload = payload(unassigned, &assigned);
    assert_eq!(payload["data"], json!({ "from": "alice", "to": null }));
    assert!(matches!(Event::from_payload(payload), Ok(Received::Known { .. })));
}

#[test]
fn a_user_without_an_address_is_written_without_one() {
    let created = event("user.created");
    let Some(EventData::User(user)) = created.data.clone() else { panic!("no user") };
    let draft = EventDraft::user(EventType::UserCreated, UserData { email: None, ..user }, Source::System);
    let payload = payload(draft, &created);
    assert!(payload["data"].get("email").is_none());
    assert!(matches!(Event::from_payload(payload), Ok(Received::Known { .. })));
}

#[test]
fn sources_keep_their_names() {
    for name in Source::KNOWN {
        let source = Source::from((*name).to_owned());
        assert!(!matches!(source, Source::Other(_)), "{name}");
        assert_eq!(source.as_str(), *name);
    }
    assert_eq!(Source::from("fax".to_owned()), Source::Other("fax".to_owned()));
}
