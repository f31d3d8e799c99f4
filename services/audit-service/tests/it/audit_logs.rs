//! Reading the history.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::fact::{TASK, WORKSPACE, body, created, id, user_created, with};
use crate::service::Service;

const OTHER_WORKSPACE: Uuid = Uuid::from_u128(0xcc);
const OTHER_TASK: Uuid = Uuid::from_u128(0xdd);

async fn record(service: &Service, events: impl IntoIterator<Item = Value>) {
    for event in events {
        assert_eq!(service.deliver("task-events", body(&event)).await, "SUCCESS", "{event}");
    }
}

fn at(event: Value, timestamp: &str) -> Value {
    with(event, "/timestamp", json!(timestamp))
}

/// Names and values of parameters.
type Query<'a> = &'a [(&'a str, &'a str)];

/// The numbers of the events that are told, and where to go on.
async fn told(service: &Service, query: Query<'_>) -> (Vec<u128>, Option<String>) {
    let (status, page) = service.history(query).await;
    assert_eq!(status, 200, "{page}");
    let number =
        |item: &Value| Uuid::parse_str(item["event_id"].as_str().unwrap()).unwrap().as_u128() - id(0).as_u128();
    let numbers = page["items"].as_array().unwrap().iter().map(number).collect();
    (numbers, page["next"].as_str().map(str::to_owned))
}

#[tokio::test]
async fn pages_miss_and_repeat_nothing_even_within_one_instant() {
    let service = Service::start().await;
    let other = with(created(8), "/organization_id", json!(OTHER_WORKSPACE));
    let earlier = at(created(9), "2026-01-31T08:59:59.999999Z");
    let later = at(created(1), "2026-01-31T09:00:00.000001Z");
    record(&service, [5, 3, 7, 2, 4, 6].map(created).into_iter().chain([other, earlier, later])).await;

    let workspaces = format!("{WORKSPACE},{OTHER_WORKSPACE}");
    for limit in ["1", "2", "4", "9", "10"] {
        let (mut numbers, mut next) = told(&service, &[("workspace_ids", &workspaces), ("limit", limit)]).await;
        while let Some(after) = next {
            let query = [("workspace_ids", workspaces.as_str()), ("limit", limit), ("after", &after)];
            let page = told(&service, &query).await;
            assert!(!page.0.is_empty(), "a page that was announced has something on it");
            numbers.extend(page.0);
            next = page.1;
        }
        assert_eq!(numbers, [1, 8, 7, 6, 5, 4, 3, 2, 9], "limit {limit}");
    }
}

#[tokio::test]
async fn an_entry_that_arrives_between_two_pages_moves_nothing() {
    let service = Service::start().await;
    let workspace = WORKSPACE.to_string();
    record(&service, [1, 2, 3, 4].map(created)).await;
    let (first, next) = told(&service, &[("workspace_ids", &workspace), ("limit", "2")]).await;
    record(&service, [at(created(5), "2026-01-31T10:00:00Z")]).await;
    let (second, last) = told(&service, &[("workspace_ids", &workspace), ("after", &next.unwrap())]).await;
    assert_eq!((first, second, last), (vec![4, 3], vec![2, 1], None));
}

