//! `POST /api/auth/register`.

use std::time::Duration;

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::eventually;
use testkit::http::{Answer, Client};
use uuid::Uuid;

use crate::account::{PASSWORD, ada, ada_with, members, person, post_once, register, sign_in};
use crate::harness::{Api, key};

#[tokio::test]
async fn a_newcomer_gets_a_workspace_and_credentials() {
    let api = Api::start().await;
    let answer = register(&api, &ada()).await.expect(201);
    let body = answer.json();
    assert_eq!(members(&body), ["access_token", "expires_in", "refresh_token", "token_type", "user"]);
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(900)));
    let user = &body["user"];
    assert_eq!(members(user), ["email", "first_name", "id", "last_name", "timezone", "workspace_id"]);
    let told = [&user["email"], &user["first_name"], &user["last_name"], &user["timezone"]];
    assert_eq!(told, ["ada@example.com", "Ada", "Lovelace", "Europe/London"]);
    let id = user["id"].as_str().unwrap();
    assert_eq!(Uuid::parse_str(id).unwrap().get_version_num(), 7);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("location"), Some(&*format!("/api/{id}/profile")));

    let ada = person(&api, &body);
    assert_eq!(ada.client.get(&format!("/api/{id}/profile")).await.expect(200).json(), *user);
    let task = ada.create(json!({"title": "Write a program"})).await;
    assert_eq!(task["workspace_id"], user["workspace_id"]);

    let events = api.events().await;
    let types: Vec<_> = events.iter().map(|event| event["event_type"].as_str().unwrap()).collect();
    assert_eq!(types, ["user.created", "task.created"]);
    assert_eq!(events[0]["data"], *user);
    assert_eq!((&events[0]["sequence"], &events[0]["organization_id"]), (&json!(1), &user["workspace_id"]));
    assert_eq!(api.number("SELECT count(*) FROM core.members WHERE role = 'owner'").await, 1);
}

#[tokio::test]
async fn what_is_left_out_has_a_default_and_white_space_does_not_count() {
    let api = Api::start().await;
    let mut body = ada_with(&json!({"email": " Ada@Example.COM ", "first_name": " Ada ", "password": "  spaces  "}));
    body.as_object_mut().unwrap().remove("timezone");
    let user = register(&api, &body).await.expect(201).json()["user"].clone();
    assert_eq!([&user["timezone"], &user["email"], &user["first_name"]], ["UTC", "Ada@Example.COM", "Ada"]);
    sign_in(&api, "ada@example.com", "  spaces  ").await.expect(200);
    sign_in(&api, "ada@example.com", "spaces").await.expect_problem(401, "credentials_invalid");
}

