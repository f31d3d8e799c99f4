//! Every documented refusal (operation, status, code) is produced here, but those of a system in which something is amiss
//! ([`AMISS`]), which are produced in `outages`. What a code is produced by is said once, for all operations that document it;
//! a new operation is tried by itself, and a new code asks to be taught here.

use platform::database::begin;
use std::fmt::Write as _;

use chrono::Duration;
use futures::FutureExt as _;
use reqwest::Method;
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use testkit::http::{Answer, Client};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use uuid::Uuid;

use crate::account::{post_once, refresh, registered};
use crate::document::{Document, Operation};
use crate::harness::{Api, key};
use crate::issuers::built_in;
use crate::valid_requests::{Valid, World};

const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// Codes of a system in which something is amiss: `outages` produces them.
const AMISS: [&str; 6] =
    ["busy", "database_unavailable", "identity_unavailable", "overloaded", "rate_limited", "service_unavailable"];

/// Whoever keeps an answer waits until nobody has the advisory lock 1.
const HOLD: &str = "\
    CREATE OR REPLACE FUNCTION core.hold() RETURNS trigger LANGUAGE plpgsql AS \
    'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END'; \
    CREATE OR REPLACE TRIGGER hold BEFORE INSERT ON core.idempotency_keys FOR EACH ROW EXECUTE FUNCTION core.hold()";

#[tokio::test]
async fn every_documented_refusal_is_produced() {
    let world = World::start().await;
    let mut missing = String::new();
    for operation in Document::get().operations() {
        for (status, code) in operation.refusals().into_iter().filter(|(_, code)| !AMISS.contains(code)) {
            match produce(&world, &operation, code).await {
                Some(answer) if (answer.0, answer.1.as_str()) == (status, code) => {}
                Some(answer) => writeln!(missing, "{operation}: {status} {code}, but it was {answer:?}").unwrap(),
                None => writeln!(missing, "{operation}: nothing here produces {status} {code}").unwrap(),
            }
        }
    }
    assert!(missing.is_empty(), "documented, and not produced:\n{missing}");
}

/// The status and the code of what `operation` answers to a request that asks for that refusal. `None` for a code that is not
/// known here.
async fn produce(world: &World, operation: &Operation, code: &str) -> Option<(u16, String)> {
    let client = world.entitled(operation);
    if let Some(client) = with_token(world, code) {
        return Some(told(&world.valid(operation, &world.alice).await.send(&client).await));
    }
    if let Some(told) = produce_by_credentials(world, operation, code).await {
        return Some(told);
    }
    let valid = world.valid(operation, &world.alice).await;
    let request = match code {
        "json_syntax" => valid.body("application/json", "{"),
        "unsupported_media_type" => valid.body("text/plain", "{}"),
        "body_too_large" => valid.body("application/json", vec![b' '; 1024 * 1024]),
        "body_incomplete" => return Some(break_off(world, operation, &valid).await),
        "validation_failed" if operation.body().is_some_and(|(kind, ..)| kind.ends_with("json")) => {
            let mut body = valid.read_body();
            body["colour"] = json!("red");
            valid.json(&body)
        }
        "validation_failed" => valid.query("colour", "red"),
        "cursor_invalid" => valid.query("cursor", "made-up"),
        "sync_token_invalid" => valid.query("token", "made-up"),
        "task_not_restorable" => break_the_history(world, valid).await,
        "occurrence_over" if operation.method == Method::PATCH => {
            valid.json(&json!({"scope": "this", "title": "None is open"}))
        }
        "occurrence_over" => valid.body("application/json", json!({"occurrence": 99}).to_string()),
        "series_over" => {
            world.trail.recurring.set(valid.names.get("id")?, "status", json!("ended"));
            valid
        }
        "resync_required" => fall_behind(world, valid).await,
        "not_found" => {
            let thing = valid.thing()?.to_owned();
            valid.name(&thing, &Uuid::new_v4().to_string())
        }
        "entity_tag_invalid" => {
            let condition = ["If-Match", "If-None-Match"].into_iter().find(|name| operation.reads_header(name))?;
            valid.header(condition, "3")
        }
        "version_stale" => valid.header("If-Match", "\"99\""),
        "idempotency_key_invalid" => valid.header(IDEMPOTENCY_KEY, "two words"),
        "idempotency_key_reused" => reuse_key(world, operation, valid).await,
        "idempotency_in_flight" => return Some(send_twice_at_once(world, operation, valid).await),
        _ => return None,
    };
    Some(told(&request.send(client).await))
}

/// The status and the code of an answer.
pub(crate) fn told(answer: &Answer) -> (u16, String) {
    let code = answer.body.first().map(|_| answer.json()["code"].as_str().unwrap_or_default().to_owned());
    (answer.status.as_u16(), code.unwrap_or_default())
}

/// Somebody with the token for which that code is the answer, or without one.
fn with_token(world: &World, code: &str) -> Option<Client> {
    let (api, claims) = (&world.api, || world.api.issuer.claims("alice"));
    let token = match code {
        "token_missing" => return Some(world.anyone.clone()),
        "token_malformed" => "x.y.z".to_owned(),
        "token_algorithm_refused" => claims().unsigned(),
        "token_expired" => claims().expires_in(Duration::seconds(-1)).sign(),
        "token_signature_invalid" => claims().sign_with_a_foreign_key(),
        "token_issuer_unknown" => claims().claim("iss", "https://evil.example").sign(),
        "token_audience_wrong" => claims().claim("aud", "https://evil.example").sign(),
        "token_key_unknown" => claims().header("kid", "unknown").sign(),
        "token_claims_invalid" => claims().without_claim("iat").sign(),
        "user_mismatch" => api.issuer.token("mallory"),
        "user_of_another_issuer" => built_in(api, "alice"),
        _ => return None,
    };
    Some(world.anyone.with_token(token))
}

