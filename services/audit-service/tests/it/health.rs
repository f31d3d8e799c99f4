//! What anybody may know of the service, and how it stops.

use serde_json::{Value, json};

use crate::service::Service;

#[tokio::test]
async fn health_names_version_database_and_sidecar() {
    let service = Service::start().await;
    let answer = service.request("GET", "/health").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let health: Value = answer.json().await.unwrap();
    assert_eq!(health["service"], "audit-service");
    assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(health["database"], json!({ "status": "up" }));
    assert!(health["sidecar"]["status"].is_string(), "{health}");
    assert_eq!(health["dead_letters"], json!({ "dead": 0, "of_newest": 0 }));
    for path in ["/livez", "/readyz"] {
        assert_eq!(service.request("GET", path).send().await.unwrap().status(), 200, "{path}");
    }
}

#[tokio::test]
async fn every_counter_is_shown_from_the_start() {
    let service = Service::start().await;
    let names = [
        "entries_recorded",
        "events_duplicate",
        "events_conflicting",
        "events_unknown",
        "events_malformed",
        "dead_letters_stored",
        "dead_letters_replayed",
    ];
    for name in names {
        assert_eq!(service.count(name).await, 0, "{name}");
    }
}

#[tokio::test]
async fn it_stops_when_it_is_told_to() {
    let service = Service::start().await;
    assert_eq!(service.request("GET", "/livez").send().await.unwrap().status(), 200);
    service.stop().await.unwrap();
}
