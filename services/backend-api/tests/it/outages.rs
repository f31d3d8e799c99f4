//! What operations refuse while something that they need is away, or too many ask: every operation that documents it.

use platform::database::begin;
use std::collections::BTreeSet;
use std::time::Duration;

use chrono::TimeDelta;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use platform::config::Variables;
use sea_orm::ConnectionTrait as _;
use testkit::{Proxy, eventually};
use uuid::Uuid;

use crate::document::{Document, Operation};
use crate::harness::Api;
use crate::refusals::told;
use crate::valid_requests::{Valid, World};

/// What notification-service answers alone, and what is only counted: of somebody who is known, these ask the database nothing.
const ANSWERED_ELSEWHERE: [&str; 7] = [
    "get_notification_preferences",
    "list_notifications",
    "preview_recurrence",
    "read_all_notifications",
    "read_notification",
    "unread_notification",
    "update_notification_preferences",
];

/// Every operation that documents `code`.
fn documenting(code: &str) -> Vec<Operation> {
    let operations = Document::get().operations().into_iter();
    operations.filter(|operation| operation.refusals().iter().any(|(_, documented)| *documented == code)).collect()
}

/// Sends a valid request to each operation that documents `code`, all at once: it must be the answer of each.
async fn all_refuse(world: &World, requests: Vec<(Operation, Valid)>, status: u16, code: &str) {
    assert!(!requests.is_empty(), "{code} is documented nowhere: take it off this test");
    let answers = requests.iter().map(|(operation, request)| async move {
        let client = world.entitled(operation);
        (operation.to_string(), told(&request.send(client).await))
    });
    let answers = futures::future::join_all(answers).await;
    let others: BTreeSet<_> = answers.into_iter().filter(|(_, told)| *told != (status, code.to_owned())).collect();
    assert!(others.is_empty(), "not {status} {code}: {others:?}");
}

async fn valid_requests(world: &World, code: &str) -> Vec<(Operation, Valid)> {
    let mut requests = Vec::new();
    for operation in documenting(code) {
        let valid = world.valid(&operation, &world.alice).await;
        requests.push((operation, valid));
    }
    requests
}

#[tokio::test]
async fn without_the_database_it_is_said_so() {
    let database = testkit::Database::create::<backend_api::Migrator>(backend_api::SCHEMA).await;
    let proxy = Proxy::to(&database.url()).await;
    let api = Api::start_behind(&proxy, database).await;
    let world = World::around(api).await;
    let requests = valid_requests(&world, "database_unavailable").await;
    let elsewhere = |(operation, _): &(Operation, Valid)| ANSWERED_ELSEWHERE.contains(&operation.id());
    let (elsewhere, here): (Vec<_>, Vec<_>) = requests.into_iter().partition(elsewhere);
    proxy.cut();
    all_refuse(&world, here, 503, "database_unavailable").await;
    // Nobody knows yet who that is.
    let world = World { alice: world.api.person("carol"), ..world };
    let elsewhere = elsewhere.into_iter().map(|(operation, request)| (operation, request.name("user_id", "carol")));
    all_refuse(&world, elsewhere.collect(), 503, "database_unavailable").await;
}

#[tokio::test]
async fn without_the_issuer_it_is_said_so() {
    let world = World::around(Api::start().await).await;
    let requests = valid_requests(&world, "identity_unavailable").await;
    world.api.issuer.switch_off();
    world.api.clock.advance(TimeDelta::hours(25));
    let world = World { alice: world.api.person("alice"), ..world };
    all_refuse(&world, requests, 503, "identity_unavailable").await;
}

#[tokio::test]
async fn without_the_other_services_it_is_said_so() {
    let world = World::around(Api::start().await).await;
    let mut requests = valid_requests(&world, "service_unavailable").await;
    for (_, request) in &mut requests {
        // Others are asked for things that are not here.
        if let Some(thing) = request.thing().map(str::to_owned) {
            *request = request.clone().name(&thing, &Uuid::new_v4().to_string());
        }
    }
    all_refuse(&world, requests, 503, "service_unavailable").await;
}

#[tokio::test]
async fn whoever_asks_too_often_is_told_so() {
    let limits = Variables::default().with("RATE_LIMIT_PER_ADDRESS", "500/60").with("RATE_LIMIT_SIGN_IN", "off");
    let world = World::around(Api::start_with(limits).await).await;
    let requests = valid_requests(&world, "rate_limited").await;
    // Time stands still, so that what is used up is not given again.
    while world.anyone.get("/api/auth/jwks").await.status == 200 {}
    all_refuse(&world, requests, 429, "rate_limited").await;
}

#[tokio::test]
async fn when_there_is_too_much_to_do_it_is_said_so() {
    let world = World::around(Api::start_with(Variables::default().with("MAX_REQUESTS_IN_PROGRESS", "1")).await).await;
    let requests = valid_requests(&world, "overloaded").await;
    let lock = begin(&world.owner).await.unwrap();
    lock.execute_unprepared("LOCK TABLE core.users").await.unwrap();
    let alice = world.alice.client.clone();
    // Whoever gets the only place waits for the table; looking whether it is taken may take it for a moment.
    let waiting = tokio::spawn(eventually(Duration::from_mins(1), move || {
        let alice = alice.clone();
        async move { Some(alice.get("/api/alice/profile").await).filter(|answer| answer.status != 503) }
    }));
    let taken = || async { (world.anyone.get("/api/auth/jwks").await.status == 503).then_some(()) };
    eventually(Duration::from_secs(20), taken).await;
    all_refuse(&world, requests, 503, "overloaded").await;
    lock.rollback().await.unwrap();
    waiting.await.unwrap().expect(200);
}

#[test]
fn when_too_many_sign_in_it_is_said_so() {
    // Passwords are hashed on threads for what blocks. There is one, and it has something else to do.
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(1).max_blocking_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let world = World::around(Api::start().await).await;
        let requests = valid_requests(&world, "busy").await;
        let (finish, wait) = std::sync::mpsc::channel::<()>();
        let blocked = tokio::task::spawn_blocking(move || wait.recv());
        // Two of all these get a place and wait for the thread; those who find none are told so after a while.
        let thrice = requests.iter().cycle().take(requests.len() * 3);
        let mut answers: FuturesUnordered<_> = thrice
            .map(|(operation, request)| async { (operation.to_string(), told(&request.send(&world.anyone).await)) })
            .collect();
        let mut refused = BTreeSet::new();
        while refused.len() < requests.len() {
            let (operation, told) = answers.next().await.unwrap();
            assert_eq!(told, (503, "busy".to_owned()), "{operation}");
            refused.insert(operation);
        }
        finish.send(()).unwrap();
        answers.collect::<Vec<_>>().await;
        blocked.await.unwrap().unwrap();
    });
}
