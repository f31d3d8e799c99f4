//! What pages of other origins may do and read (CORS).

use std::collections::BTreeSet;

use testkit::http::Client;

use crate::harness::Api;

#[tokio::test]
async fn pages_of_allowed_origins_read_the_headers_that_the_api_speaks_in() {
    let api = Api::start().await;
    let get = |origin: &'static str| {
        let request = Client::new(&api.base).request(reqwest::Method::GET, "/api/auth/jwks");
        request.header("origin", origin).send()
    };
    let answer = get("http://localhost:3000").await.expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), Some("http://localhost:3000"));
    let exposed: BTreeSet<_> = answer.header("access-control-expose-headers").unwrap().split(',').collect();
    let expected = [
        "etag",
        "idempotent-replayed",
        "link",
        "location",
        "ratelimit",
        "ratelimit-policy",
        "retry-after",
        "x-request-id",
    ];
    assert_eq!(exposed, expected.into());
    assert_eq!(get("https://evil.example").await.expect(200).header("access-control-allow-origin"), None);
}
