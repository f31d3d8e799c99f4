//! `POST …/recurrence/preview`: what a recurrence would do.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Api, Person, key};

const VECTORS: &str = include_str!("../../../../crates/recurrence/tests/vectors.json");

fn path(person: &Person) -> String {
    format!("/api/{}/recurrence/preview", person.id)
}

async fn preview(person: &Person, body: &Value) -> Value {
    person.client.post(&path(person), body).await.expect(200).json()
}

#[tokio::test]
async fn every_vector_is_previewed_as_it_says() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    for vector in vectors["series"].as_array().unwrap() {
        let limit = vector["occurrences"].as_array().unwrap().len();
        let body = json!({"recurrence": vector["recurrence"], "timezone": vector["timezone"],
            "first_due": vector["first_due"], "limit": limit});
        let shown = preview(&alice, &body).await;
        assert_eq!(shown["occurrences"], vector["occurrences"], "{}", vector["name"]);
        assert!(shown["rrule"].as_str().unwrap().starts_with("FREQ="), "{shown}");
        assert!(shown["text"].as_str().unwrap().starts_with("every "), "{shown}");
        assert!(shown.get("next_due").is_none(), "{shown}");
    }
    for vector in vectors["completions"].as_array().unwrap() {
        let body = json!({"recurrence": vector["recurrence"], "timezone": vector["timezone"], "due": vector["due"],
            "completed_at": vector["completed_at"]});
        let shown = preview(&alice, &body).await;
        assert_eq!(shown.get("next_due"), Some(&vector["next_due"]), "{}", vector["name"]);
    }
}

#[tokio::test]
async fn what_is_left_out_is_the_users_own() {
    let api = Api::start().await;
    let alice = api.person("alice");
    // 31 January 2026, 09:00 in UTC: her nine o'clock is over there, and to come here.
    let shown = preview(&alice, &json!({"recurrence": {"text": "every weekday"}})).await;
    assert_eq!(shown["occurrences"].as_array().unwrap().len(), 10);
    assert_eq!(shown["occurrences"][0], "2026-02-02T09:00:00Z");
    let profile = json!({"timezone": "America/New_York"});
    alice.client.patch("/api/alice/profile", &profile).await.expect(200);
    let shown = preview(&alice, &json!({"recurrence": {"text": "every! day 3 times"}})).await;
    let expected = json!({
        "rrule": "FREQ=DAILY;COUNT=3", "text": "every day after completion, 3 times",
        "occurrences": ["2026-01-31T14:00:00Z", "2026-02-01T14:00:00Z", "2026-02-02T14:00:00Z"]
    });
    assert_eq!(shown, expected);
    let counted = json!({"recurrence": {"text": "every! day 3 times"}, "due": "2026-02-01T14:00:00Z",
        "completed_at": "2026-02-01T15:00:00Z", "occurrence": 2});
    assert_eq!(preview(&alice, &counted).await["next_due"], "2026-02-02T14:00:00Z");
    // Nothing is stored.
    assert_eq!(api.number("SELECT count(*) FROM core.tasks").await, 0);
}

#[tokio::test]
async fn a_repetition_gets_the_first_answer() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let (key, daily) = (key(), json!({"recurrence": {"text": "every day"}}));
    let post = |body| {
        let request = alice.client.request(Method::POST, &path(&alice)).header("idempotency-key", &key);
        request.json(body).send()
    };
    let first = post(&daily).await.expect(200);
    assert_eq!(first.header("idempotent-replayed"), None);
    // In another time zone the answer is another.
    alice.client.patch("/api/alice/profile", &json!({"timezone": "Asia/Tokyo"})).await.expect(200);
    let again = post(&daily).await.expect(200);
    assert_eq!((again.header("idempotent-replayed"), again.json()), (Some("true"), first.json()));
    assert_ne!(preview(&alice, &daily).await, first.json());
    post(&json!({"recurrence": {"text": "every week"}})).await.expect_problem(422, "idempotency_key_reused");
}

#[tokio::test]
async fn bad_input_is_told_by_its_place() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let rule = |rule: &str| json!({"recurrence": {"rrule": rule}});
    let daily = |member: &str, value: Value| json!({"recurrence": {"frequency": "daily"}, member: value});
    for (body, pointer, code) in [
        (json!({"recurrence": {"frequency": "daily", "interval": 0}}), "/recurrence/interval", "recurrence_invalid"),
        (rule("FREQ=DAILY;INTERVAL=0"), "/recurrence/rrule", "recurrence_invalid"),
        (rule("FREQ=DAILY;COUNT=2;UNTIL=20270101"), "/recurrence/rrule", "recurrence_invalid"),
        (
            json!({"recurrence": {"frequency": "daily", "count": 2, "until": "2027-01-01"}}),
            "/recurrence/until",
            "recurrence_invalid",
        ),
        (rule("FREQ=SECONDLY;BYSECOND=0,1,2,3,4,5"), "/recurrence/rrule", "recurrence_invalid"),
        (rule("FREQ=DAILY;BYSECOND=0,1,2,3,4,5"), "/recurrence/rrule", "recurrence_invalid"),
        (rule("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"), "/recurrence", "recurrence_never"),
        (rule("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"), "/recurrence", "recurrence_never"),
        (rule("FREQ=DAILY;INTERVAL=999;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO"), "/recurrence", "recurrence_never"),
        (
            json!({"recurrence": {"rrule": "FREQ=YEARLY;INTERVAL=100;BYMONTH=2;BYMONTHDAY=29"},
                "first_due": "2026-03-02T09:00:00Z"}),
            "/recurrence",
            "recurrence_never",
        ),
        (json!({"recurrence": {"text": "when the moon is full"}}), "/recurrence/text", "recurrence_text_unknown"),
        (
            json!({"recurrence": {"frequency": "daily", "until": "2026-01-01"}, "first_due": "2026-01-02T00:00:00Z"}),
            "/recurrence",
            "recurrence_ended",
        ),
        (daily("timezone", json!("Mars/Olympus")), "/timezone", "timezone_unknown"),
        (daily("limit", json!(10_000)), "/limit", "limit_invalid"),
        (daily("limit", json!(0)), "/limit", "limit_invalid"),
        (daily("occurrence", json!(0)), "/occurrence", "occurrence_invalid"),
        (daily("occurrence", json!(2_147_483_648_u32)), "/occurrence", "occurrence_invalid"),
        (daily("due", json!("soon")), "/due", "date_invalid"),
        (daily("completed_at", json!("2026-01-02T00:00:00Z")), "/due", "due_missing"),
        (daily("colour", json!("red")), "/colour", "unknown_field"),
    ] {
        let problem = alice.client.post(&path(&alice), &body).await.expect_problem(422, "validation_failed");
        let error = &problem["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&json!(pointer), &json!(code)), "{body} {problem}");
    }
    let unknown = json!({"recurrence": {"text": "every blue moon"}});
    let problem = alice.client.post(&path(&alice), &unknown).await.expect_problem(422, "validation_failed");
    assert!(problem["errors"][0]["detail"].as_str().unwrap().contains("character 7"), "{problem}");
}
