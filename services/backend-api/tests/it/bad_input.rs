//! What cannot be read or is not allowed is refused by name, and has no effect.

use reqwest::Method;
use serde_json::json;

use crate::harness::{APP_TOKEN, Api, key};

#[tokio::test]
async fn bodies_that_cannot_be_read() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let tasks = alice.tasks();
    let post = |kind: &'static str, body: Vec<u8>| alice.client.request(Method::POST, &tasks).body(kind, body).send();
    let json = "application/json";
    for broken in [
        "",
        "{",
        "{\"title\": \"a\" \"b\"}",
        "nonsense",
        "{\"title\":\"x\"} {}",
        "{\"title\":\"a\u{0}b\"}",
        "\u{feff}{}",
        "{\"colour\": 1}\0",
        "{\"colour\": 1} {",
    ] {
        post(json, broken.into()).await.expect_problem(400, "json_syntax");
    }
    post(json, b"{\"title\": \"\xff\"}".to_vec()).await.expect_problem(400, "json_syntax");
    post(json, b"{\"colour\": \"\xff\"}".to_vec()).await.expect_problem(400, "json_syntax");
    post("text/plain", br#"{"title": "x"}"#.to_vec()).await.expect_problem(415, "unsupported_media_type");
    let large = json!({"title": "x", "description": "y".repeat(1024 * 1024)}).to_string();
    post(json, large.into()).await.expect_problem(413, "body_too_large");
    let deep = ["[".repeat(10_000), "]".repeat(10_000)].concat();
    post(json, deep.into()).await.expect_problem(422, "validation_failed");
    assert_eq!(api.number("SELECT count(*) FROM core.tasks").await, 0);
    assert_eq!(api.number("SELECT count(*) FROM core.outbox WHERE event_type <> 'user.created'").await, 0);
}

#[tokio::test]
async fn members_that_break_a_rule() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let long_tag = "t".repeat(51);
    let many_tags: Vec<String> = (0..51).map(|n| n.to_string()).collect();
    for (body, pointer, code) in [
        (json!({}), "/title", "required"),
        (json!([]), "", "invalid_type"),
        (json!({"title": 7}), "/title", "invalid_type"),
        (json!({"title": null}), "/title", "invalid_type"),
        (json!({"title": ""}), "/title", "title_empty"),
        (json!({"title": "   "}), "/title", "title_empty"),
        (json!({"title": "x".repeat(501)}), "/title", "title_too_long"),
        (json!({"title": "a\u{0}b"}), "/title", "control_character"),
        (json!({"title": "x", "colour": "red"}), "/colour", "unknown_field"),
        (json!({"title": "x", "description": "a\u{0}"}), "/description", "control_character"),
        (json!({"title": "x", "description": "y".repeat(65_537)}), "/description", "description_too_long"),
        (json!({"title": "x", "status": "open"}), "/status", "status_unknown"),
        (json!({"title": "x", "status": "todo", "completed": true}), "/completed", "status_contradiction"),
        (json!({"title": "x", "completed": "yes"}), "/completed", "invalid_type"),
        (json!({"title": "x", "priority": "HIGH"}), "/priority", "priority_unknown"),
        (json!({"title": "x", "tags": "home"}), "/tags", "invalid_type"),
        (json!({"title": "x", "tags": ["ok", 7]}), "/tags/1", "invalid_type"),
        (json!({"title": "x", "tags": ["ok", long_tag]}), "/tags/1", "tag_too_long"),
        (json!({"title": "x", "tags": many_tags}), "/tags", "too_many_tags"),
        (json!({"title": "x", "due_date": "2026-02-30T09:00:00Z"}), "/due_date", "date_invalid"),
        (json!({"title": "x", "due_date": "tomorrow"}), "/due_date", "date_invalid"),
        (json!({"title": "x", "timezone": "Mars/Olympus"}), "/timezone", "timezone_unknown"),
        (json!({"title": "x", "reminders": [{"before": "soon"}]}), "/reminders/0/before", "duration_invalid"),
        (json!({"title": "x", "reminders": [{"after": "PT1H"}]}), "/reminders/0/after", "unknown_field"),
        (json!({"title": "x", "reminders": vec![json!({"before": "PT1H"}); 51]}), "/reminders", "too_many_reminders"),
        (
            json!({"title": "x", "reminders": [{"before": "PT1H", "channels": ["sms", "pager"]}]}),
            "/reminders/0/channels/1",
            "channel_unknown",
        ),
        (json!({"title": "x", "reminders": [{"channels": ["sms"]}]}), "/reminders/0", "reminder_invalid"),
        (json!({"title": "x", "reminders": [{"at": "2026-01-31T08:59:59Z"}]}), "/reminders/0/at", "reminder_past"),
        (json!({"title": "x", "reminders": [{"at": "2126-01-31T09:00:00Z"}]}), "/reminders/0/at", "reminder_too_far"),
        (
            json!({"title": "x", "due_date": "2026-01-31T09:59:59Z", "reminders": [{"before": "PT1H"}]}),
            "/reminders/0/before",
            "reminder_past",
        ),
        (json!({"title": "x", "reminders": [{"before": "P999999W"}]}), "/reminders/0/before", "reminder_too_far"),
        (json!({"title": "x", "assignee": "nobody"}), "/assignee", "assignee_unknown"),
        (json!({"title": "x", "assignee": "a\u{0}"}), "/assignee", "assignee_unknown"),
    ] {
        let problem = alice.client.post(&alice.tasks(), &body).await.expect_problem(422, "validation_failed");
        let error = &problem["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&json!(pointer), &json!(code)), "{body} {problem}");
    }
    assert_eq!(api.number("SELECT count(*) FROM core.tasks").await, 0);
}

