//! Who may open a socket, in which way, and how everybody else is refused.

use serde_json::{Value, json};

use crate::client::Client;
use crate::world::{World, new_id};

/// Sends an opening request that is to be refused; the answer is its status and the code of the problem.
pub(crate) async fn refusal(world: &World, query: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let mut request = world
        .http
        .get(format!("http://{}/ws{query}", world.address))
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    problem(request).await
}

async fn problem(request: reqwest::RequestBuilder) -> (u16, String) {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    assert_eq!(answer.headers()["content-type"], "application/problem+json", "{status}");
    assert_eq!(answer.headers().contains_key("www-authenticate"), status == 401);
    let problem: Value = answer.json().await.unwrap();
    assert_eq!((&problem["status"], &problem["instance"]), (&json!(status), &json!("/ws")));
    (status, problem["code"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_token_as_subprotocol_opens_a_socket() {
    let world = World::start().await;
    let workspace = new_id();
    world.backend.member("alice", workspace, 41);
    let mut client = Client::bearer(world.address, &world.token("alice")).await;
    assert_eq!(client.protocol(), Some("bearer"));
    assert_eq!(
        client.message().await,
        json!({"type": "subscribed", "sequence": 41, "workspaces": [{"id": workspace, "sequence": 41}]})
    );
    // What backend-api needs to provision the user on first sight.
    assert_eq!(
        world.backend.asked(),
        [json!({"user_id": "alice", "issuer": world.issuer.base_url(), "email": "alice@example.com"})]
    );
}

#[tokio::test]
async fn a_ticket_opens_one_socket() {
    let world = World::start().await;
    world.backend.member("alice", new_id(), 41);
    world.backend.ticket("secret+ticket", "alice", "2999-01-01T00:00:00Z");
    let mut client = Client::open(world.address, "?ticket=secret%2Bticket", &[]).await.unwrap();
    assert_eq!(client.message().await["sequence"], 41);
    assert_eq!(client.protocol(), None);
    assert_eq!(world.backend.asked(), [json!({"user_id": "alice"})]);
    assert_eq!(refusal(&world, "?ticket=secret%2Bticket", &[]).await, (401, "ticket_invalid".to_owned()));
}

#[tokio::test]
async fn a_first_message_opens_a_socket() {
    let world = World::start().await;
    world.backend.member("alice", new_id(), 41);
    let mut client = Client::unknown(world.address).await;
    client.send(r#"{"type":"ping"}"#).await;
    assert_eq!(client.message().await, json!({"type": "pong"}));
    client.send_auth(&world.token("alice")).await;
    assert_eq!(client.message().await["sequence"], 41);
}

#[tokio::test]
async fn a_bad_token_is_refused_before_the_upgrade() {
    let world = World::start().await;
    let claims = || world.issuer.claims("alice");
    for (token, code) in [
        ("garbage".to_owned(), "token_malformed"),
        (claims().unsigned(), "token_algorithm_refused"),
        (claims().sign_with_the_public_key(), "token_algorithm_refused"),
        (claims().sign_with_a_foreign_key(), "token_signature_invalid"),
        (claims().header("kid", "unknown").sign(), "token_key_unknown"),
        (claims().claim("iss", "https://other.example").sign(), "token_issuer_unknown"),
        (claims().claim("aud", "https://other.example").sign(), "token_audience_wrong"),
        (claims().claim("exp", "2999-01-01").sign(), "token_claims_invalid"),
        (world.token_for("alice", -1), "token_expired"),
    ] {
        let protocols = format!("bearer, {token}");
        let refused = refusal(&world, "", &[("sec-websocket-protocol", &protocols)]).await;
        assert_eq!(refused, (401, code.to_owned()), "{token}");
    }
    let refused = refusal(&world, "", &[("sec-websocket-protocol", "bearer")]).await;
    assert_eq!(refused, (401, "token_malformed".to_owned()));
    assert!(world.backend.asked().is_empty());
}

#[tokio::test]
async fn a_bad_ticket_is_refused_before_the_upgrade() {
    let world = World::start().await;
    let long = format!("?ticket={}", "t".repeat(300));
    for query in ["?ticket=unknown", "?ticket=", "?ticket=%00", &long] {
        assert_eq!(refusal(&world, query, &[]).await, (401, "ticket_invalid".to_owned()), "{query}");
    }
}

#[tokio::test]
async fn a_user_of_another_issuer_is_refused_before_the_upgrade_or_closed_with_4401() {
    let world = World::start().await;
    world.backend.member("alice", new_id(), 1);
    let of_another = json!({"code": "user_of_another_issuer", "detail": "…", "status": 401});
    world.backend.refuse_memberships(401, of_another);
    let protocols = format!("bearer, {}", world.token("alice"));
    let refused = refusal(&world, "", &[("sec-websocket-protocol", &protocols)]).await;
    assert_eq!(refused, (401, "user_of_another_issuer".to_owned()));
    let mut client = Client::unknown(world.address).await;
    client.send_auth(&world.token("alice")).await;
    assert_eq!(client.error().await, "user_of_another_issuer");
    assert_eq!(client.close().await, (4401, "user_of_another_issuer".to_owned()));
    // A sidecar that does not know our token says 401 too, and not of the user.
    world.backend.refuse_memberships(401, json!({"errorCode": "ERR_API_TOKEN"}));
    let refused = refusal(&world, "", &[("sec-websocket-protocol", &protocols)]).await;
    assert_eq!(refused, (503, "service_unavailable".to_owned()));
}

#[tokio::test]
async fn a_bad_query_is_refused() {
    let world = World::start().await;
    let workspace = new_id();
    let twice = format!("?last_seen={workspace}:1,{workspace}:2");
    let negative = format!("?last_seen={workspace}:-1");
    for (query, code) in [
        ("?token=x", "unknown_parameter"),
        ("?last_seen=1&last_seen=2", "duplicate_parameter"),
        ("?last_seen=seven", "invalid_parameter"),
        ("?last_seen=", "invalid_parameter"),
        ("?last_seen=-1", "invalid_parameter"),
        ("?last_seen=9223372036854775808", "invalid_parameter"),
        ("?last_seen=%00", "invalid_parameter"),
        ("?last_seen=x:1", "invalid_parameter"),
        (&*twice, "invalid_parameter"),
        (&*negative, "invalid_parameter"),
    ] {
        let answer = world.http.get(format!("http://{}/ws{query}", world.address));
        let answer = answer
            .header("connection", "upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        let answer: Value = answer.send().await.unwrap().json().await.unwrap();
        assert_eq!((&answer["status"], &answer["errors"][0]["code"]), (&json!(422), &json!(code)), "{query}");
    }
}

#[tokio::test]
async fn a_bad_token_in_the_first_message_closes_with_4401() {
    let world = World::start().await;
    let expired = world.token_for("alice", -1);
    for (token, code) in [("garbage", "token_malformed"), ("\u{0}", "token_malformed"), (&*expired, "token_expired")] {
        let mut client = Client::unknown(world.address).await;
        client.send_auth(token).await;
        assert_eq!(client.error().await, code);
        assert_eq!(client.close().await, (4401, code.to_owned()));
    }
}

#[tokio::test]
async fn silence_closes_with_4401() {
    let world = World::start_with(|config| config.limits.first_message = std::time::Duration::from_millis(200)).await;
    let mut client = Client::unknown(world.address).await;
    assert_eq!(client.error().await, "auth_timeout");
    assert_eq!(client.close().await.0, 4401);
    world.await_metric("sockets_open", 0).await;
}

#[tokio::test]
async fn only_pages_of_allowed_origins_may_connect() {
    let world = World::start().await;
    world.backend.member("alice", new_id(), 1);
    let protocols = format!("bearer, {}", world.token("alice"));
    let protocol = ("sec-websocket-protocol", &*protocols);
    for origin in ["http://localhost:3000", "http://127.0.0.1:3000"] {
        let mut client = Client::open(world.address, "", &[protocol, ("origin", origin)]).await.unwrap();
        assert_eq!(client.message().await["type"], "subscribed");
    }
    for origin in ["https://evil.example", "null", "http://localhost:3001", "http://localhost:3000.evil.example"] {
        let refused = refusal(&world, "", &[protocol, ("origin", origin)]).await;
        assert_eq!(refused, (403, "origin_not_allowed".to_owned()), "{origin}");
    }
    let both = [("origin", "http://localhost:3000"), ("origin", "https://evil.example")];
    assert_eq!(refusal(&world, "", &both).await.0, 403);
}

#[tokio::test]
async fn what_is_no_handshake_is_told_what_to_do() {
    let world = World::start().await;
    let url = format!("http://{}/ws", world.address);
    assert_eq!(problem(world.http.get(&url)).await, (426, "upgrade_required".to_owned()));
    let upgrade = world.http.get(&url).header("connection", "upgrade").header("upgrade", "websocket");
    let old = upgrade.try_clone().unwrap().header("sec-websocket-version", "8").header("sec-websocket-key", "x");
    assert_eq!(problem(old).await, (426, "upgrade_required".to_owned()));
    assert_eq!(problem(upgrade.header("sec-websocket-version", "13")).await, (400, "handshake_invalid".to_owned()));
    assert_eq!(problem(world.http.post(&url)).await, (405, "method_not_allowed".to_owned()));
}

#[tokio::test]
async fn without_backend_api_nobody_is_let_in_and_everybody_may_try_again() {
    let world = World::start().await;
    world.backend.set_away();
    let protocols = format!("bearer, {}", world.token("alice"));
    let unavailable = (503, "service_unavailable".to_owned());
    assert_eq!(refusal(&world, "", &[("sec-websocket-protocol", &protocols)]).await, unavailable);
    assert_eq!(refusal(&world, "?ticket=t", &[]).await, unavailable);
    let mut client = Client::unknown(world.address).await;
    client.send_auth(&world.token("alice")).await;
    assert_eq!(client.error().await, "unavailable");
    assert_eq!(client.close().await.0, 1013);
}

#[tokio::test]
async fn without_the_issuers_keys_nobody_is_let_in_and_everybody_may_try_again() {
    let world = World::start().await;
    world.issuer.switch_off();
    let protocols = format!("bearer, {}", world.token("alice"));
    let unavailable = (503, "identity_unavailable".to_owned());
    assert_eq!(refusal(&world, "", &[("sec-websocket-protocol", &protocols)]).await, unavailable);
    let mut client = Client::unknown(world.address).await;
    client.send_auth(&world.token("alice")).await;
    assert_eq!(client.error().await, "identity_unavailable");
    assert_eq!(client.close().await.0, 1013);
}

#[tokio::test]
async fn a_user_without_a_personal_workspace_is_a_fault_of_the_backend() {
    let world = World::start().await;
    let protocols = format!("bearer, {}", world.token("nobody"));
    let refused = refusal(&world, "", &[("sec-websocket-protocol", &protocols)]).await;
    assert_eq!(refused, (503, "service_unavailable".to_owned()));
}
