//! A client that comes back gets what it missed, in order and once, and then what comes.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::eventually;
use uuid::Uuid;

use crate::client::Client;
use crate::raw::{RawClient, TEXT};
use crate::world::{DEADLINE, World, cloud_event, new_id, task_updated};

/// A user whose personal workspace stands at `sequence`, with all of its history.
fn member(world: &World, user: &str, sequence: i64) -> Uuid {
    let workspace = new_id();
    world.backend.member(user, workspace, sequence);
    world.past(workspace, 1..=sequence);
    workspace
}

/// Waits until the history was asked for so many times.
async fn await_reads(world: &World, times: usize) {
    eventually(DEADLINE, async || (world.backend.reads.load(Ordering::SeqCst) >= times).then_some(())).await;
}

/// Insists that the next message says where the socket begins in its personal workspace.
async fn expect_subscribed(client: &mut Client, sequence: i64) -> Value {
    let message = client.message().await;
    assert_eq!((&message["type"], &message["sequence"]), (&json!("subscribed"), &json!(sequence)));
    message
}

async fn expect_resync(client: &mut Client) {
    assert_eq!(client.message().await, json!({"type": "resync_required"}));
}

#[tokio::test]
async fn five_changes_while_away_are_five_events_on_return() {
    let world = World::start().await;
    let workspace = member(&world, "alice", 41);
    let mut client = world.subscribed("alice").await;
    world.happen(workspace, 42).await;
    assert_eq!(client.event().await, 42);
    drop(client);
    world.past(workspace, 43..=47);
    world.backend.stand_at(workspace, 47);
    let mut client = world.resume("alice", "42").await;
    let subscribed = expect_subscribed(&mut client, 42).await;
    assert_eq!(subscribed["workspaces"], json!([{"id": workspace, "sequence": 42}]));
    for sequence in 43..=47 {
        assert_eq!(client.event().await, sequence);
    }
    client.nothing_more().await;
    world.happen(workspace, 48).await;
    assert_eq!(client.event().await, 48);
    client.nothing_more().await;
    assert_eq!(world.metric("events_replayed_total").await, 5);
}

#[tokio::test]
async fn what_is_replayed_is_what_was_published() {
    let world = World::start().await;
    let workspace = member(&world, "alice", 0);
    let mut event = task_updated(workspace, 1, "Grüße, 世界 \u{1F600} \"\\\u{7f}");
    event["from_a_newer_producer"] = json!({"big": u64::MAX, "small": 1.5});
    world.backend.record(&event);
    world.backend.stand_at(workspace, 1);
    let mut client = world.resume("alice", "0").await;
    expect_subscribed(&mut client, 0).await;
    assert_eq!(client.message().await, json!({"type": "event", "sequence": 1, "event": event}));
}