#[tokio::test]
async fn types_are_told_in_the_words_of_json() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let task = alice.create(json!({"title": "x"})).await;
    let problem =
        alice.client.patch(&alice.task(&task), &json!({"version": "1"})).await.expect_problem(422, "validation_failed");
    let expected =
        "invalid type: string \"1\", expected a whole number from -2147483648 to 2147483647, without a fraction";
    assert_eq!(problem["errors"][0]["detail"], expected);
    let rust =
        ["i32", "u32", "u8", "i8", "i64", "u64", "struct", "enum", "sequence", "tuple", "option", "variant", "unit"];
    for wrong in
        [json!(true), json!(1.5), json!(-1), json!(1e99), json!("x"), json!([1]), json!({"x": 1}), json!([null])]
    {
        let rules = [
            "frequency",
            "interval",
            "by_weekday",
            "by_month_day",
            "count",
            "until",
            "rrule",
            "text",
            "mode",
            "generate",
            "catch_up",
        ];
        let reminders = ["before", "at", "channels"];
        let members = [
            "title",
            "status",
            "completed",
            "priority",
            "tags",
            "due_date",
            "recurrence",
            "reminders",
            "assignee",
            "version",
        ];
        let bodies = members.into_iter().map(|member| json!({member: wrong}));
        let bodies = bodies.chain(rules.into_iter().map(|member| json!({"recurrence": {member: wrong}})));
        for body in bodies.chain(reminders.into_iter().map(|member| json!({"reminders": [{member: wrong}]}))) {
            let answer = alice.client.patch(&alice.task(&task), &body).await;
            assert_ne!(answer.status, 400, "{body} is JSON");
            if answer.status == 422 {
                let detail = answer.json()["detail"].as_str().unwrap().to_lowercase();
                let mut words = detail.split(|character: char| !character.is_alphanumeric());
                assert!(!words.any(|word| rust.contains(&word)), "{body}: {detail}");
            }
        }
    }
}

