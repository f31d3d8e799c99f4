//! How often anybody may ask, and what is told of it.

use platform::database::begin;
use std::time::Duration;

use chrono::TimeDelta;
use platform::config::Variables;
use reqwest::Method;
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use testkit::eventually;
use testkit::http::{Answer, Client};

use crate::harness::{APP_TOKEN, Api};

const PASSWORD: &str = "correct horse battery";

async fn api(limits: &[(&str, &str)]) -> Api {
    let variables = limits.iter().fold(Variables::default(), |variables, (name, value)| variables.with(name, *value));
    Api::start_with(variables).await
}

fn registration(n: usize) -> Value {
    json!({
        "email": format!("ada-{n}@example.com"), "password": PASSWORD, "first_name": "Ada", "last_name": "Lovelace",
    })
}

#[tokio::test]
async fn a_user_is_limited_and_nobody_else() {
    let api = api(&[("RATE_LIMIT_PER_USER", "3/60"), ("RATE_LIMIT_PER_ADDRESS", "off")]).await;
    let (alice, bob) = (api.person("alice"), api.person("bob"));
    let answer = alice.client.post(&alice.tasks(), &json!({"title": "First"})).await.expect(201);
    assert_eq!(answer.header("ratelimit-policy"), Some("\"user\";q=3;w=60"));
    assert_eq!(answer.header("ratelimit"), Some("\"user\";r=2;t=20"));
    // What is refused for another reason is counted too.
    let wrong = alice.client.post(&alice.tasks(), &json!({})).await;
    wrong.expect_problem(422, "validation_failed");
    assert_eq!(wrong.header("ratelimit"), Some("\"user\";r=1;t=40"));
    alice.client.get(&bob.tasks()).await.expect_problem(401, "user_mismatch");

    let refused = alice.client.post(&alice.tasks(), &json!({"title": "Fourth"})).await;
    let problem = refused.expect_problem(429, "rate_limited");
    assert_eq!(problem["detail"], "The limit `user` is 3 requests in 60 s. Send the request again in 20 s.");
    assert_eq!((refused.header("retry-after"), refused.header("ratelimit")), (Some("20"), Some("\"user\";r=0;t=20")));
    assert_eq!(api.number("SELECT count(*) FROM core.tasks").await, 1);
    bob.client.get(&bob.tasks()).await.expect(200);

    api.clock.advance(TimeDelta::seconds(20));
    alice.client.get(&alice.tasks()).await.expect(200);
}

#[tokio::test]
async fn an_address_is_limited_whatever_it_shows() {
    let api = api(&[("RATE_LIMIT_PER_USER", "off"), ("RATE_LIMIT_PER_ADDRESS", "4/60")]).await;
    let (alice, anyone) = (api.person("alice"), Client::new(&api.base));
    alice.client.get(&alice.tasks()).await.expect(200);
    anyone.get(&alice.tasks()).await.expect_problem(401, "token_missing");
    let bad = anyone.with_token("x.y.z").get(&alice.tasks()).await;
    bad.expect_problem(401, "token_malformed");
    assert_eq!(bad.header("ratelimit-policy"), Some("\"address\";q=4;w=60"));
    assert_eq!(bad.header("ratelimit"), Some("\"address\";r=1;t=45"));
    anyone.get("/openapi.json").await.expect(200);
    for client in [&alice.client, &anyone] {
        let refused = client.get(&alice.tasks()).await;
        refused.expect_problem(429, "rate_limited");
        assert_eq!(refused.header("retry-after"), Some("15"));
    }
    let nowhere = anyone.get("/nowhere").await;
    nowhere.expect_problem(429, "rate_limited");
    // Health is asked by machines, and the rest by the sidecar: neither is limited.
    for path in ["/health", "/livez", "/readyz", "/metrics"] {
        assert_eq!(anyone.get(path).await.header("ratelimit"), None, "{path}");
    }
    let internal = anyone.request(Method::POST, "/internal/ws-tickets/redeem").header("dapr-api-token", APP_TOKEN);
    let internal = internal.json(&json!({"ticket": "x"})).send().await;
    internal.expect_problem(404, "not_found");
    assert_eq!(internal.header("ratelimit"), None);
}

