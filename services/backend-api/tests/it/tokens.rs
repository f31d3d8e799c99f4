//! Tokens: every one that is not beyond doubt is refused, and has no effect.

use chrono::Duration;
use serde_json::json;
use testkit::http::Client;

use crate::harness::Api;

#[tokio::test]
async fn a_token_in_the_shape_of_better_auth_is_taken() {
    let api = Api::start().await;
    let token = api.issuer.claims("frida").claim("name", "Frida van Dyk").claim("email", "frida@example.com").sign();
    let client = Client::new(&api.base).with_token(token);
    client.get("/api/frida/tasks").await.expect(200);
    let event = api.events().await.remove(0);
    assert_eq!(event["event_type"], "user.created");
    let expected = json!({"id": "frida", "email": "frida@example.com", "first_name": "Frida", "last_name": "van Dyk"});
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(event["data"][field], *value, "{field}");
    }
}

#[tokio::test]
async fn bad_tokens_are_refused_by_name() {
    let api = Api::start().await;
    let claims = || api.issuer.claims("alice");
    let now = api.clock.now().timestamp();
    for (what, token, code) in [
        ("garbage", "garbage".to_owned(), "token_malformed"),
        ("expired", claims().claim("exp", now - 1).sign(), "token_expired"),
        ("unsigned", claims().unsigned(), "token_algorithm_refused"),
        ("HS256 with the public key", claims().sign_with_the_public_key(), "token_algorithm_refused"),
        ("another issuer", claims().claim("iss", "https://evil.example").sign(), "token_issuer_unknown"),
        ("another audience", claims().claim("aud", "https://evil.example").sign(), "token_audience_wrong"),
        ("exp as text", claims().claim("exp", (now + 900).to_string()).sign(), "token_claims_invalid"),
        ("without exp", claims().without_claim("exp").sign(), "token_claims_invalid"),
        ("without iat", claims().without_claim("iat").sign(), "token_claims_invalid"),
        ("a foreign key", claims().sign_with_a_foreign_key(), "token_signature_invalid"),
    ] {
        let client = Client::new(&api.base).with_token(token);
        let answer = client.post("/api/alice/tasks", &json!({"title": "x"})).await;
        assert_eq!(answer.expect_problem(401, code)["code"], code, "{what}");
        assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer"), "{what}");
    }
    Client::new(&api.base).get("/api/alice/tasks").await.expect_problem(401, "token_missing");
    assert_eq!(api.number("SELECT count(*) FROM core.users").await, 0);
}

#[tokio::test]
async fn another_users_path_is_401() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let answer = alice.client.get("/api/bob/tasks").await;
    answer.expect_problem(401, "user_mismatch");
    assert!(answer.header("www-authenticate").is_some());
}

#[tokio::test]
async fn a_flood_of_unknown_keys_fetches_the_keys_once_in_30_seconds() {
    let api = Api::start().await;
    api.person("alice").client.get("/api/alice/tasks").await.expect(200);
    assert_eq!(api.issuer.fetches(), 1);
    api.clock.advance(Duration::seconds(31));
    let flood = |n: i32| {
        let client =
            Client::new(&api.base).with_token(api.issuer.claims("alice").header("kid", format!("unknown-{n}")).sign());
        async move { client.get("/api/alice/tasks").await.expect_problem(401, "token_key_unknown") }
    };
    futures::future::join_all((0..100).map(flood)).await;
    assert_eq!(api.issuer.fetches(), 2);
}

#[tokio::test]
async fn when_the_issuer_is_down_known_keys_serve_a_day_and_then_none() {
    let api = Api::start().await;
    api.person("alice").client.get("/api/alice/tasks").await.expect(200);
    api.issuer.switch_off();
    api.clock.advance(Duration::hours(23));
    api.person("alice").client.get("/api/alice/tasks").await.expect(200);
    api.clock.advance(Duration::hours(2));
    let answer = api.person("alice").client.get("/api/alice/tasks").await;
    answer.expect_problem(503, "identity_unavailable");
    assert!(answer.header("retry-after").is_some());
}
