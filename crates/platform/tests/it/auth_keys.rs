//! When the keys of an issuer are fetched, for how long they serve, and what happens when they cannot be had.

use axum::http::StatusCode;
use chrono::TimeDelta;
use futures::future::join_all;
use platform::auth::{AuthError, TrustedIssuer, Verifier};

use crate::auth_issuer::{Answer, ISSUER, TestIssuer, TestKey, client};

const DOWN: Answer = Answer::Status(StatusCode::BAD_GATEWAY);

async fn issuer() -> (TestIssuer, TestKey) {
    let key = TestKey::new("k1", 1);
    (TestIssuer::start(&[&key]).await, key)
}

/// 200 tokens at once, each naming another key that does not exist.
async fn flood(issuer: &TestIssuer) {
    let tokens: Vec<_> = (0..200).map(|n| issuer.token(&TestKey::new(&format!("unknown-{n}"), 9))).collect();
    for code in join_all(tokens.iter().map(|token| issuer.verdict(token))).await {
        assert_eq!(code, "token_key_unknown");
    }
}

#[tokio::test]
async fn a_flood_of_unknown_keys_is_one_fetch_in_30_seconds() {
    let (issuer, key) = issuer().await;
    flood(&issuer).await;
    assert_eq!(issuer.fetches(), 1);
    issuer.clock.advance(TimeDelta::seconds(29));
    flood(&issuer).await;
    assert_eq!(issuer.fetches(), 1);
    assert_eq!(issuer.verdict(&issuer.token(&key)).await, "ok", "the others are not disturbed");
    issuer.clock.advance(TimeDelta::seconds(1));
    flood(&issuer).await;
    assert_eq!(issuer.fetches(), 2);
}

#[tokio::test]
async fn a_flood_while_the_issuer_is_down_is_one_fetch_in_30_seconds() {
    let (issuer, key) = issuer().await;
    assert_eq!(issuer.verdict(&issuer.token(&key)).await, "ok");
    issuer.answer(DOWN);
    issuer.clock.advance(TimeDelta::seconds(30));
    for fetches in [2, 3] {
        for _ in 0..2 {
            let tokens: Vec<_> = (0..200).map(|_| issuer.token(&TestKey::new("unknown", 9))).collect();
            let codes = join_all(tokens.iter().map(|token| issuer.verdict(token))).await;
            assert!(codes.iter().all(|code| *code == "identity_unavailable"), "{codes:?}");
            assert_eq!(issuer.fetches(), fetches);
        }
        issuer.clock.advance(TimeDelta::seconds(30));
    }
}

#[tokio::test]
async fn many_first_tokens_are_one_fetch() {
    let (issuer, key) = issuer().await;
    let tokens: Vec<_> = (0..200).map(|_| issuer.token(&key)).collect();
    let codes = join_all(tokens.iter().map(|token| issuer.verdict(token))).await;
    assert!(codes.iter().all(|code| *code == "ok"), "{codes:?}");
    assert_eq!(issuer.fetches(), 1);
}

#[tokio::test]
async fn keys_are_fresh_for_ten_minutes() {
    let (issuer, key) = issuer().await;
    for (seconds, fetches) in [(0, 1), (599, 1), (1, 2), (599, 2), (1, 3)] {
        issuer.clock.advance(TimeDelta::seconds(seconds));
        assert_eq!(issuer.verdict(&issuer.token(&key)).await, "ok");
        assert_eq!(issuer.fetches(), fetches);
    }
}

#[tokio::test]
async fn a_new_key_is_found_and_a_withdrawn_one_is_dropped() {
    let (issuer, old) = issuer().await;
    assert_eq!(issuer.verdict(&issuer.token(&old)).await, "ok");
    let new = TestKey::new("k2", 2);
    issuer.publish(&[&old, &new]);
    issuer.clock.advance(TimeDelta::seconds(30));
    assert_eq!(issuer.verdict(&issuer.token(&new)).await, "ok");
    assert_eq!(issuer.verdict(&issuer.token(&old)).await, "ok");
    assert_eq!(issuer.fetches(), 2);
    issuer.publish(&[&new]);
    issuer.clock.advance(TimeDelta::minutes(10));
    assert_eq!(issuer.verdict(&issuer.token(&old)).await, "token_key_unknown");
    assert_eq!(issuer.verdict(&issuer.token(&new)).await, "ok");
}

#[tokio::test]
async fn while_the_issuer_is_down_its_keys_serve_for_24_hours() {
    let (issuer, key) = issuer().await;
    let token = issuer.token(&key);
    assert_eq!(issuer.verdict(&token).await, "ok");
    issuer.answer(DOWN);
    issuer.clock.advance(TimeDelta::minutes(10));
    for _ in 0..3 {
        assert_eq!(issuer.verdict(&issuer.token(&key)).await, "ok");
    }
    assert_eq!(issuer.fetches(), 2, "a failed fetch was repeated within 30 s");
    issuer.clock.advance(TimeDelta::hours(24) - TimeDelta::minutes(10) - TimeDelta::microseconds(1));
    assert_eq!(issuer.verdict(&issuer.token(&key)).await, "ok");
    issuer.wait_for_fetches(3).await;
    issuer.clock.advance(TimeDelta::microseconds(1));
    assert_eq!(issuer.verdict(&issuer.token(&key)).await, "identity_unavailable");
    issuer.clock.advance(TimeDelta::minutes(10));
    assert_eq!(issuer.verdict(&token).await, "identity_unavailable", "what was remembered fails closed too");
}