#[tokio::test]
async fn every_broken_rule_is_told_at_once() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let body = json!({"title": "", "priority": "x", "due_date": "x", "tags": [""]});
    let problem = alice.client.post(&alice.tasks(), &body).await.expect_problem(422, "validation_failed");
    let told: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|error| error["pointer"].clone()).collect();
    assert_eq!(told, ["/title", "/priority", "/tags/0", "/due_date"]);
    assert_eq!(problem["instance"], alice.tasks());
    assert_eq!(problem["type"], "urn:tidings:problem:validation_failed");
}

#[tokio::test]
async fn patches_that_break_a_rule_change_nothing() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let task = alice.create(json!({"title": "Kept"})).await;
    for (patch, pointer, code) in [
        (json!({"title": null}), "/title", "not_nullable"),
        (json!({"status": null}), "/status", "not_nullable"),
        (json!({"completed": null}), "/completed", "not_nullable"),
        (json!({"timezone": null}), "/timezone", "not_nullable"),
        (json!({"title": "Changed", "priority": "x"}), "/priority", "priority_unknown"),
        (json!({"title": "Changed", "status": "done", "completed": false}), "/completed", "status_contradiction"),
        (json!({"title": "Changed", "assignee": "nobody"}), "/assignee", "assignee_unknown"),
        (json!({"version": "1"}), "/version", "invalid_type"),
        (json!({"id": "x"}), "/id", "unknown_field"),
    ] {
        let problem = alice.client.patch(&alice.task(&task), &patch).await.expect_problem(422, "validation_failed");
        assert_eq!(
            (&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]),
            (&json!(pointer), &json!(code)),
            "{patch}"
        );
    }
    assert_eq!(alice.client.get(&alice.task(&task)).await.json(), task);
    let complete = format!("{}/complete", alice.task(&task));
    alice.client.post(&complete, &json!({"colour": "red"})).await.expect_problem(422, "validation_failed");
}

#[tokio::test]
async fn what_the_router_refuses_is_a_problem_too() {
    let api = Api::start().await;
    let alice = api.person("alice");
    alice.client.get("/nowhere").await.expect_problem(404, "not_found");
    alice.client.get("/api/alice/tasks/not-a-uuid").await.expect_problem(404, "not_found");
    alice.client.get("/api/alice/tasks/%00").await.expect_problem(404, "not_found");
    let answer = alice.client.request(Method::PUT, &alice.tasks()).send().await;
    answer.expect_problem(405, "method_not_allowed");
    assert!(answer.header("allow").unwrap().contains("POST"));
    alice.client.get("/api/%FF/tasks").await.expect_problem(401, "user_mismatch");
    alice.client.get("/api/ali%00ce/tasks").await.expect_problem(401, "user_mismatch");
}

