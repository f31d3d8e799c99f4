//! `Idempotency-Key` where the answer is credentials: they are not kept, but made again.

use chrono::Duration;
use futures::future::join_all;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use testkit::http::Answer;

use crate::account::{PASSWORD, ada, ada_with, person, post_once, refresh, registered};
use crate::harness::{Api, key};

const REGISTER: &str = "/api/auth/register";
const TOKEN: &str = "/api/auth/token";

fn is_repetition(answer: &Answer) -> bool {
    answer.header("idempotent-replayed") == Some("true")
}

/// What buys new tokens for those of `earlier`.
fn exchange(earlier: &Value) -> Value {
    json!({"refresh_token": earlier["refresh_token"]})
}

#[tokio::test]
async fn a_repeated_registration_gets_working_credentials_for_the_same_user() {
    let api = Api::start().await;
    let key = key();
    let first = post_once(&api, REGISTER, &key, &ada()).await.expect(201);
    assert!(!is_repetition(&first));
    api.clock.advance(Duration::minutes(20));
    let again = post_once(&api, REGISTER, &key, &ada()).await.expect(201);
    assert!(is_repetition(&again));
    assert_eq!(again.header("cache-control"), Some("no-store"));
    assert_eq!(again.header("location"), first.header("location"));
    let (first, again) = (first.json(), again.json());
    assert_eq!((&again["user"], &again["refresh_token"]), (&first["user"], &first["refresh_token"]));
    assert_eq!(again["expires_in"], 900);
    // The first access token has expired by now, the second is good.
    let (late, ada) = (person(&api, &first), person(&api, &again));
    late.client.get(&ada.tasks()).await.expect_problem(401, "token_expired");
    ada.client.get(&ada.tasks()).await.expect(200);
    refresh(&api, &again).await.expect(200);
    for table in ["users", "credentials", "outbox"] {
        assert_eq!(api.number(&format!("SELECT count(*) FROM core.{table}")).await, 1, "{table}");
    }
}

#[tokio::test]
async fn a_repeated_refresh_gets_the_same_successor() {
    let api = Api::start().await;
    let registration = registered(&api).await;
    let key = key();
    let first = post_once(&api, TOKEN, &key, &exchange(&registration)).await.expect(200);
    let again = post_once(&api, TOKEN, &key, &exchange(&registration)).await.expect(200);
    assert!(!is_repetition(&first) && is_repetition(&again));
    assert_eq!(again.header("cache-control"), Some("no-store"));
    let again = again.json();
    assert_eq!(again["refresh_token"], first.json()["refresh_token"]);
    assert_eq!(again.get("user"), None);
    let body = json!({"user": registration["user"], "access_token": again["access_token"]});
    let ada = person(&api, &body);
    ada.client.get(&ada.tasks()).await.expect(200);
    // The repetition was no second use: the family lives.
    let third = refresh(&api, &again).await.expect(200).json();
    // From here on the first answer has arrived, and whoever repeats the request is somebody else.
    post_once(&api, TOKEN, &key, &exchange(&registration)).await.expect_problem(401, "refresh_token_reused");
    refresh(&api, &third).await.expect(200);
    // Without the key it is a second use.
    refresh(&api, &registration).await.expect_problem(401, "refresh_token_reused");
    post_once(&api, TOKEN, &key, &exchange(&registration)).await.expect_problem(401, "refresh_token_reused");
}

#[tokio::test]
async fn a_repetition_does_not_bring_a_revoked_family_back() {
    let api = Api::start().await;
    let registration = registered(&api).await;
    let key = key();
    post_once(&api, TOKEN, &key, &exchange(&registration)).await.expect(200);
    refresh(&api, &registration).await.expect_problem(401, "refresh_token_reused");
    post_once(&api, TOKEN, &key, &exchange(&registration)).await.expect_problem(401, "refresh_token_revoked");
}

#[tokio::test]
async fn a_repeated_sign_in_is_one_sign_in() {
    let api = Api::start().await;
    registered(&api).await;
    let (key, body) = (key(), json!({"email": "ada@example.com", "password": PASSWORD}));
    let first = post_once(&api, TOKEN, &key, &body).await.expect(200).json();
    let again = post_once(&api, TOKEN, &key, &body).await.expect(200);
    assert!(is_repetition(&again));
    assert_eq!(again.json()["refresh_token"], first["refresh_token"]);
    assert_eq!(api.number("SELECT count(*) FROM core.refresh_tokens").await, 2);
}

