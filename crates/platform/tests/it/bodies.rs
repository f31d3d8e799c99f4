//! Request bodies that are too large, and what becomes of their senders.

use axum::Router;
use axum::body::Bytes;
use axum::extract::Request;
use axum::routing::post;
use platform::extract::read_body;
use platform::problem::Problem;

use crate::service::Running;

async fn length(request: Request) -> Result<String, Problem> {
    Ok(read_body(request, &()).await?.len().to_string())
}

fn router() -> Router {
    let unread = || async { Problem::not_found("thing") };
    Router::new().route("/length", post(length)).route("/unread", post(unread))
}

fn head(path: &str, length: usize, more: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: test\r\ncontent-length: {length}\r\n{more}\r\n")
}

/// Clients such as Python's send the whole body before they read anything.
#[tokio::test]
async fn who_sends_all_before_reading_still_gets_the_answer() {
    let service = Running::start(router()).await;
    let body = vec![b'x'; 20 * 1024 * 1024];
    for (path, status, code) in [("/length", 413, "body_too_large"), ("/unread", 404, "not_found")] {
        let mut wire = service.connect().await;
        assert!(wire.send(head(path, body.len(), "")).await && wire.send(&body).await, "{path}");
        let (answered, problem) = wire.response().await;
        assert!(answered == status && problem.contains(code), "{path} {answered} {problem}");
        // The connection is as good as before.
        assert!(wire.send(head("/length", 3, "")).await && wire.send("abc").await);
        assert_eq!(wire.response().await, (200, "3".to_owned()));
    }
}

#[tokio::test]
async fn who_asks_before_sending_is_not_waited_for() {
    let service = Running::start(router()).await;
    let mut wire = service.connect().await;
    assert!(wire.send(head("/unread", 1024, "expect: 100-continue\r\n")).await);
    assert_eq!(wire.response().await.0, 404);
    assert_eq!(wire.closed().await, "");
}

#[tokio::test]
async fn a_body_without_end_is_not_read_to_it() {
    let service = Running::start(router()).await;
    let mut wire = service.connect().await;
    assert!(wire.send("POST /length HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n").await);
    let chunk = [b"10000\r\n".as_slice(), &vec![b'x'; 65_536], b"\r\n"].concat();
    let mut sent = 0;
    while wire.send(&chunk).await {
        sent += chunk.len();
        assert!(sent < 256 * 1024 * 1024, "it is read forever");
    }
}

#[tokio::test]
async fn a_body_within_the_limit_is_read_whole() {
    let service = Running::start(router()).await;
    let body = Bytes::from(vec![b'x'; 256 * 1024]);
    let request = service.client().request(reqwest::Method::POST, "/length");
    assert_eq!(request.body("text/plain", body.to_vec()).send().await.expect(200).text(), "262144");
}
