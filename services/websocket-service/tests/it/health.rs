//! What the service says of itself.

use serde_json::{Value, json};

use crate::client::Client;
use crate::world::World;

async fn health(world: &World) -> Value {
    let url = format!("http://{}/health", world.address);
    world.http.get(url).send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn health_names_version_sidecar_and_open_sockets() {
    let world = World::start().await;
    assert_eq!(
        health(&world).await,
        json!({
            "status": "ok", "service": "websocket-service", "version": env!("CARGO_PKG_VERSION"),
            "sidecar": {"status": "up"}, "sockets": {"open": 0},
        })
    );
    let (_, mut client) = world.user("alice", 0).await;
    let _unknown = Client::unknown(world.address).await;
    world.await_metric("sockets_open", 2).await;
    assert_eq!(health(&world).await["sockets"], json!({"open": 2}));
    client.nothing_more().await;
    drop(client);
    world.await_metric("sockets_open", 1).await;
}
