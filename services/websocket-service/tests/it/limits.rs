//! What one socket, and one user, may take.

use platform::rate_limit::Rate;
use testkit::eventually;

use crate::authentication::refusal;
use crate::client::Client;
use crate::raw::{CLOSE, RawClient, TEXT};
use crate::world::{DEADLINE, World, cloud_event, new_id, task_updated};

#[tokio::test]
async fn a_slow_reader_is_closed_and_nobody_else_waits_for_it() {
    let world = World::start_with(|config| {
        config.limits.queue_bytes = 512 * 1024;
        config.limits.closing = DEADLINE;
    })
    .await;
    let (workspace, mut quick) = world.user("alice", 0).await;
    let mut slow = RawClient::bearer(world.address, &world.token("alice")).await;
    let title = "x".repeat(200 * 1024);
    let mut sequence = 0;
    while world.metric("slow_readers_closed_total").await == 0 {
        sequence += 1;
        assert!(sequence < 200, "40 MB wait for a client that reads nothing");
        assert_eq!(world.deliver(cloud_event(&task_updated(workspace, sequence, &title))).await, "SUCCESS");
        assert_eq!(quick.event().await, sequence);
    }
    // When it reads at last, it has the first ones whole and without a gap, and then the reason: it resumes from there.
    assert_eq!(slow.frame().await.0, TEXT);
    let mut expected = 1;
    loop {
        let (opcode, payload) = slow.frame().await;
        if opcode == CLOSE {
            assert_eq!(payload[..2], 1013_u16.to_be_bytes());
            break;
        }
        let message: serde_json::Value = serde_json::from_slice(&payload).unwrap();
        assert_eq!(message["sequence"], expected);
        expected += 1;
    }
    assert!(expected < sequence, "it did not get all of them");
    quick.nothing_more().await;
}

#[tokio::test]
async fn a_client_that_asks_and_does_not_read_is_a_slow_reader() {
    let world = World::start_with(|config| config.limits.queue_bytes = 1024).await;
    world.backend.member("alice", new_id(), 0);
    let mut client = RawClient::bearer(world.address, &world.token("alice")).await;
    // {"type":"ping"}, masked with zeros, a thousand times in one go.
    let ping = [&[0x81, 0x8f, 0, 0, 0, 0][..], br#"{"type":"ping"}"#].concat().repeat(1000);
    let flooding = tokio::spawn(async move { while client.flood(&ping).await {} });
    world.await_metric("slow_readers_closed_total", 1).await;
    flooding.abort();
}

#[tokio::test]
async fn a_user_has_at_most_so_many_sockets() {
    let world = World::start_with(|config| config.limits.sockets_per_user = 2).await;
    let (_, first) = world.user("alice", 0).await;
    let _second = world.subscribed("alice").await;
    world.backend.ticket("t", "alice", "2999-01-01T00:00:00Z");
    let mut first_message = Client::unknown(world.address).await;
    first_message.send_auth(&world.token("alice")).await;
    let bearer = Client::bearer(world.address, &world.token("alice")).await;
    let ticket = Client::open(world.address, "?ticket=t", &[]).await.unwrap();
    for mut client in [first_message, bearer, ticket] {
        assert_eq!(client.error().await, "too_many_sockets");
        assert_eq!(client.close().await.0, 1008);
    }
    world.user("bob", 0).await;
    drop(first);
    eventually(DEADLINE, async || {
        let mut client = Client::bearer(world.address, &world.token("alice")).await;
        (client.message().await["type"] == "subscribed").then_some(())
    })
    .await;
}

#[tokio::test]
async fn so_many_sockets_may_be_open_that_have_not_said_whose_they_are() {
    let world = World::start_with(|config| {
        config.limits.unauthenticated_sockets = 2;
        config.limits.first_message = DEADLINE;
    })
    .await;
    world.backend.member("alice", new_id(), 0);
    let (mut first, second) = (Client::unknown(world.address).await, Client::unknown(world.address).await);
    assert_eq!(refusal(&world, "", &[]).await, (503, "too_many_unauthenticated_sockets".to_owned()));
    // Who says it at once is let in, and makes no difference.
    let _known = world.subscribed("alice").await;
    assert!(Client::open(world.address, "", &[]).await.is_err());

    first.send_auth(&world.token("alice")).await;
    assert_eq!(first.message().await["type"], "subscribed");
    let _third = Client::unknown(world.address).await;
    assert!(Client::open(world.address, "", &[]).await.is_err());
    drop(second);
    eventually(DEADLINE, async || Client::open(world.address, "", &[]).await.ok()).await;
}

#[tokio::test]
async fn an_address_opens_sockets_only_so_often() {
    let world =
        World::start_with(|config| config.address_limit.rate = Some(Rate { requests: 2, seconds: 3_600 })).await;
    let (workspace, mut first) = world.user("alice", 0).await;
    let _second = world.subscribed("alice").await;
    assert_eq!(refusal(&world, "", &[]).await, (429, "rate_limited".to_owned()));
    // Paths that are not there are counted too.
    let nowhere = reqwest::get(format!("http://{}/nowhere", world.address)).await.unwrap();
    assert_eq!(nowhere.status(), 429);
    // Deliveries are not counted.
    world.happen(workspace, 1).await;
    assert_eq!(first.event().await, 1);
}
