//! `POST /api/{user_id}/ws-ticket`, and what a ticket is good for.

use chrono::Duration;
use reqwest::Method;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use serde_json::{Value, json};
use testkit::http::{Answer, Client};

use crate::harness::{APP_TOKEN, Api, Person, key};

const PATH: &str = "/api/alice/ws-ticket";

async fn redeem(api: &Api, ticket: &Value) -> Answer {
    let request = Client::new(&api.base).request(Method::POST, "/internal/ws-tickets/redeem");
    request.header("dapr-api-token", APP_TOKEN).json(&json!({"ticket": ticket})).send().await
}

async fn buy_once(person: &Person, key: &str) -> Answer {
    person.client.request(Method::POST, PATH).header("idempotency-key", key).send().await.expect(201)
}

#[tokio::test]
async fn a_ticket_is_good_once_and_for_30_seconds() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let buy = || async { alice.client.post(PATH, &json!({})).await.expect(201).json() };
    let bought = buy().await;
    assert_eq!(bought["expires_in"], 30);
    let redeemed = redeem(&api, &bought["ticket"]).await.expect(200).json();
    assert_eq!(redeemed, json!({"user_id": "alice", "expires_at": "2026-01-31T09:15:00Z"}));
    redeem(&api, &bought["ticket"]).await.expect_problem(404, "not_found");
    let late = buy().await;
    api.clock.advance(Duration::seconds(30));
    redeem(&api, &late["ticket"]).await.expect_problem(404, "not_found");
    redeem(&api, &json!("x")).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn a_repeated_purchase_gets_the_same_ticket_for_the_rest_of_its_time() {
    let api = Api::start().await;
    let (alice, key) = (api.person("alice"), key());
    let first = buy_once(&alice, &key).await;
    api.clock.advance(Duration::seconds(10));
    let again = buy_once(&alice, &key).await;
    assert_eq!((first.header("cache-control"), first.header("idempotent-replayed")), (Some("no-store"), None));
    assert_eq!((again.header("cache-control"), again.header("idempotent-replayed")), (Some("no-store"), Some("true")));
    let (first, again) = (first.json(), again.json());
    assert_eq!((&again["ticket"], &again["expires_in"]), (&first["ticket"], &json!(20)));
    // Of a second that has begun something is left.
    api.clock.advance(Duration::milliseconds(1));
    assert_eq!(buy_once(&alice, &key).await.json()["expires_in"], 20);
    redeem(&api, &again["ticket"]).await.expect(200);
    redeem(&api, &first["ticket"]).await.expect_problem(404, "not_found");
    api.clock.advance(Duration::minutes(1));
    assert_eq!(buy_once(&alice, &key).await.json()["expires_in"], 0);
}

#[tokio::test]
async fn tickets_are_kept_nowhere() {
    let api = Api::start().await;
    let ticket = buy_once(&api.person("alice"), &key()).await.json()["ticket"].as_str().unwrap().to_owned();
    let sql = "SELECT (SELECT jsonb_agg(kept) FROM core.idempotency_keys kept)::text || \
               (SELECT jsonb_agg(sold) FROM core.ws_tickets sold)::text";
    let statement = Statement::from_string(DbBackend::Postgres, sql);
    let row = api.owner().await.query_one_raw(statement).await.unwrap().unwrap();
    let kept: String = row.try_get_by_index(0).unwrap();
    assert!(kept.contains("alice") && !kept.contains(&ticket), "{kept}");
}
