//! `GET /api/{user_id}/audit-logs`: questions that audit-service would refuse do not reach it.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use axum::extract::{RawQuery, State};
use axum::routing::get;
use axum::{Json, Router};
use events::schema::MAX_EVENT_TYPE_LENGTH;
use platform::config::Variables;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::harness::{Api, Person};

const PATH: &str = "/api/alice/audit-logs";
const FROM: &str = "2026-02-01T00:00:00Z";
const BEFORE: &str = "2026-01-31T23:59:59Z";

/// The questions that audit-service was asked.
type Questions = Arc<Mutex<Vec<String>>>;

/// A sidecar behind which audit-service has an endless history without entries.
async fn audit_service() -> (Variables, Questions) {
    async fn answer(State(questions): State<Questions>, RawQuery(query): RawQuery) -> Json<Value> {
        questions.lock().unwrap().push(query.unwrap_or_default());
        Json(json!({"items": [], "next": "its own place"}))
    }
    let questions = Questions::default();
    let path = "/v1.0/invoke/audit-service/method/internal/audit-logs";
    let router = Router::new().route(path, get(answer)).with_state(Arc::clone(&questions));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (Variables::default().with("DAPR_HTTP_PORT", port), questions)
}

async fn refused(person: &Person, query: &str) -> (String, String) {
    let problem = person.client.get(&format!("{PATH}?{query}")).await.expect_problem(422, "validation_failed");
    assert_eq!(problem["errors"].as_array().unwrap().len(), 1, "{problem}");
    let text = |member: &str| problem["errors"][0][member].as_str().unwrap().to_owned();
    (text("pointer"), text("code"))
}

#[tokio::test]
async fn history_says_so_when_its_keeper_is_away() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let answer = alice.client.get(PATH).await;
    answer.expect_problem(503, "service_unavailable");
    assert_eq!(answer.header("retry-after"), Some("1"));
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_by_name() {
    let (variables, questions) = audit_service().await;
    let api = Api::start_with(variables).await;
    let alice = api.person("alice");
    let too_long = format!("event_type={}", "x".repeat(MAX_EVENT_TYPE_LENGTH + 1));
    let backwards = format!("from={FROM}&to={BEFORE}");
    for (query, pointer, code) in [
        ("task_id=x", "/task_id", "id_invalid"),
        ("from=x", "/from", "date_invalid"),
        ("to=x", "/to", "date_invalid"),
        ("limit=0", "/limit", "limit_invalid"),
        ("event_type=", "/event_type", "event_type_invalid"),
        ("event_type=%00", "/event_type", "event_type_invalid"),
        (&too_long, "/event_type", "event_type_invalid"),
        (&backwards, "/from", "range_invalid"),
    ] {
        assert_eq!(refused(&alice, query).await, (pointer.to_owned(), code.to_owned()), "{query}");
    }
    let unknown = alice.client.get(&format!("{PATH}?colour=red")).await.expect_problem(422, "validation_failed");
    assert_eq!(unknown["errors"][0]["code"], "unknown_parameter");
    assert_eq!(*questions.lock().unwrap(), [] as [String; 0]);
    let longest = "é".repeat(MAX_EVENT_TYPE_LENGTH);
    let unescaped_plus = "from=2026-02-01T01:00:00+01:00".to_owned();
    for query in [format!("from={FROM}&to={FROM}"), format!("event_type={longest}"), unescaped_plus] {
        alice.client.get(&format!("{PATH}?{query}")).await.expect(200);
    }
}

#[tokio::test]
async fn a_cursor_is_good_for_its_filters_whatever_the_size_of_the_page() {
    let (variables, questions) = audit_service().await;
    let api = Api::start_with(variables).await;
    let alice = api.person("alice");
    let page = alice.client.get(&format!("{PATH}?event_type=task.updated&limit=2")).await.expect(200).json();
    let cursor = page["next_cursor"].as_str().unwrap();
    let other_size = format!("{PATH}?event_type=task.updated&limit=100&cursor={cursor}");
    alice.client.get(&other_size).await.expect(200);
    let asked = questions.lock().unwrap().last().unwrap().clone();
    assert!(asked.contains("after=its+own+place") && asked.contains("limit=100"), "{asked}");
    let id = "01890a5d-ac96-774b-bcce-b302099a8057";
    for filter in [
        String::new(),
        "event_type=task.created".to_owned(),
        format!("event_type=task.updated&task_id={id}"),
        format!("event_type=task.updated&from={FROM}"),
        format!("event_type=task.updated&to={FROM}"),
    ] {
        let path = format!("{PATH}?{filter}&cursor={cursor}");
        alice.client.get(&path).await.expect_problem(400, "cursor_invalid");
    }
    let path = format!("/api/bob/audit-logs?event_type=task.updated&limit=2&cursor={cursor}");
    api.person("bob").client.get(&path).await.expect_problem(400, "cursor_invalid");
}
