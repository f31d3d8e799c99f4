//! Connections to the database that are lost: ended by a server that went to sleep, or forgotten on the way without a word.

use std::time::{Duration, Instant};

use futures::future::join_all;
use platform::config::Variables;
use platform::database::begin;
use sea_orm::ConnectionTrait as _;
use serde_json::json;
use testkit::{Database, Proxy, eventually};

use crate::harness::{Api, Person, key};

/// How long anything may take on a busy machine.
const DEADLINE: Duration = Duration::from_secs(30);

/// Connections of the service: another is used every second by the relay, and the others in turn.
const IDLE: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename <> current_user \
                    AND state = 'idle' AND state_change < clock_timestamp() - interval '1.2 s'";

/// A service that reaches its database through a proxy, waits 4 s for a connection and 2 s for an answer.
async fn behind_a_proxy(connections: &str) -> (Api, Proxy) {
    let database = Database::create::<backend_api::Migrator>(backend_api::SCHEMA).await;
    let proxy = Proxy::to(&database.url()).await;
    let variables = Variables::default()
        .with("DATABASE_URL", proxy.url())
        .with("DATABASE_POOL", connections)
        .with("DATABASE_WAIT_SECONDS", "4")
        .with("DATABASE_ANSWER_SECONDS", "2");
    (Api::start_on(variables, database).await, proxy)
}

/// Has the service make some connections, and waits until it uses them no more.
async fn fall_idle(api: &Api, alice: &Person) {
    join_all((0..6).map(|n| alice.create(json!({"title": format!("Before {n}")})))).await;
    eventually(DEADLINE, || async { (api.number(IDLE).await >= 3).then_some(()) }).await;
}

async fn titles(alice: &Person) -> usize {
    let list = alice.client.get(&alice.tasks()).await.expect(200).json();
    list["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_database_that_ended_idle_connections_serves_the_next_request() {
    let (api, _proxy) = behind_a_proxy("16").await;
    let alice = api.person("alice");
    fall_idle(&api, &alice).await;
    let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
               WHERE datname = current_database() AND usename <> current_user";
    assert!(api.number(sql).await > 0);
    alice.create(json!({"title": "After"})).await;
    assert_eq!(titles(&alice).await, 7);
}

#[tokio::test]
async fn idle_connections_that_were_forgotten_hold_the_next_request_up_no_longer_than_it_may_wait() {
    let (api, proxy) = behind_a_proxy("16").await;
    let alice = api.person("alice");
    fall_idle(&api, &alice).await;
    proxy.forget();
    let begun = Instant::now();
    alice.create(json!({"title": "After"})).await;
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    assert_eq!(titles(&alice).await, 7);
}

#[tokio::test]
async fn a_create_whose_answer_was_lost_is_refused_in_time_and_made_once() {
    let (api, proxy) = behind_a_proxy("1").await;
    let alice = api.person("alice");
    let create = async |title: &str, key: &str| {
        let request = alice.client.request(reqwest::Method::POST, &alice.tasks());
        request.header("Idempotency-Key", key).json(&json!({"title": title})).send().await
    };
    // From here on the statement is prepared.
    create("Before", &key()).await.expect(201);
    let key = key();
    let owner = api.owner().await;
    let held = begin(&owner).await.unwrap();
    held.execute_unprepared("LOCK TABLE core.tasks IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let begun = Instant::now();
    let (refused, ()) = tokio::join!(create("Once", &key), async {
        eventually(DEADLINE, || async { (api.number(waits).await > 0).then_some(()) }).await;
        proxy.forget();
    });
    assert_eq!(refused.expect(503).json()["code"], "database_unavailable");
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    // The server has it still, and stores it now.
    held.rollback().await.unwrap();
    eventually(DEADLINE, || async { (api.number("SELECT count(*) FROM core.tasks").await == 2).then_some(()) }).await;
    let told = create("Once", &key).await.expect(201);
    assert_eq!(told.header("idempotent-replayed"), Some("true"));
    assert_eq!(titles(&alice).await, 2);
}
