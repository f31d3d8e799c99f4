//! Events from the sidecar to sockets: whose, in which order, how often.

use serde_json::{Value, json};

use crate::client::Client;
use crate::world::{World, cloud_event, new_id, task_updated};

#[tokio::test]
async fn an_event_arrives_as_it_was_published() {
    let world = World::start().await;
    let (workspace, mut client) = world.user("alice", 6).await;
    let mut data = task_updated(workspace, 7, "Grüße, 世界 \u{1F600} \"\\\u{7f}");
    data["from_a_newer_producer"] = json!({"big": u64::MAX, "small": 1.5});
    assert_eq!(world.deliver(cloud_event(&data)).await, "SUCCESS");
    assert_eq!(client.message().await, json!({"type": "event", "sequence": 7, "event": data}));
}

#[tokio::test]
async fn events_arrive_in_order_and_once_under_redelivery() {
    let world = World::start().await;
    let (workspace, mut client) = world.user("alice", 0).await;
    let bodies: Vec<String> =
        (1..=50).map(|sequence| cloud_event(&task_updated(workspace, sequence, "Buy milk"))).collect();
    for (index, body) in bodies.iter().enumerate() {
        world.deliver(body.clone()).await;
        // Every fifth delivery is repeated, from a little earlier on.
        for earlier in bodies[..=index].iter().rev().take(3).rev().filter(|_| index % 5 == 0) {
            assert_eq!(world.deliver(earlier.clone()).await, "SUCCESS");
        }
    }
    for sequence in 1..=50 {
        assert_eq!(client.event().await, sequence);
    }
    client.nothing_more().await;
}

#[tokio::test]
async fn only_members_of_the_workspace_see_it() {
    let world = World::start().await;
    let shared = new_id();
    for user in ["alice", "bob", "carol"] {
        world.backend.member(user, new_id(), 0);
    }
    world.backend.member("alice", shared, 10);
    world.backend.member("bob", shared, 10);
    let (mut first, mut second) = (world.subscribed("alice").await, world.subscribed("alice").await);
    let (mut bob, mut carol) = (world.subscribed("bob").await, world.subscribed("carol").await);
    world.happen(shared, 11).await;
    for client in [&mut first, &mut second, &mut bob] {
        assert_eq!(client.event().await, 11);
        client.nothing_more().await;
    }
    carol.nothing_more().await;
    assert_eq!(world.metric("events_sent_total").await, 3);
    assert_eq!(world.metric("events_received_total").await, 1);
}

#[tokio::test]
async fn what_happens_before_the_memberships_are_known_is_neither_lost_nor_doubled() {
    let world = World::start().await;
    let workspace = new_id();
    world.backend.member("alice", workspace, 5);
    world.backend.close_gate();
    let token = world.token("alice");
    let opening = tokio::spawn({
        let address = world.address;
        async move { Client::bearer(address, &token).await }
    });
    world.await_asked(1).await;
    for sequence in [4, 5, 6, 7] {
        world.happen(workspace, sequence).await;
    }
    world.happen(new_id(), 8).await;
    world.backend.open_gate();
    let mut client = opening.await.unwrap();
    assert_eq!(client.message().await["sequence"], 5);
    world.happen(workspace, 7).await;
    world.happen(workspace, 8).await;
    for sequence in [6, 7, 8] {
        assert_eq!(client.event().await, sequence);
    }
    client.nothing_more().await;
}

#[tokio::test]
async fn the_same_holds_after_a_first_message() {
    let world = World::start().await;
    let workspace = new_id();
    world.backend.member("alice", workspace, 5);
    world.backend.close_gate();
    let mut client = Client::unknown(world.address).await;
    client.send_auth(&world.token("alice")).await;
    world.await_asked(1).await;
    world.happen(workspace, 5).await;
    world.happen(workspace, 6).await;
    world.backend.open_gate();
    assert_eq!(client.message().await["type"], "subscribed");
    assert_eq!(client.event().await, 6);
    client.nothing_more().await;
}

#[tokio::test]
async fn what_breaks_the_contract_is_dropped_and_what_is_newer_passed_on() {
    let world = World::start().await;
    let (workspace, mut client) = world.user("alice", 0).await;
    let mut foreign = task_updated(workspace, 1, "Buy milk");
    foreign["organization_id"] = json!("not a uuid");
    let mut nul = task_updated(workspace, 1, "Buy milk");
    nul["task_data"]["title"] = json!("\u{0}");
    for body in [
        Vec::new(),
        b"null".to_vec(),
        b"\0".to_vec(),
        b"\xff\xfe".to_vec(),
        b"{\"specversion\":\"1.0\"".to_vec(),
        cloud_event(&foreign).into_bytes(),
        cloud_event(&nul).into_bytes(),
        vec![b' '; 5 * 1024 * 1024],
    ] {
        let start = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        assert_eq!(world.deliver(body).await, "DROP", "{start}");
    }
    assert_eq!(world.metric("events_malformed_total").await, 8);
    let mut newer = task_updated(workspace, 1, "Buy milk");
    newer["event_type"] = json!("task.snoozed");
    assert_eq!(world.deliver(cloud_event(&newer)).await, "SUCCESS");
    assert_eq!(world.metric("events_unknown_total").await, 1);
    assert_eq!(client.message().await, json!({"type": "event", "sequence": 1, "event": newer}));
}

#[tokio::test]
async fn an_event_larger_than_a_queue_and_a_request_body_arrives() {
    let world = World::start().await;
    let (workspace, mut client) = world.user("alice", 0).await;
    let data = task_updated(workspace, 1, &"x".repeat(600 * 1024));
    assert_eq!(world.deliver(cloud_event(&data)).await, "SUCCESS");
    assert_eq!(client.event().await, 1);
}

#[tokio::test]
async fn only_the_sidecar_delivers() {
    let token = platform::config::Secret::new("shown by the sidecar");
    let world = World::start_with(|config| config.service.app_api_token = Some(token)).await;
    let event = cloud_event(&task_updated(new_id(), 1, "Buy milk"));
    let post = |topic: &'static str, shown: &'static str| {
        let request = world.http.post(format!("http://{}/events/{topic}", world.address)).body(event.clone());
        request.header("dapr-api-token", shown).send()
    };
    for topic in ["task-updates", "reminders"] {
        assert_eq!(post(topic, "guessed").await.unwrap().status(), 404);
        assert_eq!(post(topic, "shown by the sidecar").await.unwrap().status(), 200);
    }
    assert_eq!(world.metric("events_received_total").await, 2);
}

#[tokio::test]
async fn the_sidecar_is_told_the_topics() {
    let world = World::start().await;
    let url = format!("http://{}/dapr/subscribe", world.address);
    let topics: Value = world.http.get(url).send().await.unwrap().json().await.unwrap();
    let topic = |name: &str| {
        json!({
            "pubsubname": "pubsub-per-replica", "topic": name, "route": format!("/events/{name}"),
            "deadLetterTopic": format!("{name}.dead"),
        })
    };
    assert_eq!(topics, json!([topic("task-updates"), topic("reminders")]));
}