#[tokio::test]
async fn arrays_are_no_objects_and_dates_are_real() {
    let api = Api::start().await;
    let alice = api.person("alice");
    for (body, pointer, code) in [
        (json!(["T", null, null, null, null, null, null, null, null, null, null]), "", "invalid_type"),
        (json!({"title": "x", "recurrence": ["daily"]}), "/recurrence", "invalid_type"),
        (json!({"title": "x", "recurrence": {"frequency": ["daily"]}}), "/recurrence/frequency", "invalid_type"),
        (json!({"title": "x", "recurrence": {"frequency": {"daily": null}}}), "/recurrence/frequency", "invalid_type"),
        (json!({"title": "x", "recurrence": {"frequency": "hourly"}}), "/recurrence/frequency", "invalid_type"),
        (json!({"title": "x", "reminders": [["PT1H"]]}), "/reminders/0", "invalid_type"),
        (json!({"title": "x", "due_date": "9999-12-31T23:59:60Z"}), "/due_date", "date_invalid"),
    ] {
        let problem = alice.client.post(&alice.tasks(), &body).await.expect_problem(422, "validation_failed");
        let error = &problem["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&json!(pointer), &json!(code)), "{body} {problem}");
    }
    let due =
        json!({"title": "x", "due_date": "2026-06-15T10:20:60Z", "reminders": [{"at": "2026-01-31T10:00:00+01:00"}]});
    let task = alice.create(due).await;
    assert_eq!(
        (&task["due_date"], &task["reminders"][0]["at"]),
        (&json!("2026-06-15T10:21:00Z"), &json!("2026-01-31T09:00:00Z"))
    );
    assert_eq!(alice.client.get(&alice.task(&task)).await.expect(200).json(), task);
}

#[tokio::test]
async fn verbs_take_small_json_or_nothing() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let task = alice.create(json!({"title": "x"})).await;
    for (path, granted) in [(format!("{}/complete", alice.task(&task)), 200), ("/api/alice/ws-ticket".to_owned(), 201)]
    {
        let post = |kind: &'static str, body: &[u8]| {
            alice.client.request(Method::POST, &path).body(kind, body.to_vec()).send()
        };
        let json = "application/json";
        post(json, &vec![b' '; 1024 * 1024]).await.expect_problem(413, "body_too_large");
        post("text/plain", b"{}").await.expect_problem(415, "unsupported_media_type");
        post(json, b"{").await.expect_problem(400, "json_syntax");
        post(json, b"[]").await.expect_problem(422, "validation_failed");
        post(json, b"{\"colour\": \"red\"}").await.expect_problem(422, "validation_failed");
        for good in [&b""[..], b" null\n", b"{}"] {
            post(json, good).await.expect(granted);
        }
        post("text/plain", b"").await.expect(granted);
        let key = key();
        let once = |body: &'static str| {
            let request = alice.client.request(Method::POST, &path).header("idempotency-key", &key);
            request.body(json, body.as_bytes().to_vec()).send()
        };
        once("{}").await.expect(granted);
        once(" { } ").await.expect(granted);
        once("null").await.expect_problem(422, "idempotency_key_reused");
    }
}

#[tokio::test]
async fn pages_of_allowed_origins_may_ask_first() {
    let api = Api::start().await;
    let anyone = testkit::http::Client::new(&api.base);
    let ask = |origin: &'static str| {
        let request = anyone.request(Method::OPTIONS, "/api/alice/tasks").header("origin", origin);
        let request = request.header("access-control-request-method", "PATCH");
        request.header("access-control-request-headers", "authorization,content-type,if-match,idempotency-key").send()
    };
    let allowed = ask("http://localhost:3000").await.expect(200);
    assert_eq!(allowed.header("access-control-allow-origin"), Some("http://localhost:3000"));
    assert!(allowed.header("access-control-allow-methods").unwrap().contains("PATCH"));
    assert_eq!(ask("https://evil.example").await.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn what_is_meant_for_the_sidecar_does_not_exist_for_others() {
    let api = Api::start().await;
    let anyone = testkit::http::Client::new(&api.base);
    let body = json!({"ticket": "x"});
    let path = "/internal/ws-tickets/redeem";
    anyone.post(path, &body).await.expect_problem(404, "not_found");
    let wrong_method = anyone.get(path).await;
    wrong_method.expect_problem(404, "not_found");
    assert_eq!(wrong_method.header("allow"), None);
    let post =
        |token: &'static str| anyone.request(Method::POST, path).header("dapr-api-token", token).json(&body).send();
    assert_eq!(post("wrong").await.expect_problem(404, "not_found")["detail"], "There is no such path.");
    assert_eq!(post(APP_TOKEN).await.expect_problem(404, "not_found")["detail"], "There is no such ticket.");
    let wrong_method =
        anyone.request(Method::POST, "/internal/changes").header("dapr-api-token", APP_TOKEN).send().await;
    wrong_method.expect_problem(405, "method_not_allowed");
    assert_eq!(wrong_method.header("allow"), Some("GET,HEAD"));
}