#[tokio::test]
async fn an_issuer_that_returns_is_believed_again() {
    let (issuer, old) = issuer().await;
    assert_eq!(issuer.verdict(&issuer.token(&old)).await, "ok");
    issuer.answer(DOWN);
    issuer.clock.advance(TimeDelta::hours(25));
    assert_eq!(issuer.verdict(&issuer.token(&old)).await, "identity_unavailable");
    let new = TestKey::new("k2", 2);
    issuer.publish(&[&new]);
    assert_eq!(issuer.verdict(&issuer.token(&new)).await, "identity_unavailable", "asked again within a second");
    issuer.clock.advance(TimeDelta::seconds(1));
    assert_eq!(issuer.verdict(&issuer.token(&new)).await, "ok");
    assert_eq!(issuer.verdict(&issuer.token(&old)).await, "token_key_unknown");
}

#[tokio::test]
async fn an_issuer_that_was_never_reached_is_asked_once_per_second() {
    let (issuer, key) = issuer().await;
    issuer.answer(DOWN);
    for fetches in [1, 2, 3] {
        let tokens: Vec<_> = (0..50).map(|_| issuer.token(&key)).collect();
        let codes = join_all(tokens.iter().map(|token| issuer.verdict(token))).await;
        assert!(codes.iter().all(|code| *code == "identity_unavailable"), "{codes:?}");
        assert_eq!(issuer.fetches(), fetches);
        issuer.clock.advance(TimeDelta::seconds(1));
    }
}

#[tokio::test]
async fn a_refused_connection_says_when_to_try_again() {
    let (issuer, key) = issuer().await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/jwks", listener.local_addr().unwrap());
    drop(listener);
    let trusted = vec![TrustedIssuer::new(ISSUER, url, ISSUER)];
    let verifier = Verifier::new(trusted, issuer.clock.clone(), &client());
    let error = verifier.verify(&issuer.token(&key)).await.unwrap_err();
    assert_eq!(error, AuthError::Unavailable { retry_after: 1 });
}

#[tokio::test]
async fn a_document_that_is_no_key_set_or_too_long_is_a_failure() {
    let (issuer, key) = issuer().await;
    let padded = format!(r#"{{"keys": [], "padding": "{}"}}"#, "x".repeat(64 * 1024));
    for answer in ["<html>", "{}", r#"{"keys": 1}"#, &padded] {
        issuer.answer(Answer::Document(answer.to_owned()));
        assert_eq!(issuer.verdict(&issuer.token(&key)).await, "identity_unavailable");
        issuer.clock.advance(TimeDelta::seconds(1));
    }
    assert_eq!(issuer.fetches(), 4);
    issuer.answer(Answer::Status(StatusCode::TEMPORARY_REDIRECT));
    assert_eq!(issuer.verdict(&issuer.token(&key)).await, "identity_unavailable");
}

#[tokio::test]
async fn a_silent_issuer_holds_nobody_up_for_long() {
    let (issuer, key) = issuer().await;
    issuer.answer(Answer::Silence);
    let token = issuer.token(&key);
    let verdict = tokio::time::timeout(std::time::Duration::from_secs(20), issuer.verdict(&token)).await;
    assert_eq!(verdict.unwrap(), "identity_unavailable");
}

#[tokio::test]
async fn with_keys_at_hand_a_silent_issuer_holds_nobody_up_twice() {
    let (issuer, key) = issuer().await;
    assert_eq!(issuer.verdict(&issuer.token(&key)).await, "ok");
    issuer.answer(DOWN);
    issuer.clock.advance(TimeDelta::minutes(10));
    assert_eq!(issuer.verdict(&issuer.token(&key)).await, "ok");
    issuer.answer(Answer::Silence);
    issuer.clock.advance(TimeDelta::seconds(30));
    let token = issuer.token(&key);
    let verdict = tokio::time::timeout(std::time::Duration::from_secs(4), issuer.verdict(&token)).await;
    assert_eq!(verdict.unwrap(), "ok", "it waited for the fetch");
    issuer.wait_for_fetches(3).await;
}

#[tokio::test]
async fn a_client_that_hangs_up_does_not_undo_the_fetch() {
    let (issuer, key) = issuer().await;
    let token = issuer.token(&key);
    let mut request = Box::pin(issuer.verdict(&token));
    assert!(futures::poll!(&mut request).is_pending());
    drop(request);
    issuer.wait_for_fetches(1).await;
    assert_eq!(issuer.verdict(&token).await, "ok");
    assert_eq!(issuer.fetches(), 1);
}