/// What only the operations that hand out credentials refuse.
async fn produce_by_credentials(world: &World, operation: &Operation, code: &str) -> Option<(u16, String)> {
    let (api, path) = (&world.api, operation.path.as_str());
    let (anyone, valid) = (&world.anyone, world.valid(operation, &world.alice));
    let refused = match (operation.id(), code) {
        ("register", "email_taken") => {
            let valid = valid.await;
            valid.send(anyone).await.expect(201);
            valid.send(anyone).await
        }
        ("register", "refresh_token_reused") => {
            let (valid, key) = (valid.await, key());
            let first = post_once(api, path, &key, &valid.read_body()).await.expect(201).json();
            refresh(api, &first).await.expect(200);
            post_once(api, path, &key, &valid.read_body()).await
        }
        ("get_tokens", "credentials_invalid") => {
            let valid = valid.await;
            let body = json!({"email": valid.read_body()["email"], "password": "a wrong one"});
            valid.json(&body).send(anyone).await
        }
        ("get_tokens", "refresh_token_invalid") => refresh(api, &json!({"refresh_token": "made-up"})).await,
        ("get_tokens", "refresh_token_reused" | "refresh_token_revoked") => {
            let first = valid.await.send(anyone).await.expect(200).json();
            let second = refresh(api, &first).await.expect(200).json();
            let reused = refresh(api, &first).await;
            if code == "refresh_token_reused" { reused } else { refresh(api, &second).await }
        }
        ("get_tokens", "refresh_token_expired") => {
            // In a world of its own, because its time goes on.
            let api = Api::start().await;
            let first = registered(&api).await;
            api.clock.advance(Duration::days(31));
            refresh(&api, &first).await
        }
        _ => return None,
    };
    Some(told(&refused))
}

/// Sends the start of a body, and ends the connection's sending half.
async fn break_off(world: &World, operation: &Operation, valid: &Valid) -> (u16, String) {
    let host = world.api.base.strip_prefix("http://").unwrap();
    let authorization = if operation.is_public() {
        String::new()
    } else {
        format!("Authorization: Bearer {}\r\n", world.api.issuer.token("alice"))
    };
    let head = format!(
        "{} {} HTTP/1.1\r\nHost: {host}\r\n{authorization}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{",
        valid.method,
        valid.path()
    );
    let mut connection = TcpStream::connect(host).await.unwrap();
    connection.write_all(head.as_bytes()).await.unwrap();
    connection.shutdown().await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    let body: Value =
        answer.split("\r\n\r\n").nth(1).and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default();
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

/// The request for a task that was purged, and that by its history had no title.
async fn break_the_history(world: &World, valid: Valid) -> Valid {
    let mine = world.alice.create(json!({"title": "Says where I am"})).await;
    let (thing, id) = (valid.thing().unwrap().to_owned(), Uuid::new_v4().to_string());
    let task = json!({"user_id": "alice", "title": "", "version": 2, "created_at": "2026-01-30T09:00:00Z"});
    world.trail.tell(&id, &mine["workspace_id"], &task);
    valid.name(&thing, &id)
}

/// The request with a token after which a change was forgotten.
async fn fall_behind(world: &World, valid: Valid) -> Valid {
    let token = valid.send(&world.alice.client).await.expect(200).json()["token"].as_str().unwrap().to_owned();
    world.alice.create(json!({"title": "Missed"})).await;
    world.owner.execute_unprepared("DELETE FROM core.outbox").await.unwrap();
    valid.query("token", &token)
}

/// The request with a key that another request of the same person has used.
async fn reuse_key(world: &World, operation: &Operation, valid: Valid) -> Valid {
    let key = key();
    if operation.is_public() {
        // Here a key is the person's whose address is given; in capitals it is the same, but another request.
        valid.clone().header(IDEMPOTENCY_KEY, &key).send(&world.anyone).await;
        let mut body = valid.read_body();
        body["email"] = json!(body["email"].as_str().unwrap().to_uppercase());
        return valid.json(&body).header(IDEMPOTENCY_KEY, &key);
    }
    let another = world.alice.client.request(Method::POST, "/api/tasks").header(IDEMPOTENCY_KEY, &key);
    another.json(&json!({"title": "Another request"})).send().await.expect(201);
    valid.header(IDEMPOTENCY_KEY, &key)
}

/// Sends the request twice while the first cannot end: what the second is told.
async fn send_twice_at_once(world: &World, operation: &Operation, valid: Valid) -> (u16, String) {
    let (request, client) = (valid.header(IDEMPOTENCY_KEY, &key()), world.entitled(operation));
    world.owner.execute_unprepared(HOLD).await.unwrap();
    let lock = begin(&world.owner).await.unwrap();
    lock.execute_unprepared("SELECT pg_advisory_xact_lock(1)").await.unwrap();
    let (one, other) = (request.send(client).boxed_local(), request.send(client).boxed_local());
    let (refused, waiting) = futures::future::select(one, other).await.factor_first();
    lock.rollback().await.unwrap();
    let granted = waiting.await;
    assert!(granted.status.is_success(), "{operation}: {}", granted.text());
    told(&refused)
}
