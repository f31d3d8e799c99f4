//! `GET` and `PATCH /api/{user_id}/profile`.

use platform::database::begin;
use std::time::Duration;

use reqwest::Method;
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use testkit::eventually;

use crate::account::{members, person, registered};
use crate::harness::{Api, Person};

fn path(person: &Person) -> String {
    format!("/api/{}/profile", person.id)
}

async fn updates(api: &Api) -> Vec<Value> {
    let events = api.events().await;
    events.into_iter().filter(|event| event["event_type"] == "user.updated").collect()
}

#[tokio::test]
async fn everybody_has_a_profile_whoever_vouches_for_them() {
    let api = Api::start().await;
    let ada = person(&api, &registered(&api).await);
    let alice = api.person("alice");
    for person in [&ada, &alice] {
        let profile = person.client.get(&path(person)).await.expect(200).json();
        assert_eq!(members(&profile), ["email", "first_name", "id", "last_name", "timezone", "workspace_id"]);
        assert_eq!(profile["id"], person.id);
    }
    let profile = alice.client.get(&path(&alice)).await.expect(200).json();
    let told = [&profile["email"], &profile["first_name"], &profile["last_name"], &profile["timezone"]];
    assert_eq!(told, ["alice@example.com", "alice", "", "UTC"]);
}

#[tokio::test]
async fn a_patch_changes_what_it_names_and_tells_it_once() {
    let api = Api::start().await;
    let registration = registered(&api).await;
    let ada = person(&api, &registration);
    let patch = json!({"last_name": " King ", "timezone": "Asia/Tokyo"});
    let request = ada.client.request(Method::PATCH, &path(&ada));
    let request = request.body("application/merge-patch+json", patch.to_string());
    let profile = request.send().await.expect(200).json();
    let mut expected = registration["user"].clone();
    expected["last_name"] = json!("King");
    expected["timezone"] = json!("Asia/Tokyo");
    assert_eq!(profile, expected);
    assert_eq!(ada.client.get(&path(&ada)).await.expect(200).json(), expected);

    for nothing_new in [json!({}), json!({"last_name": "King"}), patch] {
        assert_eq!(ada.client.patch(&path(&ada), &nothing_new).await.expect(200).json(), expected);
    }
    let updates = updates(&api).await;
    assert_eq!(updates.len(), 1, "{updates:?}");
    let mut told = expected.clone();
    told["previous_timezone"] = registration["user"]["timezone"].clone();
    assert_eq!((&updates[0]["data"], &updates[0]["user_id"]), (&told, &expected["id"]));
    assert_eq!(
        (&updates[0]["sequence"], &updates[0]["topics"]),
        (&json!(2), &json!(["task-updates", "user-activities"]))
    );
    // New tasks take the zone over.
    assert_eq!(ada.create(json!({"title": "Tea"})).await["timezone"], "Asia/Tokyo");
}

#[tokio::test]
async fn an_invalid_patch_changes_nothing() {
    let api = Api::start().await;
    let registration = registered(&api).await;
    let ada = person(&api, &registration);
    for (member, value, code) in [
        ("first_name", json!(null), "not_nullable"),
        ("last_name", json!(null), "not_nullable"),
        ("timezone", json!(null), "not_nullable"),
        ("first_name", json!(" "), "name_empty"),
        ("last_name", json!("x".repeat(101)), "name_too_long"),
        ("last_name", json!("a\u{0}b"), "control_character"),
        ("timezone", json!("UTC+2"), "timezone_unknown"),
        ("first_name", json!(7), "invalid_type"),
        ("email", json!("other@example.com"), "unknown_field"),
        ("id", json!("somebody-else"), "unknown_field"),
        ("workspace_id", json!("somebody-else"), "unknown_field"),
    ] {
        let mut patch = json!({"first_name": "Augusta"});
        patch[member] = value;
        let problem = ada.client.patch(&path(&ada), &patch).await.expect_problem(422, "validation_failed");
        let told = (&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]);
        assert_eq!(told, (&json!(format!("/{member}")), &json!(code)), "{problem}");
    }
    let all = json!({"first_name": null, "last_name": "", "timezone": "x"});
    let problem = ada.client.patch(&path(&ada), &all).await.expect_problem(422, "validation_failed");
    assert_eq!(problem["errors"].as_array().unwrap().len(), 3, "{problem}");
    let text = ada.client.request(Method::PATCH, &path(&ada)).body("text/plain", "{}");
    text.send().await.expect_problem(415, "unsupported_media_type");
    assert_eq!(ada.client.get(&path(&ada)).await.expect(200).json(), registration["user"]);
    assert_eq!(updates(&api).await, [] as [Value; 0]);
}

#[tokio::test]
async fn patches_at_the_same_time_do_not_undo_each_other() {
    let api = Api::start().await;
    let ada = person(&api, &registered(&api).await);
    let profile = path(&ada);
    let send = async |patch: Value| ada.client.patch(&profile, &patch).await.expect(200);
    // Both are under way before either can go on.
    let held = begin(&api.owner().await).await.unwrap();
    held.execute_unprepared("SELECT FROM core.users FOR UPDATE").await.unwrap();
    let release = async {
        let waiting =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        eventually(Duration::from_secs(20), || async { (api.number(waiting).await == 2).then_some(()) }).await;
        held.rollback().await.unwrap();
    };
    tokio::join!(send(json!({"first_name": "Augusta"})), send(json!({"last_name": "King"})), release);
    let now = ada.client.get(&profile).await.expect(200).json();
    assert_eq!([&now["first_name"], &now["last_name"]], ["Augusta", "King"]);
    assert_eq!(updates(&api).await.last().unwrap()["data"], now);
}
