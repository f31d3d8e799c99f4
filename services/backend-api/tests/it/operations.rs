//! The API document, as people and programs get it.

use testkit::http::Client;

use crate::document::Document;
use crate::harness::Api;

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
