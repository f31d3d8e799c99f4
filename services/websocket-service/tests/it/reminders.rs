//! Reminders and notifications on their way to sockets: they have no number, and pass beside what has one.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::raw::{CLOSE, RawClient, TEXT};
use crate::world::{DEADLINE, World, cloud_event, new_id, task_updated};

/// An event of notification-service.
fn told(event_type: &str, user: &str, workspace: Uuid, data: &Value) -> Value {
    json!({
        "event_id": new_id(), "event_type": event_type, "user_id": user, "organization_id": workspace, "sequence": 0,
        "timestamp": "2026-01-31T11:30:00.251904Z", "data": data, "metadata": {"source": "system", "version": "1.0"},
    })
}

/// The `data` of a `notification.created`: the user has this on their list.
fn notification(user: &str, workspace: Uuid, body: &str) -> Value {
    let notification = json!({
        "id": new_id(), "kind": "reminder", "title": "Reminder: Buy milk", "body": body, "task_id": new_id(),
        "task_title": "Buy milk", "reminder_id": new_id(), "created_at": "2026-01-31T11:30:00.251904Z",
    });
    told("notification.created", user, workspace, &notification)
}

/// A reminder of a task of alice.
fn reminder(status: &str, workspace: Uuid) -> Value {
    let reminder = json!({
        "reminder_id": new_id(), "task_id": new_id(), "task_title": "Buy milk", "version": 1, "status": status,
        "before": "PT1H", "fire_at": "2026-01-31T11:30:00Z",
        "results": [{"user_id": "alice", "channel": "email", "status": "sent"}],
    });
    told(&format!("reminder.{status}"), "alice", workspace, &reminder)
}

async fn deliver(world: &World, event: &Value) -> String {
    world.deliver_to("reminders", cloud_event(event)).await
}

/// What a socket is told of it.
fn message(event: &Value) -> Value {
    json!({"type": "event", "sequence": 0, "event": event})
}

#[tokio::test]
async fn a_notification_reaches_every_socket_of_whom_it_is_for_and_no_other() {
    let world = World::start().await;
    let shared = new_id();
    for user in ["alice", "bob"] {
        world.backend.member(user, new_id(), 0);
        world.backend.member(user, shared, 10);
    }
    let (mut first, mut second) = (world.subscribed("alice").await, world.subscribed("alice").await);
    let mut bob = world.subscribed("bob").await;
    let for_alice = notification("alice", shared, "Grüße, 世界 \u{1F600}");
    // A notification need not be about a workspace of the person.
    let of_elsewhere = notification("bob", new_id(), "It is due.");
    for event in [&for_alice, &of_elsewhere] {
        assert_eq!(deliver(&world, event).await, "SUCCESS");
    }
    for client in [&mut first, &mut second] {
        assert_eq!(client.message().await, message(&for_alice));
        client.nothing_more().await;
    }
    assert_eq!(bob.message().await, message(&of_elsewhere));
    bob.nothing_more().await;
    let counted = (world.metric("events_received_total").await, world.metric("events_sent_total").await);
    assert_eq!(counted, (2, 3));
}

#[tokio::test]
async fn what_becomes_of_a_reminder_is_told_the_members_of_its_workspace() {
    let world = World::start().await;
    let shared = new_id();
    for user in ["alice", "bob"] {
        world.backend.member(user, new_id(), 0);
        world.backend.member(user, shared, 10);
    }
    let (mut alice, mut bob) = (world.subscribed("alice").await, world.subscribed("bob").await);
    let (_, mut carol) = world.user("carol", 0).await;
    let events = ["scheduled", "cancelled", "sent", "failed"].map(|status| reminder(status, shared));
    for event in &events {
        assert_eq!(deliver(&world, event).await, "SUCCESS");
    }
    for client in [&mut alice, &mut bob] {
        for event in &events {
            assert_eq!(client.message().await, message(event));
        }
        client.nothing_more().await;
    }
    carol.nothing_more().await;
}

