//! Somebody is away, or is killed, between a completion and the next instance.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::json;
use testkit::eventually;

use crate::backend::Behaviour::{Away, HangsOnce, Holds, IsFaulty, Mute, Refuses, Well};
use crate::fact::{completed, created};
use crate::service::{DEADLINE, Service};

/// The first instance is there, and done, while backend-api behaves so.
async fn done_while(behaviour: crate::backend::Behaviour) -> Service {
    let service = Service::start().await;
    let first = created(1, json!({}));
    service.learn(&first).await;
    service.backend.behaves(behaviour);
    service.learn(&completed(2, &first, "2026-01-31T09:00:00Z")).await;
    service
}

#[tokio::test]
async fn while_backend_api_is_away_the_next_one_waits_and_then_comes_once() {
    let service = done_while(Away).await;
    service.asks(1).await;
    let shown = service.get("/readyz").await;
    assert_eq!(shown["checks"]["instances"]["waiting"], 1, "{shown}");
    service.backend_answers(Well).await;
    service.makes(1).await;
    service.rests().await;
    service.makes(1).await;
}

#[tokio::test]
async fn an_answer_that_is_lost_makes_no_second_one() {
    let service = done_while(Mute).await;
    service.makes(1).await;
    service.backend_answers(Well).await;
    service.rests().await;
    service.makes(1).await;
    assert_eq!(service.backend.asked()[..2], ["make 2", "make 2"]);
}

#[tokio::test]
async fn what_was_to_be_made_is_made_after_a_restart() {
    let mut service = done_while(Away).await;
    service.asks(1).await;
    service.away(|service| service.backend.behaves(Well)).await;
    service.backend_answers(Well).await;
    service.makes(1).await;
    service.rests().await;
}

#[tokio::test]
async fn one_that_a_replica_hangs_on_is_made_by_another() {
    let service = done_while(HangsOnce).await;
    service.asks(1).await;
    // Whoever hangs has it for five seconds.
    let _other = service.another().await;
    service.clock.advance(TimeDelta::seconds(6));
    eventually(DEADLINE, || async { (service.backend.asked().len() > 1).then_some(()) }).await;
    service.makes(1).await;
    service.rests().await;
    assert_eq!(service.series().await["occurrence"], 2);
}

#[tokio::test]
async fn what_is_changed_while_an_instance_is_being_made_is_in_the_one_that_stays() {
    let service = done_while(Holds).await;
    service.asks(1).await;
    service.clock.advance(TimeDelta::seconds(1));
    service.order("change", json!({"changes": {"title": "Water the ferns"}})).await;
    service.backend.behaves(Well);
    service.makes(2).await;
    service.rests().await;
    let open = service.backend.open();
    assert_eq!((open.len(), &open[0]["title"], &open[0]["occurrence"]), (1, &json!("Water the ferns"), &json!(2)));
    assert_eq!(service.series().await["task_id"], open[0]["id"]);
}

#[tokio::test]
async fn a_series_whose_workspace_is_gone_stops_and_says_so() {
    let service = done_while(Refuses).await;
    service.rests().await;
    let series = service.series().await;
    assert_eq!((&series["status"], &series["reason"]), (&json!("stopped"), &json!("refused: the workspace is gone")));
    assert_eq!(service.asks(1).await, ["make 2"]);
}

#[tokio::test]
async fn an_instance_that_backend_api_fails_on_holds_up_no_other_and_is_made_in_the_end() {
    let service = Service::start().await;
    service.backend.behaves(IsFaulty);
    for n in 1..=20_u128 {
        let title = if n <= 10 { "Broken" } else { "Water the plants" };
        let first = created(n, json!({"id": uuid::Uuid::from_u128(n), "title": title}));
        service.learn(&first).await;
        service.learn(&completed(100 + n, &first, "2026-01-31T09:00:00Z")).await;
    }
    service.makes(10).await;
    service.backend_answers(Well).await;
    service.makes(20).await;
}

#[tokio::test]
async fn the_next_one_is_there_within_a_second() {
    let service = Service::start().await;
    let first = created(1, json!({}));
    service.learn(&first).await;
    let done = completed(2, &first, "2026-01-31T09:00:00Z");
    let begun = tokio::time::Instant::now();
    service.learn(&done).await;
    service.makes(1).await;
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}
