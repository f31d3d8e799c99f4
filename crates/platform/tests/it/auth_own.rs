//! The built-in issuer, seen from those who verify its tokens.

use axum::http::{HeaderMap, HeaderValue, header};
use chrono::TimeDelta;
use platform::auth::{Claims, SigningKeys, TrustedIssuer, Verifier, bearer};
use platform::config::Secret;

use crate::auth_issuer::{Answer, TestIssuer, client};

const OWN: &str = "http://localhost:8000";

fn alice() -> Claims {
    Claims {
        user_id: "alice".to_owned(),
        email: Some("alice@example.com".to_owned()),
        first_name: Some("Alice".to_owned()),
        last_name: Some("Liddell".to_owned()),
        timezone: Some("Europe/London".to_owned()),
    }
}

/// The keys, somebody else who fetches them over HTTP, and the issuer verifying its own tokens.
async fn built_in() -> (TestIssuer, SigningKeys, Verifier, Verifier) {
    let issuer = TestIssuer::start(&[]).await;
    let secret = Secret::new("a secret of at least 32 bytes, yes");
    let keys = SigningKeys::new(&secret, OWN, OWN, issuer.clock.clone()).unwrap();
    issuer.answer(Answer::Document(keys.jwks().to_string()));
    let trusted = TrustedIssuer::new(OWN, issuer.trusted.jwks_url.clone(), OWN);
    let other = Verifier::new(vec![trusted], issuer.clock.clone(), &client());
    let own = Verifier::new(Vec::new(), issuer.clock.clone(), &client()).trusting_own(keys.clone());
    (issuer, keys, other, own)
}

#[tokio::test]
async fn a_minted_token_names_its_user_everywhere() {
    let (issuer, keys, other, own) = built_in().await;
    let token = keys.mint(&alice(), TimeDelta::minutes(15));
    for verifier in [&other, &own] {
        let identity = verifier.verify(&token).await.unwrap();
        assert_eq!((identity.user_id.as_str(), identity.issuer.as_str()), ("alice", OWN));
        assert_eq!(identity.email.as_deref(), Some("alice@example.com"));
        assert_eq!(identity.first_name.as_deref(), Some("Alice"));
        assert_eq!(identity.last_name.as_deref(), Some("Liddell"));
        assert_eq!(identity.timezone.as_deref(), Some("Europe/London"));
        assert_eq!(identity.expires_at, issuer.clock.now() + TimeDelta::minutes(15));
    }
    issuer.clock.advance(TimeDelta::minutes(15));
    for verifier in [&other, &own] {
        assert_eq!(verifier.verify(&token).await.unwrap_err().code(), "token_expired");
    }
}

#[tokio::test]
async fn a_token_outlives_the_period_of_its_key() {
    let (issuer, keys, other, own) = built_in().await;
    let token = keys.mint(&alice(), TimeDelta::days(40));
    issuer.clock.advance(TimeDelta::days(30));
    let jwks = keys.jwks().to_string();
    issuer.answer(Answer::Document(jwks));
    assert!(other.verify(&token).await.is_ok());
    assert!(own.verify(&token).await.is_ok());
}

#[tokio::test]
async fn whoever_has_the_old_document_knows_the_next_key() {
    let (issuer, keys, other, _) = built_in().await;
    let period = 30 * 24 * 60 * 60;
    let left = period - issuer.clock.now().timestamp().rem_euclid(period);
    issuer.clock.advance(TimeDelta::seconds(left - 1));
    issuer.answer(Answer::Document(keys.jwks().to_string()));
    assert!(other.verify(&keys.mint(&alice(), TimeDelta::minutes(15))).await.is_ok());
    issuer.clock.advance(TimeDelta::seconds(1));
    assert!(other.verify(&keys.mint(&alice(), TimeDelta::minutes(15))).await.is_ok());
    assert_eq!(issuer.fetches(), 1);
}

#[tokio::test]
async fn a_key_two_periods_old_is_not_believed() {
    let (issuer, keys, _, own) = built_in().await;
    let token = keys.mint(&alice(), TimeDelta::days(90));
    issuer.clock.advance(TimeDelta::days(60));
    assert_eq!(own.verify(&token).await.unwrap_err().code(), "token_key_unknown");
}

#[tokio::test]
async fn another_secret_signs_for_nobody() {
    let (issuer, _, other, own) = built_in().await;
    let secret = Secret::new("another secret of at least 32 bytes");
    let stranger = SigningKeys::new(&secret, OWN, OWN, issuer.clock.clone()).unwrap();
    let token = stranger.mint(&alice(), TimeDelta::minutes(15));
    for verifier in [&other, &own] {
        assert_eq!(verifier.verify(&token).await.unwrap_err().code(), "token_key_unknown");
    }
}

#[tokio::test]
async fn the_token_of_a_request_is_verified() {
    let (_, keys, _, own) = built_in().await;
    let mut headers = HeaderMap::new();
    let value = format!("bearer {}", keys.mint(&alice(), TimeDelta::minutes(15)));
    headers.insert(header::AUTHORIZATION, HeaderValue::from_str(&value).unwrap());
    assert_eq!(own.verify(bearer(&headers).unwrap()).await.unwrap().user_id, "alice");
}