#[tokio::test]
async fn only_what_is_asked_for_is_told() {
    let service = Service::start().await;
    let bobs = with(created(2), "/user_id", json!("bob"));
    let other_task = with(at(created(3), "2026-01-31T10:00:00.5Z"), "/task_data/id", json!(OTHER_TASK));
    let completed = with(at(created(4), "2026-01-31T11:00:00Z"), "/event_type", json!("task.completed"));
    let elsewhere = with(created(5), "/organization_id", json!(OTHER_WORKSPACE));
    record(&service, [created(1), bobs, other_task, completed, elsewhere, user_created(6)]).await;

    let (task, other_task) = (TASK.to_string(), OTHER_TASK.to_string());
    let cases: &[(Query<'_>, &[u128])] = &[
        (&[], &[4, 3, 6, 2, 1]),
        (&[("user_id", "bob")], &[2]),
        (&[("user_id", "nobody")], &[]),
        (&[("task_id", &task)], &[4, 2, 1]),
        (&[("task_id", &other_task)], &[3]),
        (&[("event_type", "task.completed")], &[4]),
        (&[("event_type", "user.created")], &[6]),
        (&[("event_type", "task.teleported")], &[]),
        (&[("from", "2026-01-31T10:00:00.5Z")], &[4, 3]),
        (&[("from", "2026-01-31T11:00:00.5+01:00")], &[4, 3]),
        (&[("to", "2026-01-31T10:00:00.5Z")], &[6, 2, 1]),
        (&[("from", "2026-01-31T09:00:00Z"), ("to", "2026-01-31T09:00:00Z")], &[]),
        (&[("from", "2026-01-31T09:00:00.000001Z"), ("to", "2026-01-31T11:00:00Z")], &[3]),
        (&[("task_id", &task), ("user_id", "alice"), ("event_type", "task.created")], &[1]),
    ];
    let workspace = WORKSPACE.to_string();
    for (filters, expected) in cases {
        let query: Vec<_> =
            [("workspace_ids", workspace.as_str())].into_iter().chain(filters.iter().copied()).collect();
        assert_eq!(told(&service, &query).await, (expected.to_vec(), None), "{filters:?}");
    }
}

#[tokio::test]
async fn a_workspace_is_told_once_and_no_other_at_all() {
    let service = Service::start().await;
    record(&service, [created(1), with(created(2), "/organization_id", json!(OTHER_WORKSPACE))]).await;
    let twice = format!("{WORKSPACE},{WORKSPACE}");
    assert_eq!(told(&service, &[("workspace_ids", &twice)]).await.0, [1]);
    assert_eq!(told(&service, &[("workspace_ids", &Uuid::from_u128(0xee).to_string())]).await.0, [0; 0]);
}

#[tokio::test]
async fn a_page_has_50_entries_unless_told_otherwise() {
    let service = Service::start().await;
    record(&service, (1..=51).map(created)).await;
    let (numbers, next) = told(&service, &[("workspace_ids", &WORKSPACE.to_string())]).await;
    assert_eq!(numbers.len(), 50);
    assert_eq!(next.unwrap(), format!("2026-01-31T09:00:00.000000Z,{}", id(2)));
}

#[tokio::test]
async fn a_page_of_large_entries_is_shorter_and_leads_on() {
    let service = Service::start().await;
    let large = |n| with(created(n), "/task_data/description", json!("x".repeat(65_536)));
    record(&service, (1..=100).map(large)).await;
    let (mut seen, mut after, mut pages) = (Vec::new(), None::<String>, 0);
    loop {
        let mut query = vec![("workspace_ids", WORKSPACE.to_string()), ("limit", "200".to_owned())];
        query.extend(after.map(|after| ("after", after)));
        let query: Vec<_> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let (numbers, next) = told(&service, &query).await;
        assert!(numbers.len() < 70, "{} entries of 64 KiB on one page", numbers.len());
        seen.extend(numbers);
        pages += 1;
        after = next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((seen, pages), ((1..=100).rev().collect(), 2));
}

#[tokio::test]
async fn every_mistake_in_a_query_is_told() {
    let service = Service::start().await;
    let workspace = WORKSPACE.to_string();
    let many = (0..101).map(|n| Uuid::from_u128(n).to_string()).collect::<Vec<_>>().join(",");
    let long = "x".repeat(256);
    let cases: &[(&str, &str, &str)] = &[
        ("workspace_ids", "", "required"),
        ("workspace_ids", "seven", "invalid_uuid"),
        ("workspace_ids", "0192a000-0000-7000-8000-0000000000aa,", "invalid_uuid"),
        ("workspace_ids", &many, "too_many"),
        ("user_id", "", "invalid_text"),
        ("user_id", &long, "invalid_text"),
        ("user_id", "al\0ice", "invalid_text"),
        ("event_type", "\0", "invalid_text"),
        ("task_id", "7", "invalid_uuid"),
        ("from", "yesterday", "invalid_timestamp"),
        ("to", "2026-01-31", "invalid_timestamp"),
        ("after", "2026-01-31T09:00:00Z", "invalid_position"),
        ("limit", "0", "out_of_range"),
        ("limit", "201", "out_of_range"),
        ("limit", "many", "out_of_range"),
        ("color", "red", "unknown_parameter"),
    ];
    for (name, value, code) in cases {
        let mut query = vec![(*name, *value)];
        if *name != "workspace_ids" {
            query.push(("workspace_ids", &workspace));
        }
        let (status, problem) = service.history(&query).await;
        assert_eq!(status, 422, "{name}={value}: {problem}");
        let error = json!({ "pointer": format!("/{name}"), "code": code, "detail": problem["errors"][0]["detail"] });
        assert_eq!(problem["errors"], json!([error]), "{name}={value}");
    }
}

#[tokio::test]
async fn mistakes_are_told_together() {
    let service = Service::start().await;
    let (status, problem) = service.history(&[("limit", "0"), ("task_id", "7"), ("from", "now")]).await;
    assert_eq!((status.as_u16(), &problem["code"]), (422, &json!("validation_failed")));
    let pointers: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
    assert_eq!(pointers, ["/workspace_ids", "/task_id", "/from", "/limit"]);
    let range = [
        ("workspace_ids", "0192a000-0000-7000-8000-0000000000aa"),
        ("from", "2026-02-01T00:00:00Z"),
        ("to", "2026-01-01T00:00:00Z"),
    ];
    let (_, problem) = service.history(&range).await;
    assert_eq!(
        (&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]),
        (&json!("/from"), &json!("invalid_range"))
    );
}