#[tokio::test]
async fn every_broken_rule_is_told_and_nothing_remains() {
    let api = Api::start().await;
    let long = |length| "x".repeat(length);
    for (member, value, code) in [
        ("email", json!("ada"), "email_invalid"),
        ("email", json!(format!("ada@{}.example", long(64))), "email_invalid"),
        ("email", json!("ada@xn--a.example"), "email_invalid"),
        ("email", json!("a@b@c"), "email_invalid"),
        ("email", json!("a\u{0}@b"), "email_invalid"),
        ("email", json!(format!("a@{}", long(253))), "email_invalid"),
        ("email", json!(7), "invalid_type"),
        ("email", json!(null), "invalid_type"),
        ("password", json!("1234567"), "password_too_short"),
        ("password", json!(long(129)), "password_too_long"),
        ("password", json!("12345678\u{0}"), "control_character"),
        ("first_name", json!("  "), "name_empty"),
        ("first_name", json!(long(101)), "name_too_long"),
        ("last_name", json!("a\u{0}b"), "control_character"),
        ("timezone", json!("Mars/Olympus"), "timezone_unknown"),
        ("admin", json!(true), "unknown_field"),
    ] {
        let problem = register(&api, &ada_with(&json!({ member: value }))).await;
        let problem = problem.expect_problem(422, "validation_failed");
        let told = (&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]);
        assert_eq!(told, (&json!(format!("/{member}")), &json!(code)), "{problem}");
    }
    let all = json!({"email": "", "password": "", "first_name": "", "last_name": "", "timezone": ""});
    let problem = register(&api, &all).await.expect_problem(422, "validation_failed");
    assert_eq!(problem["errors"].as_array().unwrap().len(), 5, "{problem}");
    let missing = register(&api, &json!({"email": "ada@example.com"})).await.expect_problem(422, "validation_failed");
    assert_eq!(missing["errors"][0]["code"], "required");
    for table in ["users", "workspaces", "credentials", "refresh_tokens", "outbox"] {
        assert_eq!(api.number(&format!("SELECT count(*) FROM core.{table}")).await, 0, "{table}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_refused() {
    let api = Api::start().await;
    for path in ["/api/auth/register", "/api/auth/token"] {
        for (status, code, kind, body) in [
            (400, "json_syntax", "application/json", b"{\"email\": ".to_vec()),
            (400, "json_syntax", "application/json", Vec::new()),
            (415, "unsupported_media_type", "text/plain", ada().to_string().into_bytes()),
            (413, "body_too_large", "application/json", vec![b' '; 1024 * 1024]),
            (422, "validation_failed", "application/json", b"[]".to_vec()),
        ] {
            let request = Client::new(&api.base).request(Method::POST, path).body(kind, body);
            request.send().await.expect_problem(status, code);
        }
        Client::new(&api.base).get(path).await.expect_problem(405, "method_not_allowed");
    }
}

#[tokio::test]
async fn an_address_belongs_to_one_user() {
    let api = Api::start().await;
    let first = register(&api, &ada()).await.expect(201).json();
    for email in ["ada@example.com", "ADA@example.com", "\tada@EXAMPLE.com "] {
        let body = ada_with(&json!({"email": email, "password": "another password"}));
        register(&api, &body).await.expect_problem(409, "email_taken");
    }
    for table in ["users", "workspaces", "members", "credentials", "refresh_tokens", "outbox"] {
        assert_eq!(api.number(&format!("SELECT count(*) FROM core.{table}")).await, 1, "{table}");
    }
    sign_in(&api, "ada@example.com", "another password").await.expect_problem(401, "credentials_invalid");
    let tokens = sign_in(&api, "ada@example.com", PASSWORD).await.expect(200).json();
    let body = json!({"user": first["user"], "access_token": tokens["access_token"]});
    person(&api, &body).create(json!({"title": "Still Ada"})).await;
}

/// Registers; where passwords are hashed slowly, the request waits for its turn as often as it has to.
async fn register_patiently(api: &Api, body: &Value) -> Answer {
    let registered = eventually(Duration::from_mins(2), || async {
        let answer = register(api, body).await;
        (answer.status != 503 || answer.json()["code"] != "busy").then_some(answer)
    });
    registered.await
}

#[tokio::test]
async fn twenty_at_once_make_one_user() {
    let api = Api::start().await;
    let bodies: Vec<Value> = (0..20).map(|n| ada_with(&json!({"last_name": format!("Lovelace {n}")}))).collect();
    let answers = join_all(bodies.iter().map(|body| register_patiently(&api, body))).await;
    let (made, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
    assert_eq!((made.len(), refused.len()), (1, 19));
    for answer in &refused {
        answer.expect_problem(409, "email_taken");
    }
    for table in ["users", "workspaces", "credentials", "refresh_tokens", "outbox"] {
        assert_eq!(api.number(&format!("SELECT count(*) FROM core.{table}")).await, 1, "{table}");
    }
}

#[tokio::test]
async fn a_refused_registration_does_not_burn_its_key() {
    let api = Api::start().await;
    register(&api, &ada()).await.expect(201);
    let key = key();
    post_once(&api, "/api/auth/register", &key, &ada()).await.expect_problem(409, "email_taken");
    let other = ada_with(&json!({"email": "ada@example.org"}));
    let answer = post_once(&api, "/api/auth/register", &key, &other).await.expect(201);
    assert_eq!(answer.header("idempotent-replayed"), None);
}
