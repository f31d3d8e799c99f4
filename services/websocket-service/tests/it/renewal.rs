//! The end of a session, and its renewal in-band.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use platform::clock::Clock;
use tokio::time::Instant;

use crate::client::Client;
use crate::world::{World, new_id};

/// A world whose clock stands still, so that nothing expires while a test is on its way.
async fn world_at_a_standstill() -> (World, Clock) {
    let clock = Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
    (World::start_at(clock.clone(), |_| {}).await, clock)
}

#[tokio::test]
async fn expiry_closes_with_4401() {
    let (world, clock) = world_at_a_standstill().await;
    world.backend.member("alice", new_id(), 0);
    world.backend.ticket("t", "alice", &(clock.now() + TimeDelta::seconds(1)).to_rfc3339());
    let started = Instant::now();
    let short = world.token_for("alice", 1);
    let mut first_message = Client::unknown(world.address).await;
    first_message.send_auth(&short).await;
    let bearer = Client::bearer(world.address, &short).await;
    let ticket = Client::open(world.address, "?ticket=t", &[]).await.unwrap();
    for mut client in [bearer, first_message, ticket] {
        assert_eq!(client.message().await["type"], "subscribed");
        assert_eq!(client.close().await, (4401, "token expired".to_owned()));
    }
    assert!(started.elapsed() >= Duration::from_secs(1), "not before its time");
}

#[tokio::test]
async fn a_clock_that_is_set_forward_is_noticed() {
    let (world, clock) = world_at_a_standstill().await;
    world.backend.member("alice", new_id(), 0);
    let mut client = Client::bearer(world.address, &world.token_for("alice", 60)).await;
    assert_eq!(client.message().await["type"], "subscribed");
    clock.advance(TimeDelta::seconds(59));
    client.nothing_more().await;
    clock.advance(TimeDelta::seconds(1));
    client.send(r#"{"type":"ping"}"#).await;
    assert_eq!(client.close().await, (4401, "token expired".to_owned()));
}

#[tokio::test]
async fn a_renewed_session_outlives_its_first_token() {
    let (world, clock) = world_at_a_standstill().await;
    let workspace = new_id();
    world.backend.member("alice", workspace, 0);
    let mut client = Client::bearer(world.address, &world.token_for("alice", 60)).await;
    assert_eq!(client.message().await["type"], "subscribed");
    client.send_auth(&world.token_for("alice", 600)).await;
    let renewed = client.message().await;
    assert_eq!(renewed["type"], "renewed");
    let expires_at: DateTime<Utc> = renewed["expires_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(expires_at, clock.now() + TimeDelta::seconds(600));
    clock.advance(TimeDelta::seconds(599));
    client.nothing_more().await;
    world.happen(workspace, 1).await;
    assert_eq!(client.event().await, 1);
}

#[tokio::test]
async fn a_ticket_session_is_renewed_with_a_token() {
    let world = World::start().await;
    world.backend.member("alice", new_id(), 0);
    world.backend.ticket("t", "alice", "2999-01-01T00:00:00Z");
    let mut client = Client::open(world.address, "?ticket=t", &[]).await.unwrap();
    assert_eq!(client.message().await["type"], "subscribed");
    client.send_auth(&world.token("alice")).await;
    assert_eq!(client.message().await["type"], "renewed");
}

#[tokio::test]
async fn another_users_token_ends_the_socket() {
    let world = World::start().await;
    let (_, mut client) = world.user("alice", 0).await;
    client.send_auth(&world.token("bob")).await;
    assert_eq!(client.error().await, "user_mismatch");
    assert_eq!(client.close().await, (4401, "user_mismatch".to_owned()));
}

#[tokio::test]
async fn a_bad_token_ends_the_socket() {
    let world = World::start().await;
    world.backend.member("alice", new_id(), 0);
    let forged = world.issuer.claims("alice").sign_with_a_foreign_key();
    for (token, code) in [
        ("", "token_malformed"),
        (&*world.token_for("alice", -1), "token_expired"),
        (&*forged, "token_signature_invalid"),
    ] {
        let mut client = world.subscribed("alice").await;
        client.send_auth(token).await;
        assert_eq!(client.error().await, code);
        assert_eq!(client.close().await, (4401, code.to_owned()));
    }
}
