//! Pings, silence, and the stop of the service.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::client::Client;
use crate::raw::{CLOSE, PING, RawClient, TEXT};
use crate::world::{DEADLINE, World, cloud_event, new_id, task_updated};

fn pinging(every: Duration) -> impl FnOnce(&mut websocket_service::Config) {
    move |config| config.limits.ping_every = every
}

/// Long enough that a stall of the machine is not taken for two pings that were left unanswered.
const PATIENT: Duration = Duration::from_secs(1);

#[tokio::test]
async fn who_answers_pings_stays() {
    let world = World::start_with(pinging(PATIENT)).await;
    world.backend.member("alice", new_id(), 0);
    let mut client = RawClient::bearer(world.address, &world.token("alice")).await;
    let mut pings = 0;
    // The third comes only when one of the first two was answered.
    while pings < 3 {
        if client.frame().await.0 == PING {
            pings += 1;
            // A pong, masked with zeros.
            client.send(&[0x8a, 0x80, 0, 0, 0, 0]).await;
        }
    }
}

#[tokio::test]
async fn who_leaves_two_pings_unanswered_is_closed() {
    let world = World::start_with(pinging(Duration::from_millis(300))).await;
    world.backend.member("alice", new_id(), 0);
    let mut client = RawClient::bearer(world.address, &world.token("alice")).await;
    let opcodes = [client.frame().await.0, client.frame().await.0, client.frame().await.0];
    assert_eq!(opcodes, [TEXT, PING, PING]);
    let (opcode, payload) = client.frame().await;
    assert_eq!((opcode, &payload[..2]), (CLOSE, &1001_u16.to_be_bytes()[..]));
    world.await_metric("sockets_open", 0).await;
}

#[tokio::test]
async fn anything_that_is_heard_counts_as_an_answer() {
    let world = World::start_with(pinging(PATIENT)).await;
    world.backend.member("alice", new_id(), 0);
    let mut client = RawClient::bearer(world.address, &world.token("alice")).await;
    let mut pings = 0;
    // The third comes only when one of the first two was answered.
    while pings < 3 {
        if client.frame().await.0 == PING {
            pings += 1;
            client.send(&[&[0x81, 0x82, 0, 0, 0, 0][..], b"{}"].concat()).await;
        }
    }
}

#[tokio::test]
async fn every_socket_is_told_when_the_service_stops() {
    let world = World::start().await;
    let (workspace, mut subscribed) = world.user("alice", 0).await;
    let unknown = Client::unknown(world.address).await;
    let _silent = RawClient::bearer(world.address, &world.token("alice")).await;
    world.happen(workspace, 1).await;
    let started = Instant::now();
    world.shutdown.cancel();
    assert_eq!(subscribed.event().await, 1);
    for mut client in [subscribed, unknown] {
        assert_eq!(client.close().await, (1001, "going away".to_owned()));
    }
    timeout(DEADLINE, world.serving).await.expect("it stops in time").unwrap().unwrap();
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_socket_that_is_being_opened_does_not_hold_up_the_stop() {
    let world = World::start().await;
    world.backend.member("alice", new_id(), 0);
    world.backend.close_gate();
    let mut client = Client::unknown(world.address).await;
    client.send_auth(&world.token("alice")).await;
    world.await_asked(1).await;
    world.shutdown.cancel();
    assert_eq!(client.close().await.0, 1001);
    timeout(DEADLINE, world.serving).await.expect("it stops in time").unwrap().unwrap();
}

#[tokio::test]
async fn a_client_that_does_not_read_does_not_hold_up_the_stop() {
    let world = World::start_with(|config| config.limits.queue_bytes = 64 * 1024 * 1024).await;
    let (workspace, mut quick) = world.user("alice", 0).await;
    let _blocked = RawClient::bearer(world.address, &world.token("alice")).await;
    let title = "x".repeat(200 * 1024);
    for sequence in 1..=40 {
        assert_eq!(world.deliver(cloud_event(&task_updated(workspace, sequence, &title))).await, "SUCCESS");
        assert_eq!(quick.event().await, sequence);
    }
    assert!(world.metric("events_sent_total").await < 80, "the other socket was to be blocked");
    world.shutdown.cancel();
    assert_eq!(quick.close().await.0, 1001);
    timeout(DEADLINE, world.serving).await.expect("it stops in time").unwrap().unwrap();
}
