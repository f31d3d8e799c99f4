//! Passwords, their hashes and tokens are in no log line, and hashes in no answer.

use std::io::Write;
use std::sync::{Arc, Mutex};

use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use serde_json::json;
use testkit::http::Answer;

use crate::account::{PASSWORD, ada, person, refresh, register, sign_in};
use crate::harness::Api;

/// Everything that was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

/// One thread runs the test and the service, so that the subscriber of this thread hears both, down to the last detail.
#[tokio::test]
async fn secrets_stay_where_they_belong() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _listening = tracing::subscriber::set_default(subscriber);

    let api = Api::start().await;
    let wrong = "a password that is wrong";
    let registered = register(&api, &ada()).await.expect(201);
    let tokens = registered.json();
    let person = person(&api, &tokens);
    let profile = format!("/api/{}/profile", person.id);
    let answers: Vec<Answer> = vec![
        register(&api, &ada()).await.expect(409),
        sign_in(&api, "ada@example.com", PASSWORD).await.expect(200),
        sign_in(&api, "ada@example.com", wrong).await.expect(401),
        refresh(&api, &tokens).await.expect(200),
        refresh(&api, &tokens).await.expect(401),
        refresh(&api, &json!({"refresh_token": "x"})).await.expect(401),
        person.client.get(&profile).await.expect(200),
        person.client.patch(&profile, &json!({"first_name": "Augusta"})).await.expect(200),
        registered,
    ];

    let hash = password_hash(&api).await;
    let salt_and_hash = hash.rsplit('$').take(2);
    for answer in &answers {
        assert!(!answer.text().contains("argon2") && !answer.text().contains(PASSWORD), "{}", answer.text());
        for secret in salt_and_hash.clone() {
            assert!(!answer.text().contains(secret), "{}", answer.text());
        }
    }
    let log = log.text();
    assert!(log.contains("a refresh token was used twice"), "the log is listened to");
    let issued = answers.iter().map(Answer::json).collect::<Vec<_>>();
    let issued = issued.iter().flat_map(|body| [&body["access_token"], &body["refresh_token"]]);
    let secrets = issued.filter_map(|token| token.as_str()).chain([PASSWORD, wrong]).chain(salt_and_hash);
    for secret in secrets {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret} was logged");
    }
}

async fn password_hash(api: &Api) -> String {
    let statement = Statement::from_string(DbBackend::Postgres, "SELECT password_hash FROM core.credentials");
    let hash: String = api.owner().await.query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    hash
}
