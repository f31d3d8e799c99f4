//! What cannot work is told in one line that says what to do, and nothing is left behind.

use std::fs;
use std::net::TcpListener;

use crate::place::{Place, refusal};

#[track_caller]
fn assert_tells(line: &str, parts: &[&str]) {
    for part in parts {
        assert!(line.contains(part), "{part} is missing in: {line}");
    }
}

#[tokio::test]
async fn a_port_in_use_names_itself_who_wanted_it_and_who_has_it() {
    for (port, wanted_by) in [(8002, "audit-service"), (13_504, "the sidecar of websocket-service")] {
        let place = Place::new();
        let _taken = TcpListener::bind(("127.0.0.1", place.port(port))).unwrap();
        let told = refusal(place.tidings(&["up"])).await;
        assert_tells(&told, &[&place.port(port).to_string(), wanted_by, "in use", "--port-offset"]);
        if cfg!(target_os = "linux") {
            assert_tells(&told, &[&format!("process {}", std::process::id())]);
        }
        assert!(!place.data().join("postgres").exists(), "nothing was started");
    }
}

#[tokio::test]
async fn a_service_that_is_configured_wrong_is_told_and_nothing_is_left() {
    let place = Place::new();
    let mut command = place.tidings(&["up"]);
    command.env("TRUSTED_ISSUERS", "[{\"issuer\": \"x\"}]");
    assert_tells(&refusal(command).await, &["TRUSTED_ISSUERS", "jwks_url is missing"]);
    assert!(place.postgres().is_none() && place.is_silent());
}

#[tokio::test]
async fn a_damaged_component_is_told_with_its_file() {
    let place = Place::new();
    let components = place.directory().join("components");
    fs::create_dir(&components).unwrap();
    fs::write(components.join("pubsub.yaml"), "kind: [").unwrap();
    assert_tells(&refusal(place.tidings(&["up"])).await, &["pubsub.yaml", "document 1"]);
    let misspelt = include_str!("../../../../components/pubsub.yaml").replace("pubsub.kafka", "pubsub.kafak");
    fs::write(components.join("pubsub.yaml"), misspelt).unwrap();
    assert_tells(&refusal(place.tidings(&["up"])).await, &["pubsub.yaml", "component pubsub", "\"pubsub.kafak\""]);
}

#[tokio::test]
async fn a_secret_that_cannot_be_had_is_told_with_its_setting_store_and_key() {
    const UNREADABLE: &str = "settings cannot be read through the sidecar of backend-api: RATE_LIMIT_PER_USER is";
    for (value, begins, told) in [
        ("secret:secrets-file/limit", UNREADABLE, "but the sidecar has no such store"),
        ("secret:nowhere/limit", UNREADABLE, "the secret limit of store nowhere"),
        (
            "secret:secrets/TIDINGS_TEST_NOT_SET",
            UNREADABLE,
            "secret TIDINGS_TEST_NOT_SET of store secrets, which is empty or not set",
        ),
        ("secret:secrets/TIDINGS_TEST_LIMIT", "backend-api is not configured right", "RATE_LIMIT_PER_USER"),
    ] {
        let place = Place::new();
        let mut command = place.tidings(&["up"]);
        command.env("RATE_LIMIT_PER_USER", value).env("TIDINGS_SECRET_TIDINGS_TEST_LIMIT", "not-a-rate-hunter2");
        let line = refusal(command).await;
        assert_tells(&line, &[begins, told]);
        assert!(place.postgres().is_none() && place.is_silent());
    }
    let place = Place::new();
    let mut command = place.tidings(&["up"]);
    command.env("AUTH_SECRET", "secret:secrets/AUTH");
    assert_tells(&refusal(command).await, &["AUTH_SECRET", "before there is a sidecar"]);
}

#[tokio::test]
async fn a_place_that_cannot_be_used_is_told() {
    let place = Place::new();
    fs::write(place.data(), "a file").unwrap();
    assert_tells(&refusal(place.tidings(&["up"])).await, &["is not a directory", "--data-dir"]);
    assert_tells(&refusal(place.tidings(&["token", "--user", "alice"])).await, &["is not a directory"]);
}

/// Nobody may make a directory there, not even root.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_missing_right_is_told() {
    let place = Place::new();
    let told = refusal(place.tidings(&["up", "--data-dir", "/sys/tidings"])).await;
    assert_tells(&told, &["may not create /sys/tidings", "--data-dir"]);
}

/// `/dev/full` is a disk without space.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_is_told() {
    for command in [&["up"][..], &["token", "--user", "alice"]] {
        let place = Place::new();
        fs::create_dir(place.data()).unwrap();
        std::os::unix::fs::symlink("/dev/full", place.data().join("secrets.json.new")).unwrap();
        assert_tells(&refusal(place.tidings(command)).await, &["is full", "free some space"]);
    }
}

#[tokio::test]
async fn secrets_that_are_damaged_are_not_replaced() {
    let place = Place::new();
    fs::create_dir(place.data()).unwrap();
    let file = place.data().join("secrets.json");
    fs::write(&file, "{\"auth_secret\": \"hunter2").unwrap();
    let told = refusal(place.tidings(&["up"])).await;
    assert_tells(&told, &["secrets.json is damaged", "restore it"]);
    assert!(!told.contains("hunter2"));
    assert_eq!(fs::read_to_string(&file).unwrap(), "{\"auth_secret\": \"hunter2");
    assert!(place.postgres().is_none());
}
