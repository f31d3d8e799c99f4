//! People of the built-in issuer, and what they send to it.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::http::{Answer, Client};

use crate::harness::{Api, Person};

pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// What Ada registers with.
pub(crate) fn ada() -> Value {
    json!({"email": "ada@example.com", "password": PASSWORD, "first_name": "Ada", "last_name": "Lovelace",
        "timezone": "Europe/London"})
}

/// The same with some members changed.
pub(crate) fn ada_with(changes: &Value) -> Value {
    let mut body = ada();
    let members = changes.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(members);
    body
}

/// Sends a registration.
pub(crate) async fn register(api: &Api, body: &Value) -> Answer {
    Client::new(&api.base).post("/api/auth/register", body).await
}

/// Registers Ada and returns the whole answer.
pub(crate) async fn registered(api: &Api) -> Value {
    register(api, &ada()).await.expect(201).json()
}

/// Signs in.
pub(crate) async fn sign_in(api: &Api, email: &str, password: &str) -> Answer {
    let body = json!({"email": email, "password": password});
    Client::new(&api.base).post("/api/auth/token", &body).await
}

/// Exchanges the refresh token of an earlier answer.
pub(crate) async fn refresh(api: &Api, earlier: &Value) -> Answer {
    let body = json!({"refresh_token": earlier["refresh_token"]});
    Client::new(&api.base).post("/api/auth/token", &body).await
}

/// Sends something under an idempotency key.
pub(crate) async fn post_once(api: &Api, path: &str, key: &str, body: &Value) -> Answer {
    Client::new(&api.base).request(Method::POST, path).header("idempotency-key", key).json(body).send().await
}

/// The user of a registration, with its access token.
pub(crate) fn person(api: &Api, registration: &Value) -> Person {
    let token = registration["access_token"].as_str().unwrap();
    let id = registration["user"]["id"].as_str().unwrap().to_owned();
    Person { id, client: Client::new(&api.base).with_token(token) }
}

/// The names of an object's members, in alphabetical order.
pub(crate) fn members(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}