#[tokio::test]
async fn who_missed_nothing_costs_no_read() {
    let world = World::start().await;
    let workspace = member(&world, "alice", 41);
    let mut client = world.resume("alice", "41").await;
    expect_subscribed(&mut client, 41).await;
    world.happen(workspace, 42).await;
    assert_eq!(client.event().await, 42);
    assert_eq!(world.backend.reads.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn several_workspaces_are_resumed_each_from_its_own_number() {
    let world = World::start().await;
    let own = member(&world, "alice", 3);
    let (one, two) = (new_id(), new_id());
    for workspace in [one, two] {
        world.backend.member("alice", workspace, 7);
        world.past(workspace, 1..=7);
    }
    let by_query = world.resume("alice", &format!("{own}:2,{one}:5")).await;
    let mut by_message = Client::open(world.address, "?last_seen=0", &[]).await.unwrap();
    let last_seen = json!({own.to_string(): 2, one.to_string(): 5});
    by_message.send(&json!({"type": "auth", "token": world.token("alice"), "last_seen": last_seen}).to_string()).await;
    for mut client in [by_query, by_message] {
        let subscribed = expect_subscribed(&mut client, 2).await;
        let positions = json!([{"id": own, "sequence": 2}, {"id": one, "sequence": 5}, {"id": two, "sequence": 7}]);
        assert_eq!(subscribed["workspaces"], positions, "what is not named begins at the present");
        let mut told = Vec::new();
        for _ in 0..3 {
            let message = client.message().await;
            told.push((message["event"]["organization_id"].clone(), message["sequence"].clone()));
        }
        assert_eq!(told, [(json!(own), json!(3)), (json!(one), json!(6)), (json!(one), json!(7))]);
        client.nothing_more().await;
    }
}

#[tokio::test]
async fn what_comes_during_a_replay_is_neither_lost_nor_doubled() {
    let world = World::start().await;
    let workspace = member(&world, "alice", 5);
    world.backend.close_history();
    let mut client = world.resume("alice", "2").await;
    expect_subscribed(&mut client, 2).await;
    await_reads(&world, 1).await;
    // The answer that is held back has the events up to 5.
    for sequence in [5, 6, 7] {
        world.happen(workspace, sequence).await;
    }
    world.backend.let_read(1);
    for sequence in 3..=5 {
        assert_eq!(client.event().await, sequence);
    }
    await_reads(&world, 2).await;
    client.nothing_more().await;
    world.backend.let_read(100);
    for sequence in [6, 7] {
        assert_eq!(client.event().await, sequence);
    }
    world.happen(workspace, 7).await;
    world.happen(workspace, 8).await;
    assert_eq!(client.event().await, 8);
    client.nothing_more().await;
}

#[tokio::test]
async fn events_without_end_reach_a_client_that_reads_slowly() {
    let world = World::start_with(|config| config.limits.queue_bytes = 64 * 1024).await;
    let (own, other) = (new_id(), new_id());
    world.backend.member("alice", own, 600);
    world.backend.member("alice", other, 0);
    let title = "x".repeat(10 * 1024);
    for sequence in 1..=600 {
        world.backend.record(&task_updated(own, sequence, &title));
    }
    let mut client = RawClient::resume(world.address, &world.token("alice"), "0").await;
    await_reads(&world, 1).await;
    // 12 MB wait for it, and what comes in another workspace meanwhile is in nobody's way.
    for sequence in 1..=20 {
        world.happen(other, sequence).await;
    }
    assert!(world.metric("events_replayed_total").await < 600, "it was to be blocked");
    let (mut last, mut last_of_other) = (0, 0);
    assert_eq!(client.frame().await.0, TEXT);
    while last < 600 || last_of_other < 20 {
        let message: Value = serde_json::from_slice(&client.frame().await.1).unwrap();
        let of = if message["event"]["organization_id"] == json!(own) { &mut last } else { &mut last_of_other };
        assert_eq!(message["sequence"], *of + 1, "{message:.200}");
        *of += 1;
    }
    assert_eq!(world.metric("slow_readers_closed_total").await, 0);
}

#[tokio::test]
async fn what_cannot_be_replayed_is_told() {
    let world = World::start().await;
    let workspace = member(&world, "alice", 41);
    world.backend.forget(workspace, 30);
    let foreign = member(&world, "bob", 5);
    // Too long ago; ahead of us; not alice's to see, or no more.
    for (last_seen, start) in [
        ("29".to_owned(), 29),
        ("0".to_owned(), 0),
        ("42".to_owned(), 41),
        ("9223372036854775807".to_owned(), 41),
        (format!("{foreign}:3"), 41),
        (format!("{}:0", new_id()), 41),
    ] {
        let mut client = world.resume("alice", &last_seen).await;
        expect_subscribed(&mut client, start).await;
        expect_resync(&mut client).await;
        client.nothing_more().await;
    }
    let mut client = world.resume("alice", "12").await;
    expect_subscribed(&mut client, 12).await;
    expect_resync(&mut client).await;
    let mut kept = world.resume("alice", "30").await;
    expect_subscribed(&mut kept, 30).await;
    for sequence in 31..=41 {
        assert_eq!(kept.event().await, sequence);
    }
    world.happen(workspace, 42).await;
    for client in [&mut client, &mut kept] {
        assert_eq!(client.event().await, 42, "from the present on");
    }
    world.happen(foreign, 6).await;
    client.nothing_more().await;
}

#[tokio::test]
async fn who_loses_a_workspace_is_not_told_what_happened_there() {
    let world = World::start().await;
    let own = member(&world, "alice", 1);
    let shared = new_id();
    world.backend.member("alice", shared, 5);
    world.past(shared, 1..=5);
    world.backend.close_history();
    let mut client = world.resume("alice", &format!("{own}:0,{shared}:2")).await;
    expect_subscribed(&mut client, 0).await;
    await_reads(&world, 1).await;
    world.backend.dismiss("alice", shared);
    world.backend.let_read(100);
    assert_eq!(client.event().await, 1);
    expect_resync(&mut client).await;
    world.happen(shared, 6).await;
    world.happen(own, 2).await;
    assert_eq!(client.message().await["event"]["organization_id"], json!(own));
    client.nothing_more().await;
}

#[tokio::test]
async fn what_a_broker_lost_is_replayed_too() {
    let world = World::start().await;
    let (workspace, mut client) = world.user("alice", 0).await;
    world.happen(workspace, 1).await;
    world.past(workspace, 2..=3);
    world.happen(workspace, 4).await;
    world.happen(workspace, 5).await;
    for sequence in 1..=5 {
        assert_eq!(client.event().await, sequence);
    }
    // Nor does it wait for what is not even in the history.
    let stray = cloud_event(&task_updated(workspace, 9, "From another history"));
    assert_eq!(world.deliver(stray).await, "SUCCESS");
    world.happen(workspace, 6).await;
    assert_eq!(client.event().await, 6);
    client.nothing_more().await;
}

#[tokio::test]
async fn without_the_history_the_client_comes_back_later() {
    let world = World::start().await;
    let workspace = member(&world, "alice", 5);
    let mut client = world.subscribed("alice").await;
    world.backend.set_away();
    assert_eq!(world.deliver(cloud_event(&task_updated(workspace, 7, "Buy milk"))).await, "SUCCESS");
    assert_eq!(client.error().await, "unavailable");
    assert_eq!(client.close().await.0, 1013);
}

#[tokio::test]
async fn when_everybody_comes_back_at_once_they_take_turns() {
    let world = World::start_with(|config| config.limits.sockets_per_user = 100).await;
    member(&world, "alice", 250);
    world.backend.close_history();
    let mut clients = Vec::new();
    for _ in 0..60 {
        clients.push(world.resume("alice", "0").await);
    }
    await_reads(&world, 16).await;
    world.backend.let_read(100_000);
    for client in &mut clients {
        expect_subscribed(client, 0).await;
        for sequence in 1..=250 {
            assert_eq!(client.event().await, sequence);
        }
        client.nothing_more().await;
    }
    assert_eq!(world.backend.reads_at_once.load(Ordering::SeqCst), 16);
}

#[tokio::test]
async fn a_replay_does_not_hold_up_the_stop() {
    let world = World::start().await;
    member(&world, "alice", 5);
    world.backend.close_history();
    let mut client = world.resume("alice", "0").await;
    await_reads(&world, 1).await;
    world.shutdown.cancel();
    assert_eq!(client.close().await.0, 1001);
    tokio::time::timeout(DEADLINE, world.serving).await.expect("it stops in time").unwrap().unwrap();
}

#[tokio::test]
async fn what_the_broker_never_delivers_is_told_from_the_history() {
    let world = World::start_with(|config| config.limits.look_for_missed = Duration::from_millis(20)).await;
    let workspace = member(&world, "alice", 5);
    let mut client = world.subscribed("alice").await;
    // Published before this replica's group was assigned the topic.
    world.past(workspace, 6..=7);
    world.backend.stand_at(workspace, 7);
    assert_eq!((client.event().await, client.event().await), (6, 7));
    // The broker delivers them after all, and goes on.
    for sequence in [6, 7, 8] {
        world.happen(workspace, sequence).await;
    }
    assert_eq!(client.event().await, 8);
    client.nothing_more().await;
    assert_eq!(world.metric("events_replayed_total").await, 2);
}

#[tokio::test]
async fn sockets_live_on_while_nobody_says_where_the_workspaces_stand() {
    let world = World::start_with(|config| config.limits.look_for_missed = Duration::from_millis(20)).await;
    let workspace = member(&world, "alice", 5);
    let mut client = world.subscribed("alice").await;
    world.backend.set_away();
    world.happen(workspace, 6).await;
    assert_eq!(client.event().await, 6);
    client.nothing_more().await;
}
