//! Every operation in the document refuses strangers, without a trace and without a word about what it keeps.

use testkit::http::{Answer, Client};
use uuid::Uuid;

use crate::document::Document;
use crate::harness::Api;
use crate::valid_requests::{Valid, World};

/// A refusal but for the path, which the client said itself.
fn refusal(answer: &Answer) -> (u16, serde_json::Value) {
    let mut problem = answer.json();
    problem.as_object_mut().unwrap().remove("instance");
    (answer.status.as_u16(), problem)
}

/// Sends `request` with every token that proves nothing, and with Mallory's.
async fn refuse_tokens(world: &World, request: &Valid) {
    let claims = || world.api.issuer.claims("alice");
    let stranger = testkit::issuer::Issuer::start(&world.api.clock).await;
    let expired = claims().expires_in(chrono::Duration::seconds(-1)).sign();
    let mut tokens = vec![
        (None, "token_missing"),
        (Some("x.y.z".to_owned()), "token_malformed"),
        (Some(expired), "token_expired"),
        (Some(claims().sign_with_a_foreign_key()), "token_signature_invalid"),
        (Some(claims().unsigned()), "token_algorithm_refused"),
        (Some(stranger.token("alice")), "token_issuer_unknown"),
    ];
    if request.names.contains_key("user_id") {
        tokens.push((Some(world.api.issuer.token("mallory")), "user_mismatch"));
    }
    for (token, code) in tokens {
        let client = token.map_or_else(|| world.anyone.clone(), |token| world.anyone.with_token(token));
        let answer = request.send(&client).await;
        answer.expect_problem(401, code);
        let challenge = answer.header("www-authenticate");
        assert!(challenge.is_some_and(|challenge| challenge.starts_with("Bearer")), "{challenge:?}");
    }
}

/// Sends `request` as Mallory: a thing of Alice's must look like a thing that nobody has.
async fn refuse_things(world: &World, request: &Valid, thing: &str) {
    let own = request.clone().name("user_id", &world.mallory.id);
    let theirs = own.send(&world.mallory.client).await;
    theirs.expect_problem(404, "not_found");
    let nobodys = own.name(thing, &Uuid::new_v4().to_string()).send(&world.mallory.client).await;
    assert_eq!(refusal(&theirs), refusal(&nobodys), "the answer tells that the thing is there");
    assert_eq!(theirs.header("etag"), None);
}

#[tokio::test]
async fn every_operation_refuses_strangers() {
    let world = World::start().await;
    let guarded: Vec<_> = Document::get().operations().into_iter().filter(|known| !known.is_public()).collect();
    assert!(guarded.len() >= 12, "the document has lost its operations");
    for operation in guarded {
        let request = world.valid(&operation, &world.alice).await;
        let before = world.rows().await;
        println!("{operation}");
        refuse_tokens(&world, &request).await;
        if let Some(thing) = request.thing() {
            refuse_things(&world, &request, thing).await;
        }
        assert_eq!(world.rows().await, before, "{operation} left a trace of what it refused");
        let granted = request.send(&world.alice.client).await;
        assert!(granted.status.is_success(), "{operation} refuses its own user too: {}", granted.text());
    }
}

#[tokio::test]
async fn what_asks_for_no_token_is_meant_to() {
    let operations = Document::get().operations();
    let public: Vec<_> = operations.iter().filter(|known| known.is_public()).map(ToString::to_string).collect();
    let identity = ["GET /api/auth/jwks", "POST /api/auth/register", "POST /api/auth/token"];
    assert_eq!(public, [&identity[..], &["GET /api/unsubscribe/{token}", "POST /api/unsubscribe/{token}"]].concat());
    let api = Api::start().await;
    Client::new(&api.base).get("/api/auth/jwks").await.expect(200);
}