#[tokio::test]
async fn what_has_no_number_makes_no_gap_and_is_told_once() {
    let world = World::start().await;
    let (workspace, mut client) = world.user("alice", 5).await;
    let (sent, told) = (reminder("sent", workspace), notification("alice", workspace, "It is due."));
    world.happen(workspace, 6).await;
    for event in [&sent, &told, &sent, &told] {
        assert_eq!(deliver(&world, event).await, "SUCCESS");
    }
    world.happen(workspace, 7).await;
    assert_eq!(client.event().await, 6);
    assert_eq!(client.message().await, message(&sent));
    assert_eq!(client.message().await, message(&told));
    assert_eq!(client.event().await, 7);
    client.nothing_more().await;
    assert_eq!(world.backend.reads.load(std::sync::atomic::Ordering::SeqCst), 0, "nothing was missed");
    // Who was away reads it where it is kept.
    world.backend.stand_at(workspace, 7);
    let mut back = world.resume("alice", "7").await;
    assert_eq!(back.message().await["type"], "subscribed");
    back.nothing_more().await;
}

#[tokio::test]
async fn who_is_behind_is_told_what_has_no_number_meanwhile() {
    let world = World::start().await;
    let workspace = new_id();
    world.backend.member("alice", workspace, 3);
    world.past(workspace, 1..=3);
    world.backend.close_history();
    let mut client = world.resume("alice", "1").await;
    assert_eq!(client.message().await["type"], "subscribed");
    let told = notification("alice", workspace, "It is due.");
    assert_eq!(deliver(&world, &told).await, "SUCCESS");
    assert_eq!(client.message().await, message(&told));
    world.backend.let_read(100);
    assert_eq!((client.event().await, client.event().await), (2, 3));
    client.nothing_more().await;
}

#[tokio::test]
async fn a_slow_reader_of_notifications_is_closed_too() {
    let world = World::start_with(|config| {
        config.limits.queue_bytes = 512 * 1024;
        config.limits.closing = DEADLINE;
    })
    .await;
    let (workspace, mut quick) = world.user("alice", 0).await;
    let mut slow = RawClient::bearer(world.address, &world.token("alice")).await;
    let body = "x".repeat(200 * 1024);
    let mut told = 0;
    while world.metric("slow_readers_closed_total").await == 0 {
        told += 1;
        assert!(told < 200, "40 MB wait for a client that reads nothing");
        let event = notification("alice", workspace, &body);
        assert_eq!(deliver(&world, &event).await, "SUCCESS");
        assert_eq!(quick.message().await, message(&event));
    }
    let mut read = 0;
    loop {
        let (opcode, payload) = slow.frame().await;
        if opcode == CLOSE {
            assert_eq!(payload[..2], 1013_u16.to_be_bytes());
            break;
        }
        assert_eq!(opcode, TEXT);
        read += 1;
    }
    assert!(read <= told, "with the greeting, not all of them");
    quick.nothing_more().await;
}

#[tokio::test]
async fn what_breaks_the_contract_is_dropped_and_what_nobody_can_place_is_passed_over() {
    let world = World::start().await;
    let (workspace, mut client) = world.user("alice", 0).await;
    let mut broken = notification("alice", workspace, "It is due.");
    broken["data"]["kind"] = json!(7);
    assert_eq!(deliver(&world, &broken).await, "DROP");
    assert_eq!(world.deliver_to("reminders", vec![b' '; 5 * 1024 * 1024]).await, "DROP");
    assert_eq!(world.metric("events_malformed_total").await, 2);

    // Whom a type to come is for is not known; a task event of this topic is somebody's mistake.
    let mut newer = notification("alice", workspace, "It is due.");
    newer["event_type"] = json!("notification.read");
    assert_eq!(deliver(&world, &newer).await, "SUCCESS");
    assert_eq!(world.metric("events_unknown_total").await, 1);
    assert_eq!(deliver(&world, &task_updated(workspace, 1, "Buy milk")).await, "SUCCESS");
    client.nothing_more().await;

    let mut kind = notification("alice", workspace, "Bob mentioned you.");
    kind["data"]["kind"] = json!("mentioned");
    assert_eq!(deliver(&world, &kind).await, "SUCCESS");
    assert_eq!(client.message().await, message(&kind));
}
