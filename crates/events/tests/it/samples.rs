//! The published samples stay readable, and show every field of the contract.

use std::collections::{BTreeMap, BTreeSet};

use events::schema::{self, Kind, Object};
use events::{CloudEvent, Event, EventData, EventType, Received, Source};
use serde_json::Value;

use crate::{read_samples, samples_directory};

fn known(sample: &Value) -> (Event, Value, Option<String>) {
    match Event::from_cloud_event(sample.to_string().as_bytes()) {
        Ok(Received::Known { event, payload, traceparent }) => (*event, payload, traceparent),
        other => panic!("{} reads as {other:?}", sample["type"]),
    }
}

#[test]
fn every_event_type_has_a_sample_and_every_sample_an_event_type() {
    let names: BTreeSet<String> = read_samples(&samples_directory()).into_keys().collect();
    let types: BTreeSet<String> = EventType::ALL.iter().map(|event_type| event_type.as_str().to_owned()).collect();
    assert_eq!(names, types);
}

#[test]
fn a_sample_survives_reading_and_writing() {
    for (name, sample) in read_samples(&samples_directory()) {
        let (event, payload, traceparent) = known(&sample);
        assert_eq!(event.event_type.as_str(), name);
        assert_eq!(serde_json::to_value(&event).unwrap(), sample["data"], "{name}");
        assert_eq!(payload, sample["data"], "{name}");

        assert!(event.event_type.producers().contains(&sample["source"].as_str().unwrap()), "{name}");
        let published = CloudEvent::for_publishing(
            sample["source"].as_str().unwrap(),
            event.event_id,
            event.event_type.as_str(),
            traceparent,
            payload,
        );
        assert_eq!(serde_json::to_value(published).unwrap(), sample, "{name}");
    }
}

#[test]
fn task_events_other_than_created_show_the_task_before() {
    for (name, sample) in read_samples(&samples_directory()) {
        let (event, ..) = known(&sample);
        let about_task = event.event_type.is_about_task();
        assert_eq!(event.task_data.is_some(), about_task, "{name}");
        let created = event.event_type == EventType::TaskCreated;
        assert_eq!(event.previous_data.is_some(), about_task && !created, "{name}");
    }
}

fn names(object: &Object) -> BTreeSet<String> {
    object.properties.iter().map(|property| property.name.to_owned()).collect()
}

/// Collects, for each object of the contract, the fields that a sample gives it.
fn collect(object: &Object, value: &Value, seen: &mut BTreeMap<&str, BTreeSet<String>>) {
    let Some(fields) = value.as_object() else { return };
    seen.entry(object.name).or_default().extend(fields.keys().cloned());
    for property in object.properties {
        let Some(value) = fields.get(property.name) else { continue };
        match property.kind {
            Kind::Object(inner) => collect(inner, value, seen),
            Kind::List(Kind::Object(inner)) => {
                value.as_array().unwrap().iter().for_each(|item| collect(inner, item, seen));
            }
            _ => {}
        }
    }
}

#[test]
fn the_samples_and_the_schema_name_the_same_fields() {
    let mut seen = BTreeMap::new();
    for sample in read_samples(&samples_directory()).into_values() {
        let (event, payload, _) = known(&sample);
        let body = schema::body(event.event_type);
        let mut about = names(&schema::ENVELOPE);
        about.extend(names(body));
        let sent: BTreeSet<String> = payload.as_object().unwrap().keys().cloned().collect();
        assert!(sent.is_subset(&about), "{}: {sent:?} beyond {about:?}", event.event_type);
        collect(&schema::ENVELOPE, &payload, &mut seen);
        collect(body, &payload, &mut seen);
    }
    let objects = [
        &schema::METADATA,
        &schema::TASK,
        &schema::USER,
        &schema::TAG_CHANGE,
        &schema::FIELD_CHANGE,
        &schema::REMINDER,
        &schema::REMINDER_RESULT,
        &schema::NOTIFICATION,
        &schema::OUTAGE,
    ];
    for object in objects {
        assert_eq!(seen[object.name], names(object), "{}", object.name);
    }
}

#[test]
fn new_optional_fields_are_read_over_and_kept() {
    let future = read_samples(&samples_directory().join("future"));
    let (event, payload, _) = known(&future["task.updated.new-fields"]);
    assert_eq!(event.event_type, EventType::TaskUpdated);
    assert_eq!(event.metadata.source, Source::Other("voice_assistant".to_owned()));
    assert_eq!(event.task_data.as_ref().unwrap().status, "waiting");
    assert_eq!(event.metadata.scope.as_deref(), Some("the_next_three"));
    assert!(!event.metadata.is_for_this_alone(), "a scope that is not known narrows nothing");
    assert_eq!(payload, future["task.updated.new-fields"]["data"]);

    let (event, ..) = known(&future["user.updated.new-fields"]);
    assert_eq!(event.event_type, EventType::UserUpdated);
    let Some(EventData::User(user)) = event.data else { panic!("no user") };
    assert_eq!(user.previous_timezone.as_deref(), Some("Mars/Olympus_Mons"));
}

#[test]
fn words_of_a_newer_notification_service_are_read() {
    let future = read_samples(&samples_directory().join("future"));
    let (event, payload, _) = known(&future["reminder.sent.new-words"]);
    let Some(EventData::Reminder(reminder)) = event.data else { panic!("no reminder") };
    assert_eq!((reminder.status.as_str(), reminder.results[0].channel.as_str()), ("acknowledged", "push"));
    assert_eq!(payload, future["reminder.sent.new-words"]["data"]);

    let (event, ..) = known(&future["notification.created.new-kind"]);
    let Some(EventData::Notification(notification)) = event.data else { panic!("no notification") };
    assert_eq!(notification.kind, "mentioned");
}

#[test]
fn an_unknown_event_type_is_told_apart() {
    let future = read_samples(&samples_directory().join("future"));
    let sample = &future["task.snoozed.unknown-type"];
    let received = Event::from_cloud_event(sample.to_string().as_bytes()).unwrap();
    let Received::Unknown { event_type, event_id, sequence, payload, traceparent, .. } = received else {
        panic!("{received:?}");
    };
    assert_eq!(event_type, "task.snoozed");
    assert_eq!(event_id.to_string(), sample["id"].as_str().unwrap());
    assert_eq!(sequence, 2050);
    assert_eq!(payload, sample["data"]);
    assert_eq!(traceparent.as_deref(), sample["traceparent"].as_str());
}

#[test]
fn what_a_producer_of_before_did_not_say_is_absent() {
    for (name, sample) in read_samples(&samples_directory()) {
        let (event, ..) = known(&sample);
        assert_eq!(event.metadata.is_for_this_alone(), name == "task.due_date_set", "{name}");
        if let Some(EventData::User(user)) = event.data {
            assert_eq!(user.previous_timezone.is_some(), name == "user.updated", "{name}");
        }
    }
}
