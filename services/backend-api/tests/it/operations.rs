//! The API document, as people and programs get it.

use reqwest::Method;
use serde_json::json;
use testkit::http::Client;

use crate::document::Document;
use crate::harness::Api;
use crate::valid_requests::World;

#[tokio::test]
async fn the_document_is_served() {
    let api = Api::start().await;
    for path in ["/openapi.json", "/docs/openapi.json"] {
        let served = Client::new(&api.base).get(path).await.expect(200).json();
        assert!(served == *Document::get().json(), "{path} is another document than the routes'");
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

#[tokio::test]
async fn every_operation_refuses_a_parameter_that_it_does_not_have() {
    let world = World::start().await;
    for operation in Document::get().operations() {
        let valid = world.valid(&operation, &world.alice).await;
        let before = world.rows().await;
        for (name, pointer) in [("bogus", "/bogus"), ("user_id", "/user_id"), ("", "/"), ("a%2Fb", "/a~1b")] {
            let request = valid.clone().query(name, "1");
            let problem = request.send(world.entitled(&operation)).await.expect_problem(422, "validation_failed");
            let told = json!([problem["errors"][0]["pointer"], problem["errors"][0]["code"]]);
            assert_eq!(told, json!([pointer, "unknown_parameter"]), "{operation}");
            if !operation.is_public() {
                request.send(&world.anyone).await.expect_problem(401, "token_missing");
            }
        }
        assert_eq!(world.rows().await, before, "{operation} has done what it refused");
        let granted = valid.send(world.entitled(&operation)).await;
        assert!(granted.status.is_success(), "{operation}: {}", granted.text());
    }
    let tasks = format!("{}?bogus=1", world.alice.tasks());
    let head = world.alice.client.request(Method::HEAD, &tasks).send().await;
    assert_eq!(head.status, 422);
}

#[test]
fn every_post_says_what_its_body_is() {
    let posts = Document::get().operations().into_iter().filter(|operation| operation.method == Method::POST);
    let silent: Vec<_> = posts.filter(|operation| operation.body().is_none()).map(|post| post.to_string()).collect();
    assert!(silent.is_empty(), "{silent:?} take any body");
}
