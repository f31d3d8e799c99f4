//! Listing and looking at dead letters.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::fact::{body, created, without};
use crate::service::Service;

/// The messages of a page, and where to go on.
async fn told(service: &Service, query: &str) -> (Vec<String>, Option<String>) {
    let (status, page) = service.dead_letters(query).await;
    assert_eq!(status, 200, "{page}");
    let items = page["items"].as_array().unwrap();
    let types = items.iter().map(|item| item["event_type"].as_str().unwrap().to_owned()).collect();
    (types, page["next"].as_str().map(str::to_owned))
}

/// A letter that is told by `name`.
async fn store(service: &Service, topic: &str, name: &str) {
    let mut event = created(1);
    event["event_type"] = json!(name);
    assert_eq!(service.deliver(&format!("{topic}.dead"), body(&event)).await, "SUCCESS");
}

#[tokio::test]
async fn pages_are_newest_first_and_miss_and_repeat_nothing() {
    let service = Service::start().await;
    for name in ["a", "b", "c", "d", "e"] {
        store(&service, "task-events", name).await;
    }
    for limit in [1, 2, 4, 5, 6] {
        let (mut names, mut next) = told(&service, &format!("?limit={limit}")).await;
        while let Some(after) = next {
            let page = told(&service, &format!("?limit={limit}&after={after}")).await;
            assert!(!page.0.is_empty(), "a page that was announced has something on it");
            names.extend(page.0);
            next = page.1;
        }
        assert_eq!(names, ["e", "d", "c", "b", "a"], "limit {limit}");
    }
}

#[tokio::test]
async fn only_what_is_asked_for_is_told() {
    let service = Service::start().await;
    for (topic, name) in [("task-events", "a"), ("task-updates", "b"), ("task-events", "c"), ("user-activities", "d")] {
        store(&service, topic, name).await;
    }
    for (query, expected) in [
        ("", &["d", "c", "b", "a"] as &[&str]),
        ("?topic=task-events", &["c", "a"]),
        ("?topic=user-activities&status=dead", &["d"]),
        ("?status=replayed", &[]),
        ("?status=dead&limit=4", &["d", "c", "b", "a"]),
    ] {
        assert_eq!(told(&service, query).await, (expected.iter().map(ToString::to_string).collect(), None), "{query}");
    }
}

#[tokio::test]
async fn every_mistake_in_a_question_is_told() {
    let service = Service::start().await;
    for (name, value, code) in [
        ("topic", "task-event", "invalid_topic"),
        ("topic", "task-events.dead", "invalid_topic"),
        ("status", "Dead", "invalid_status"),
        ("after", "7", "invalid_uuid"),
        ("limit", "0", "out_of_range"),
        ("limit", "201", "out_of_range"),
        ("limit", "many", "out_of_range"),
        ("offset", "7", "unknown_parameter"),
    ] {
        let (status, problem) = service.dead_letters(&format!("?{name}={value}")).await;
        assert_eq!((status, &problem["code"]), (422, &json!("validation_failed")), "{problem}");
        let error = json!({ "pointer": format!("/{name}"), "code": code, "detail": problem["errors"][0]["detail"] });
        assert_eq!(problem["errors"], json!([error]), "{name}={value}");
    }
    let (_, problem) = service.dead_letters("?topic=x&status=x&after=x&limit=x").await;
    let pointers: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
    assert_eq!(pointers, ["/topic", "/status", "/after", "/limit"]);
}

#[tokio::test]
async fn a_letter_says_where_it_is_broken() {
    let service = Service::start().await;
    service.deliver("task-events.dead", body(&without(created(1), "/task_data/title"))).await;
    store(&service, "task-events", "task.created").await;
    let (_, page) = service.dead_letters("").await;
    let path = |n: usize| format!("/{}", page["items"][n]["id"].as_str().unwrap());
    let (whole, broken) = (service.dead_letters(&path(0)).await.1, service.dead_letters(&path(1)).await.1);
    assert_eq!((&whole["broken"], &whole["replays"]), (&Value::Null, &json!([])));
    assert_eq!(broken["broken"], json!({ "pointer": "/data/task_data/title", "reason": "is missing" }));
    for (name, value) in page["items"][1].as_object().unwrap() {
        assert_eq!(&broken[name], value, "what the list tells is told too");
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let service = Service::start().await;
    let nobody = Uuid::from_u128(7).to_string();
    for (id, code) in [(nobody.as_str(), "dead_letter_not_found"), ("seven", "not_found")] {
        let (status, problem) = service.dead_letters(&format!("/{id}")).await;
        assert_eq!((status, &problem["code"]), (404, &json!(code)));
        let (status, problem) = service.replay(id, "").await;
        assert_eq!((status, &problem["code"]), (404, &json!(code)));
    }
}
