//! `POST /api/auth/token` with a password, and what its tokens are good for.

use std::time::Duration;

use backend_api::actions::verify_password::verify_password;
use backend_api::password_hasher::PasswordHasher;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};
use testkit::http::Client;

use crate::account::{PASSWORD, members, person, registered, sign_in};
use crate::harness::Api;

#[tokio::test]
async fn a_password_buys_tokens() {
    let api = Api::start().await;
    let ada = registered(&api).await;
    for email in ["ada@example.com", " ADA@Example.com "] {
        let answer = sign_in(&api, email, PASSWORD).await.expect(200);
        let body = answer.json();
        assert_eq!(members(&body), ["access_token", "expires_in", "refresh_token", "token_type"]);
        assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(900)));
        assert_ne!(body["refresh_token"], ada["refresh_token"]);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

#[tokio::test]
async fn an_access_token_opens_its_users_path_for_15_minutes() {
    let api = Api::start().await;
    let registration = registered(&api).await;
    let ada = person(&api, &registration);
    ada.create(json!({"title": "Mine"})).await;
    ada.client.get("/api/somebody-else/tasks").await.expect_problem(401, "user_mismatch");
    assert_eq!(
        ada.client.post("/api/tasks", &json!({"title": "Also mine"})).await.expect(201).json()["user_id"],
        ada.id
    );
    api.clock.advance(chrono::Duration::seconds(899));
    ada.client.get(&ada.tasks()).await.expect(200);
    api.clock.advance(chrono::Duration::seconds(1));
    ada.client.get(&ada.tasks()).await.expect_problem(401, "token_expired");
    // She was made when she registered, not once more at her first request.
    assert_eq!(api.number("SELECT count(*) FROM core.outbox WHERE event_type = 'user.created'").await, 1);
}

#[tokio::test]
async fn the_published_keys_verify_the_token() {
    let api = Api::start().await;
    let registration = registered(&api).await;
    let answer = Client::new(&api.base).get("/api/auth/jwks").await.expect(200);
    assert_eq!(answer.header("cache-control"), Some("public, max-age=600"));
    assert_eq!(answer.json()["keys"].as_array().unwrap().len(), 3);
    let keys: JwkSet = serde_json::from_slice(&answer.body).unwrap();

    let token = registration["access_token"].as_str().unwrap();
    let header = decode_header(token).unwrap();
    let key = DecodingKey::from_jwk(keys.find(&header.kid.unwrap()).unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&["http://localhost:8000"]);
    validation.set_audience(&["http://localhost:8000"]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    // The test's clock stands still, the library's does not.
    validation.validate_exp = false;
    let claims = decode::<Value>(token, &key, &validation).unwrap().claims;
    let user = &registration["user"];
    assert_eq!([&claims["sub"], &claims["user_id"]], [&user["id"], &user["id"]]);
    for claim in ["email", "first_name", "last_name", "timezone"] {
        assert_eq!(claims[claim], user[claim], "{claim}");
    }
    assert_eq!(claims["iat"], api.clock.now().timestamp());
    assert_eq!(claims["exp"], api.clock.now().timestamp() + 900);
}

#[tokio::test]
async fn whatever_is_wrong_gets_the_same_answer() {
    let api = Api::start().await;
    registered(&api).await;
    let known = sign_in(&api, "ada@example.com", "wrong password").await;
    let problem = known.expect_problem(401, "credentials_invalid");
    assert_eq!(known.header("www-authenticate"), Some("Bearer realm=\"tidings\""));
    let long = "x".repeat(100_000);
    for (email, password) in [
        ("nobody@example.com", PASSWORD),
        ("ada@example.com", ""),
        ("ada@example.com", "1234\u{0}5678"),
        ("ada@example.com", &long),
        ("no address", PASSWORD),
        ("ada@example.com\u{0}", PASSWORD),
        ("", ""),
        (&long, PASSWORD),
    ] {
        let answer = sign_in(&api, email, password).await;
        assert_eq!(answer.expect_problem(401, "credentials_invalid"), problem);
        assert_eq!(answer.header("www-authenticate"), known.header("www-authenticate"));
    }
    assert_eq!(api.number("SELECT count(*) FROM core.refresh_tokens").await, 1);
}

/// Where nobody is let in to hash, whoever needs a hash is turned away: so does an address without an account.
#[tokio::test]
async fn an_unknown_address_is_refused_after_the_same_work() {
    let api = Api::start().await;
    registered(&api).await;
    let (db, full) = (api.database.connect().await, PasswordHasher::new(0, Duration::ZERO));
    for email in ["ada@example.com", "nobody@example.com", "no address"] {
        let refused = verify_password(&db, &full, email, PASSWORD.to_owned()).await.unwrap_err();
        assert_eq!((refused.status().as_u16(), refused.code()), (503, "busy"), "{email}");
    }
    let user = verify_password(&db, &PasswordHasher::default(), "ada@example.com", PASSWORD.to_owned()).await.unwrap();
    assert_eq!(user.first_name, "Ada");
}

#[tokio::test]
async fn a_proof_has_exactly_one_form() {
    let api = Api::start().await;
    for body in [
        json!({}),
        json!({"email": "ada@example.com"}),
        json!({"password": PASSWORD}),
        json!({"email": "ada@example.com", "password": PASSWORD, "refresh_token": "x"}),
        json!({"email": "ada@example.com", "refresh_token": "x"}),
        json!({"refresh_token": null}),
    ] {
        let problem = Client::new(&api.base).post("/api/auth/token", &body).await;
        let problem = problem.expect_problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["code"], "proof_form", "{body}");
    }
    for (body, pointer, code) in [
        (json!({"refresh_token": "x", "scope": "all"}), "/scope", "unknown_field"),
        (json!({"refresh_token": 7}), "/refresh_token", "invalid_type"),
    ] {
        let problem = Client::new(&api.base).post("/api/auth/token", &body).await;
        let problem = problem.expect_problem(422, "validation_failed");
        let told = [&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]];
        assert_eq!(told, [pointer, code], "{body}");
    }
}
