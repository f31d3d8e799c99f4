//! An id belongs to the issuer that first vouched for it: another issuer's user of that id is somebody else.

use platform::auth::{Claims, SigningKeys};
use platform::config::{Secret, Variables};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::http::{Answer, Client};

use crate::account::{PASSWORD, person, registered, sign_in};
use crate::harness::{APP_TOKEN, AUTH_SECRET, Api};

const ISSUER: &str = "http://localhost:8000";
const MOVED: &str = "http://localhost:8100";

/// A token of the built-in issuer.
pub(crate) fn built_in(api: &Api, user: &str) -> String {
    let keys = SigningKeys::new(&Secret::new(AUTH_SECRET), ISSUER, ISSUER, api.clock.clone()).unwrap();
    keys.mint(&Claims { user_id: user.to_owned(), ..Claims::default() }, chrono::TimeDelta::minutes(15))
}

/// What websocket-service asks about somebody.
async fn memberships(api: &Api, user: Value) -> Answer {
    let request = Client::new(&api.base).request(Method::POST, "/internal/memberships");
    request.header("dapr-api-token", APP_TOKEN).json(&user).send().await
}

#[tokio::test]
async fn another_issuer_cannot_speak_for_a_known_user() {
    let api = Api::start().await;
    let (alice, bob) = (api.person("alice"), Client::new(&api.base).with_token(built_in(&api, "bob")));
    let impostor = Client::new(&api.base).with_token(built_in(&api, "alice"));
    let task = alice.create(json!({"title": "Private"})).await;
    bob.get("/api/bob/tasks").await.expect(200);
    for _ in 0..2 {
        let answer = impostor.get(&alice.task(&task)).await;
        answer.expect_problem(401, "user_of_another_issuer");
        assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer"));
        api.person("bob").client.get("/api/bob/tasks").await.expect_problem(401, "user_of_another_issuer");
        alice.client.get(&alice.task(&task)).await.expect(200);
    }
    // What was remembered is gone after a restart, what was stored is not.
    let api = api.restart(Variables::default()).await;
    let impostor = Client::new(&api.base).with_token(built_in(&api, "alice"));
    impostor.get("/api/alice/tasks").await.expect_problem(401, "user_of_another_issuer");
    api.person("alice").client.get(&alice.task(&task)).await.expect(200);
    assert_eq!(api.number("SELECT count(*) FROM core.users").await, 2);
}

#[tokio::test]
async fn of_two_issuers_that_vouch_for_one_id_at_once_one_is_believed() {
    let api = Api::start().await;
    let (one, other) = (api.person("alice").client, Client::new(&api.base).with_token(built_in(&api, "alice")));
    let (one, other) = tokio::join!(one.get("/api/alice/tasks"), other.get("/api/alice/tasks"));
    let (believed, refused) = if one.status == 200 { (one, other) } else { (other, one) };
    let _ = believed.expect(200);
    refused.expect_problem(401, "user_of_another_issuer");
}

#[tokio::test]
async fn the_built_in_issuer_stays_itself_when_its_address_changes() {
    let api = Api::start().await;
    let id = registered(&api).await["user"]["id"].as_str().unwrap().to_owned();
    Client::new(&api.base).with_token(built_in(&api, "demo")).get("/api/demo/tasks").await.expect(200);
    assert_eq!(api.number("SELECT count(*) FROM core.users WHERE issuer = 'built-in'").await, 2);
    let api = api.restart(Variables::default().with("AUTH_ISSUER", MOVED)).await;
    let tokens = sign_in(&api, "ada@example.com", PASSWORD).await.expect(200).json();
    let ada = person(&api, &json!({"user": {"id": id}, "access_token": tokens["access_token"]}));
    ada.client.get(&ada.tasks()).await.expect(200);
}

#[tokio::test]
async fn websockets_are_of_one_issuer_too() {
    let api = Api::start().await;
    let alice = |issuer: &str| json!({"user_id": "alice", "issuer": issuer});
    let answer = memberships(&api, alice(&api.issuer.base_url())).await.expect(200).json();
    assert_eq!(answer["workspaces"].as_array().unwrap().len(), 1);
    memberships(&api, alice(ISSUER)).await.expect_problem(401, "user_of_another_issuer");
    api.person("alice").client.get("/api/alice/tasks").await.expect(200);
    memberships(&api, json!({"user_id": "demo", "issuer": ISSUER})).await.expect(200);
    Client::new(&api.base).with_token(built_in(&api, "demo")).get("/api/demo/tasks").await.expect(200);
    // A ticket names its user only; whoever vouched for them did so when it was sold.
    assert_eq!(memberships(&api, json!({"user_id": "alice"})).await.expect(200).json(), answer);
    memberships(&api, json!({"user_id": "nobody"})).await.expect_problem(404, "not_found");
    assert_eq!(api.number("SELECT count(*) FROM core.users").await, 2);
}

#[tokio::test]
async fn of_a_verified_user_only_what_can_be_stored_is_taken() {
    let api = Api::start().await;
    let long = "x".repeat(256);
    for (id, email) in [("zero", "\u{0}"), ("long", long.as_str()), ("empty", ""), ("line", "a\nb")] {
        let user = json!({
            "user_id": id, "issuer": "x", "email": email, "first_name": email, "last_name": "Lovelace", "name": email, "timezone": email,
        });
        memberships(&api, user).await.expect(200);
    }
    let made = "SELECT count(*) FROM core.users WHERE email IS NULL AND first_name = '' AND last_name = 'Lovelace' AND timezone = 'UTC'";
    assert_eq!(api.number(made).await, 4);
    for (user, pointer, code) in [
        (json!({"user_id": "\u{0}", "issuer": "x"}), "/user_id", "user_id_invalid"),
        (json!({"user_id": "", "issuer": "x"}), "/user_id", "user_id_invalid"),
        (json!({"user_id": long}), "/user_id", "user_id_invalid"),
        (json!({"user_id": "somebody", "issuer": "\u{0}"}), "/issuer", "issuer_invalid"),
        (json!({"user_id": "somebody", "issuer": ""}), "/issuer", "issuer_invalid"),
        (json!({"user_id": "somebody", "issuer": long}), "/issuer", "issuer_invalid"),
    ] {
        let problem = memberships(&api, user.clone()).await.expect_problem(422, "validation_failed");
        let told = json!([problem["errors"][0]["pointer"], problem["errors"][0]["code"]]);
        assert_eq!(told, json!([pointer, code]), "{user}");
    }
    assert_eq!(api.number("SELECT count(*) FROM core.users").await, 4);
}
