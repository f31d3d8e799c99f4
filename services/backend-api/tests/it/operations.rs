//! The API document is true: it is served, and every operation in it refuses strangers.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::http::Client;

use crate::harness::Api;

/// Every operation: method, path, and whether it asks for a token.
fn operations(document: &Value) -> Vec<(Method, String, bool)> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let public = operation["security"].as_array().is_some_and(|schemes| schemes.contains(&json!({})));
            operations.push((method.to_uppercase().parse().unwrap(), path.clone(), !public));
        }
    }
    operations
}

#[tokio::test]
async fn every_operation_with_a_token_refuses_none_a_bad_one_and_another_users() {
    let api = Api::start().await;
    let document = Client::new(&api.base).get("/openapi.json").await.expect(200).json();
    let guarded: Vec<_> = operations(&document).into_iter().filter(|(_, _, guarded)| *guarded).collect();
    assert!(guarded.len() >= 10, "{guarded:?}");
    let mallory = api.person("mallory");
    for (method, path, _) in guarded {
        let own = path.replace("{user_id}", "alice").replace("{id}", "01890a5d-ac96-774b-bcce-b302099a8057");
        let send = |client: Client| {
            let (method, own) = (method.clone(), own.clone());
            async move { client.request(method, &own).json(&json!({"title": "x"})).send().await }
        };
        send(Client::new(&api.base)).await.expect_problem(401, "token_missing");
        send(Client::new(&api.base).with_token("x.y.z")).await.expect_problem(401, "token_malformed");
        if path.contains("{user_id}") {
            send(mallory.client.clone()).await.expect_problem(401, "user_mismatch");
        }
    }
}

#[tokio::test]
async fn the_document_can_be_read_by_people() {
    let api = Api::start().await;
    let anyone = Client::new(&api.base);
    let page = anyone.get("/docs/").await.expect(200).text();
    assert!(page.contains("swagger-ui"), "{page}");
    let script = anyone.get("/docs/swagger-ui-bundle.js").await.expect(200);
    assert!(script.body.len() > 100_000, "the page's script is served by us");
    assert!(anyone.get("/docs").await.status.is_redirection());
}
