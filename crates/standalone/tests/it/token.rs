//! `tidings token`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use testkit::http::Client;

use crate::launched::Launched;
use crate::place::Place;

fn token(place: &Place, arguments: &[&str]) -> String {
    let output = place.tidings(&["token"]).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap();
    printed.strip_suffix('\n').expect("one line").to_owned()
}

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[tokio::test]
async fn a_token_made_before_the_first_start_is_accepted_after_it() {
    let place = Place::new();
    let early = token(&place, &["--user", "alice", "--lifetime", "1h"]);
    let secrets = fs::metadata(place.data().join("secrets.json")).unwrap();
    assert_eq!(secrets.permissions().mode() & 0o777, 0o600);

    let system = Launched::start_at(place.clone()).await;
    let alice = Client::new(system.api()).with_token(&early);
    let task = alice.post("/api/tasks", &json!({"title": "Early"})).await.expect(201).json();
    assert_eq!(task["user_id"], "alice");
    Client::new(system.api()).with_token(&early).get("/api/bob/tasks").await.expect(401);
    system.stop().await;
}

#[test]
fn a_token_is_of_the_systems_issuer_and_as_long_valid_as_told() {
    let place = Place::new();
    let issuer = format!("http://localhost:{}", place.port(8000));
    for (arguments, seconds) in [(&["--user", "alice"][..], 900), (&["--user", "alice", "--lifetime", "2h"], 7_200)] {
        let claims = claims(&token(&place, arguments));
        assert_eq!((&claims["sub"], &claims["iss"], &claims["aud"]), (&json!("alice"), &json!(issuer), &json!(issuer)));
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), seconds);
    }
}

#[test]
fn tokens_made_at_the_same_time_for_the_first_time_share_one_secret() {
    let place = Place::new();
    let running: Vec<_> = (0..8)
        .map(|_| place.tidings(&["token", "--user", "alice"]).stdout(std::process::Stdio::piped()).spawn().unwrap())
        .collect();
    let mut keys: Vec<Value> = Vec::new();
    for child in running {
        let output = child.wait_with_output().unwrap();
        let token = String::from_utf8(output.stdout).unwrap();
        let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
        keys.push(serde_json::from_slice::<Value>(&header).unwrap()["kid"].clone());
    }
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
}
