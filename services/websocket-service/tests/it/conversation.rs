//! What a client may say, and what becomes of the rest.

use crate::client::Client;
use crate::raw::{RawClient, TEXT};
use crate::world::{World, new_id};

#[tokio::test]
async fn a_ping_is_answered_and_nonsense_is_told() {
    let world = World::start().await;
    let (workspace, mut client) = world.user("alice", 0).await;
    client.nothing_more().await;
    for (text, code) in [
        (r#"{"type":"subscribe","workspace":"x"}"#, "unknown_message"),
        ("{", "bad_message"),
        ("\u{0}", "bad_message"),
        ("{\"type\":\"pi\u{0}ng\"}", "bad_message"),
        (r#"{"type":"pi\u0000ng"}"#, "unknown_message"),
        (r#"{"type":["ping"]}"#, "bad_message"),
        (r#"{"type":"auth","token":17}"#, "bad_message"),
        (&*"[".repeat(16_000), "bad_message"),
    ] {
        client.send(text).await;
        assert_eq!(client.error().await, code, "{text:.40}");
    }
    client.send_bytes(b"\0\xff").await;
    assert_eq!(client.error().await, "bad_message");
    world.happen(workspace, 1).await;
    assert_eq!(client.event().await, 1);
}

#[tokio::test]
async fn twenty_bad_messages_are_enough() {
    let world = World::start().await;
    let (_, known) = world.user("alice", 0).await;
    for mut client in [known, Client::unknown(world.address).await] {
        for _ in 0..20 {
            client.send("nonsense").await;
        }
        for _ in 0..20 {
            assert_eq!(client.error().await, "bad_message");
        }
        assert_eq!(client.close().await, (1008, "too many bad messages".to_owned()));
    }
}

#[tokio::test]
async fn a_message_above_16_kib_is_refused() {
    let world = World::start().await;
    world.backend.member("alice", new_id(), 0);
    let mut client = world.subscribed("alice").await;
    client.send(&" ".repeat(16 * 1024)).await;
    assert_eq!(client.error().await, "bad_message");
    client.send(&" ".repeat(16 * 1024 + 1)).await;
    assert_eq!(client.close().await, (1009, "message too big".to_owned()));

    let mut client = RawClient::bearer(world.address, &world.token("alice")).await;
    // 1 MiB of text, masked with zeros.
    client.flood(&[&[0x81, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0][..], &vec![b' '; 1024 * 1024]].concat()).await;
    assert_eq!(client.close_code().await, 1009);
}

#[tokio::test]
async fn fragments_count_together() {
    let world = World::start().await;
    world.backend.member("alice", new_id(), 0);
    let mut client = RawClient::bearer(world.address, &world.token("alice")).await;
    // Masked with zeros: a first fragment of text, then continuations, 1 KiB each.
    let fragment = |opcode: u8| [&[opcode, 0xfe, 4, 0, 0, 0, 0, 0][..], &[b' '; 1024]].concat();
    client.send(&fragment(TEXT)).await;
    for _ in 0..16 {
        client.send(&fragment(0)).await;
    }
    assert_eq!(client.close_code().await, 1009);
}

#[tokio::test]
async fn what_is_not_websocket_ends_the_socket() {
    let world = World::start().await;
    world.backend.member("alice", new_id(), 0);
    for (bytes, code) in [
        // A text frame that is not UTF-8; a frame without a mask; a reserved opcode.
        (&[0x81, 0x82, 0, 0, 0, 0, 0xff, 0xfe][..], 1007),
        (&[0x81, 0x02, b'h', b'i'][..], 1002),
        (&[0x83, 0x80, 0, 0, 0, 0][..], 1002),
    ] {
        let mut client = RawClient::bearer(world.address, &world.token("alice")).await;
        client.send(bytes).await;
        assert_eq!(client.close_code().await, code, "{bytes:x?}");
    }
}