#[tokio::test]
async fn what_is_not_there_is_counted_too() {
    let api = api(&[("RATE_LIMIT_PER_ADDRESS", "4/60")]).await;
    let anyone = Client::new(&api.base);
    for (method, path, (status, code), standing) in [
        (Method::GET, "/nowhere", (404, "not_found"), "\"address\";r=3;t=15"),
        (Method::POST, "/api/alice/nowhere", (404, "not_found"), "\"address\";r=2;t=30"),
        (Method::PUT, "/api/alice/tasks", (405, "method_not_allowed"), "\"address\";r=1;t=45"),
        (Method::GET, "/docs/nowhere", (404, "not_found"), "\"address\";r=0;t=15"),
        (Method::GET, "/nowhere", (429, "rate_limited"), "\"address\";r=0;t=15"),
    ] {
        let answer = anyone.request(method, path).send().await;
        answer.expect_problem(status, code);
        assert_eq!(answer.header("ratelimit"), Some(standing), "{path}");
        assert_eq!(answer.header("ratelimit-policy"), Some("\"address\";q=4;w=60"), "{path}");
    }
}

#[tokio::test]
async fn passwords_are_tried_slowly_for_each_account() {
    let api = api(&[("RATE_LIMIT_SIGN_IN", "3/60"), ("RATE_LIMIT_PER_ADDRESS", "off")]).await;
    let anyone = Client::new(&api.base);
    let ada: Value = anyone.post("/api/auth/register", &registration(0)).await.expect(201).json();
    anyone.post("/api/auth/register", &registration(1)).await.expect(201);
    let sign_in = async |email: &str, password: &str| {
        anyone.post("/api/auth/token", &json!({"email": email, "password": password})).await
    };
    for email in ["ada-0@example.com", "ADA-0@EXAMPLE.COM", "ada-0@example.com"] {
        sign_in(email, "a wrong guess").await.expect_problem(401, "credentials_invalid");
    }
    let refused = sign_in("ada-0@example.com", PASSWORD).await;
    let problem = refused.expect_problem(429, "rate_limited");
    assert_eq!(problem["violated-policies"], json!(["sign-in"]));
    assert_eq!(refused.header("retry-after"), Some("20"));
    // An account that is not there is limited alike.
    for _ in 0..3 {
        sign_in("nobody@example.com", "a wrong guess").await.expect_problem(401, "credentials_invalid");
    }
    sign_in("nobody@example.com", "a wrong guess").await.expect_problem(429, "rate_limited");
    // Others sign in, and who is signed in stays so.
    sign_in("ada-1@example.com", PASSWORD).await.expect(200);
    let refresh = json!({"refresh_token": ada["refresh_token"]});
    anyone.post("/api/auth/token", &refresh).await.expect(200);
    api.clock.advance(TimeDelta::seconds(20));
    sign_in("ada-0@example.com", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn an_address_does_not_try_one_account_after_another() {
    let api = api(&[("RATE_LIMIT_SIGN_IN", "1/60"), ("RATE_LIMIT_PER_ADDRESS", "off")]).await;
    let anyone = Client::new(&api.base);
    anyone.post("/api/auth/register", &registration(0)).await.expect(201);
    for n in 1..15 {
        let guess = json!({"email": format!("ada-{n}@example.com"), "password": "a wrong guess"});
        anyone.post("/api/auth/token", &guess).await.expect_problem(401, "credentials_invalid");
    }
    let guess = json!({"email": "ada-0@example.com", "password": PASSWORD});
    for (path, body) in [("/api/auth/token", guess), ("/api/auth/register", registration(99))] {
        let problem = anyone.post(path, &body).await.expect_problem(429, "rate_limited");
        assert_eq!(problem["violated-policies"], json!(["sign-in-address"]), "{path}");
    }
    assert_eq!(api.number("SELECT count(*) FROM core.users").await, 1);
}

#[tokio::test]
async fn pages_of_other_origins_can_read_that_they_are_limited() {
    let api = api(&[("RATE_LIMIT_PER_ADDRESS", "1/60")]).await;
    let get = || {
        let request = Client::new(&api.base).request(Method::GET, "/api/auth/jwks");
        request.header("origin", "http://localhost:3000").send()
    };
    get().await.expect(200);
    let refused = get().await;
    refused.expect_problem(429, "rate_limited");
    assert_eq!(refused.header("access-control-allow-origin"), Some("http://localhost:3000"));
    let exposed = refused.header("access-control-expose-headers").unwrap();
    assert!(["ratelimit", "ratelimit-policy", "retry-after"].iter().all(|name| exposed.contains(name)), "{exposed}");
}

#[tokio::test]
async fn every_operation_tells_in_the_document_that_it_may_be_too_much() {
    let api = Api::start().await;
    let document = Client::new(&api.base).get("/openapi.json").await.expect(200).json();
    let items = document["paths"].as_object().unwrap().values();
    let operations: Vec<_> = items.flat_map(|item| item.as_object().unwrap().values()).collect();
    assert!(operations.len() >= 10);
    for operation in operations {
        for status in ["429", "503"] {
            let kind = &operation["responses"][status]["content"]["application/problem+json"];
            assert!(kind.is_object(), "{status} of {}", operation["operationId"]);
        }
    }
}

/// Asks until there is a place for the request.
async fn list_at_last(client: Client, path: String) -> Answer {
    eventually(Duration::from_mins(1), async || Some(client.get(&path).await).filter(|answer| answer.status != 503))
        .await
}

#[tokio::test]
async fn a_flood_is_refused_and_what_was_taken_on_is_finished() {
    let limits = [("MAX_REQUESTS_IN_PROGRESS", "1"), ("DATABASE_POOL", "1"), ("DATABASE_WAIT_SECONDS", "30")];
    let api = api(&limits).await;
    let alice = api.person("alice");
    alice.create(json!({"title": "First"})).await;
    // Whoever wants to change a task waits for this transaction.
    let held = begin(&api.owner().await).await.unwrap();
    held.execute_unprepared("LOCK TABLE core.tasks IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let first = tokio::spawn(list_at_last(alice.client.clone(), alice.tasks()));
    // The first to have the place waits for the table; everybody after it is refused at once.
    eventually(Duration::from_secs(20), async || {
        (alice.client.get("/api/auth/jwks").await.status == 503).then_some(())
    })
    .await;
    for _ in 0..20 {
        let refused = alice.client.post(&alice.tasks(), &json!({"title": "Second"})).await;
        refused.expect_problem(503, "overloaded");
        assert_eq!(refused.header("retry-after"), Some("1"));
    }
    alice.client.get("/nowhere").await.expect_problem(503, "overloaded");
    alice.client.get("/livez").await.expect(200);
    held.rollback().await.unwrap();
    assert_eq!(first.await.unwrap().expect(200).json()["items"].as_array().unwrap().len(), 1);
    alice.create(json!({"title": "Third"})).await;
}

#[tokio::test]
async fn who_waits_too_long_for_a_connection_is_told_so() {
    let api = api(&[("DATABASE_POOL", "1"), ("DATABASE_WAIT_SECONDS", "1")]).await;
    let alice = api.person("alice");
    alice.create(json!({"title": "First"})).await;
    let held = begin(&api.owner().await).await.unwrap();
    held.execute_unprepared("LOCK TABLE core.tasks IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let first = tokio::spawn(list_at_last(alice.client.clone(), alice.tasks()));
    // The only connection waits for the table.
    let refused = eventually(Duration::from_secs(20), async || {
        let answer = alice.client.get("/api/alice/profile").await;
        (answer.status == 503).then_some(answer)
    });
    let refused = refused.await;
    refused.expect_problem(503, "database_unavailable");
    assert_eq!(refused.header("retry-after"), Some("1"));
    held.rollback().await.unwrap();
    first.await.unwrap().expect(200);
}