#[tokio::test]
async fn another_request_with_the_same_key_is_refused() {
    let api = Api::start().await;
    let key = key();
    post_once(&api, REGISTER, &key, &ada()).await.expect(201);
    let other = ada_with(&json!({"email": "ADA@example.com", "password": "another password"}));
    post_once(&api, REGISTER, &key, &other).await.expect_problem(422, "idempotency_key_reused");
    // The other endpoint has keys of its own.
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    assert!(!is_repetition(&post_once(&api, TOKEN, &key, &body).await.expect(200)));
    let wrong = json!({"email": "ada@example.com", "password": "wrong password"});
    post_once(&api, TOKEN, &key, &wrong).await.expect_problem(401, "credentials_invalid");
    for path in [REGISTER, TOKEN] {
        let body = if path == REGISTER { ada() } else { body.clone() };
        post_once(&api, path, "two words", &body).await.expect_problem(400, "idempotency_key_invalid");
    }
}

/// Nobody is signed in yet: whoever guesses another's key learns nothing, and takes nothing away.
#[tokio::test]
async fn keys_of_different_people_are_different_keys() {
    let api = Api::start().await;
    let key = key();
    let bob = ada_with(&json!({"email": "bob@example.com", "first_name": "Bob"}));
    let registrations = [
        post_once(&api, REGISTER, &key, &ada()).await.expect(201).json(),
        post_once(&api, REGISTER, &key, &bob).await.expect(201).json(),
    ];
    for registration in &registrations {
        let exchanged = post_once(&api, TOKEN, &key, &exchange(registration)).await.expect(200);
        assert!(!is_repetition(&exchanged));
        let sign_in = json!({"email": registration["user"]["email"], "password": PASSWORD});
        assert!(!is_repetition(&post_once(&api, TOKEN, &key, &sign_in).await.expect(200)));
    }
    assert_eq!(api.number("SELECT count(*) FROM core.idempotency_keys").await, 6);
    assert_eq!(api.number("SELECT count(*) FROM core.idempotency_keys WHERE scope LIKE '%@%'").await, 0);
}

#[tokio::test]
async fn many_at_once_are_one_exchange() {
    let api = Api::start().await;
    let (registration, key) = (registered(&api).await, key());
    let body = exchange(&registration);
    let answers = join_all((0..10).map(|_| post_once(&api, TOKEN, &key, &body))).await;
    let (made, waiting): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
    for answer in &waiting {
        answer.expect_problem(409, "idempotency_in_flight");
    }
    let successors: Vec<Value> = made.iter().map(|answer| answer.json()["refresh_token"].clone()).collect();
    assert!(!successors.is_empty() && successors.iter().all(|token| *token == successors[0]));
    assert_eq!(made.iter().filter(|answer| !is_repetition(answer)).count(), 1);
    refresh(&api, &made[0].json()).await.expect(200);
}

#[tokio::test]
async fn nothing_secret_is_kept_with_a_key() {
    let api = Api::start().await;
    let registration = post_once(&api, REGISTER, &key(), &ada()).await.expect(201).json();
    let tokens = post_once(&api, TOKEN, &key(), &exchange(&registration)).await.expect(200).json();
    let sql = "SELECT scope || response::text, fingerprint FROM core.idempotency_keys ORDER BY scope";
    let statement = Statement::from_string(DbBackend::Postgres, sql);
    let rows = api.owner().await.query_all_raw(statement).await.unwrap();
    assert_eq!(rows.len(), 2);
    for row in rows {
        let (text, fingerprint): (String, Vec<u8>) =
            (row.try_get_by_index(0).unwrap(), row.try_get_by_index(1).unwrap());
        for body in [&registration, &tokens] {
            for secret in ["access_token", "refresh_token"] {
                assert!(!text.contains(body[secret].as_str().unwrap()), "{text}");
            }
        }
        assert!(!text.contains(PASSWORD), "{text}");
        // Whoever has the row cannot try passwords against it.
        for scope in ["auth:register", "auth:token"] {
            for body in [ada(), exchange(&registration)] {
                let guess = Sha256::digest([scope.as_bytes(), &[0], body.to_string().as_bytes()].concat());
                assert_ne!(fingerprint, guess.to_vec());
            }
        }
    }
}
