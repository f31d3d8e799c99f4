//! `POST /api/auth/token` with a refresh token: rotation, and what happens to a token in two hands.

use backend_api::domain::id_seal::IdSeal;
use chrono::Duration;
use futures::future::join_all;
use platform::config::Secret;
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::account::{PASSWORD, members, person, refresh, registered, sign_in};
use crate::harness::Api;

/// Tokens that were neither used nor revoked.
async fn good_tokens(api: &Api) -> i64 {
    api.number("SELECT count(*) FROM core.refresh_tokens WHERE used_at IS NULL AND revoked_at IS NULL").await
}

#[tokio::test]
async fn each_token_is_exchanged_for_the_next() {
    let api = Api::start().await;
    let registration = registered(&api).await;
    let mut tokens = registration.clone();
    for _ in 0..3 {
        api.clock.advance(Duration::minutes(15));
        let answer = refresh(&api, &tokens).await.expect(200);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let next = answer.json();
        assert_eq!(members(&next), ["access_token", "expires_in", "refresh_token", "token_type"]);
        assert_ne!(next["refresh_token"], tokens["refresh_token"]);
        let user = json!({"user": registration["user"], "access_token": next["access_token"]});
        let ada = person(&api, &user);
        ada.client.get(&ada.tasks()).await.expect(200);
        tokens = next;
    }
    assert_eq!(good_tokens(&api).await, 1);
}

#[tokio::test]
async fn a_token_used_twice_ends_its_family_and_no_other() {
    let api = Api::start().await;
    let stolen = registered(&api).await;
    let elsewhere = sign_in(&api, "ada@example.com", PASSWORD).await.expect(200).json();
    let second = refresh(&api, &stolen).await.expect(200).json();
    let third = refresh(&api, &second).await.expect(200).json();

    let refused = refresh(&api, &stolen).await;
    refused.expect_problem(401, "refresh_token_reused");
    assert_eq!(refused.header("www-authenticate"), Some("Bearer realm=\"tidings\""));
    // The revocation outlives the request that was refused.
    assert_eq!(api.number("SELECT count(*) FROM core.refresh_tokens WHERE revoked_at IS NOT NULL").await, 3);
    refresh(&api, &third).await.expect_problem(401, "refresh_token_revoked");
    refresh(&api, &second).await.expect_problem(401, "refresh_token_reused");
    refresh(&api, &elsewhere).await.expect(200);
}

#[tokio::test]
async fn of_many_at_once_one_wins_and_the_family_ends() {
    let api = Api::start().await;
    let tokens = registered(&api).await;
    let answers = join_all((0..10).map(|_| refresh(&api, &tokens))).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
    assert_eq!((won.len(), lost.len()), (1, 9));
    for answer in &lost {
        answer.expect_problem(401, "refresh_token_reused");
    }
    refresh(&api, &won[0].json()).await.expect_problem(401, "refresh_token_revoked");
    assert_eq!(good_tokens(&api).await, 0);
}

/// A revocation that comes while the newest token is being exchanged must not miss its successor.
#[tokio::test]
async fn no_token_slips_through_a_revocation() {
    let api = Api::start().await;
    for round in 0..10 {
        let first = if round == 0 {
            registered(&api).await
        } else {
            sign_in(&api, "ada@example.com", PASSWORD).await.expect(200).json()
        };
        let second = refresh(&api, &first).await.expect(200).json();
        let (reused, exchanged) = tokio::join!(refresh(&api, &first), refresh(&api, &second));
        reused.expect_problem(401, "refresh_token_reused");
        if exchanged.status != 200 {
            exchanged.expect_problem(401, "refresh_token_revoked");
        }
        assert_eq!(good_tokens(&api).await, 0, "round {round}");
    }
}

#[tokio::test]
async fn a_token_is_good_for_30_days() {
    let api = Api::start().await;
    let first = registered(&api).await;
    api.clock.advance(Duration::days(30) - Duration::seconds(1));
    let second = refresh(&api, &first).await.expect(200).json();
    api.clock.advance(Duration::days(30));
    refresh(&api, &second).await.expect_problem(401, "refresh_token_expired");
    refresh(&api, &first).await.expect_problem(401, "refresh_token_expired");
    // The answer stays the same when expired tokens have been forgotten.
    api.owner().await.execute_unprepared("DELETE FROM core.refresh_tokens").await.unwrap();
    let refused = refresh(&api, &second).await;
    refused.expect_problem(401, "refresh_token_expired");
    assert_eq!(refused.header("www-authenticate"), Some("Bearer realm=\"tidings\""));
}

#[tokio::test]
async fn what_was_not_issued_here_is_invalid() {
    let api = Api::start().await;
    let tokens = registered(&api).await;
    let good = tokens["refresh_token"].as_str().unwrap().to_owned();
    let flipped = format!("{}{}", if good.starts_with('A') { "B" } else { "A" }, &good[1..]);
    let forged = IdSeal::of_refresh_tokens(&Secret::new("x".repeat(48))).seal(Uuid::from_u128(7));
    let access = tokens["access_token"].as_str().unwrap();
    for token in ["", "x", "\u{0}", "é", &flipped, &good[..63], &format!("{good}A"), &forged, access] {
        let answer = refresh(&api, &json!({ "refresh_token": token })).await;
        answer.expect_problem(401, "refresh_token_invalid");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"tidings\""));
    }
    refresh(&api, &tokens).await.expect(200);
}

#[tokio::test]
async fn a_refreshed_token_says_what_the_profile_says_now() {
    let api = Api::start().await;
    let registration = registered(&api).await;
    let ada = person(&api, &registration);
    ada.client.patch(&format!("/api/{}/profile", ada.id), &json!({"last_name": "King"})).await.expect(200);
    let tokens = refresh(&api, &registration).await.expect(200).json();
    assert_eq!(claims(&tokens)["last_name"], "King");
}

fn claims(tokens: &Value) -> Value {
    let token = tokens["access_token"].as_str().unwrap().as_bytes();
    jsonwebtoken::dangerous::insecure_decode::<Value>(token).unwrap().claims
}
