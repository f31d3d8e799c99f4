use std::net::Ipv4Addr;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use testkit::http::Client;

/// Answers with what it was asked, or with a problem.
async fn echo(request: Request) -> Response {
    if request.uri().path() == "/refuse" {
        let problem = json!({"status": 404, "code": "not_found"}).to_string();
        return (StatusCode::NOT_FOUND, [("content-type", "application/problem+json")], problem).into_response();
    }
    let (parts, body) = request.into_parts();
    let header = |name| parts.headers.get(name).map(|value| value.to_str().unwrap());
    let headers = [header("authorization"), header("content-type"), header("if-match")];
    let (method, uri) = (parts.method.as_str(), parts.uri.to_string());
    let body = axum::body::to_bytes(body, 1024).await.unwrap();
    let body = String::from_utf8_lossy(&body);
    let told = json!({"method": method, "uri": uri, "headers": headers, "body": body});
    (StatusCode::ACCEPTED, [("etag", "\"1\"")], told.to_string()).into_response()
}

async fn client() -> Client {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(echo)).await });
    Client::new(base)
}

#[tokio::test]
async fn requests_arrive_as_they_were_made() {
    let client = client().await;
    let answer = client.get("/tasks?limit=2").await.expect(202);
    assert_eq!(answer.header("etag"), Some("\"1\""));
    assert_eq!(answer.json()["uri"], "/tasks?limit=2");
    assert_eq!(answer.json()["headers"], json!([null, null, null]));

    let told = client.with_token("abc").patch("/tasks/1", &json!({"title": "Tea"})).await.json();
    assert_eq!(told["headers"], json!(["Bearer abc", "application/json", null]));
    assert_eq!((&told["method"], &told["body"]), (&json!("PATCH"), &json!("{\"title\":\"Tea\"}")));

    let request = client.request(reqwest::Method::PUT, "/").header("if-match", "\"7\"");
    let told = request.body("text/plain", "{broken").send().await.json();
    assert_eq!(told["headers"], json!([null, "text/plain", "\"7\""]));
    assert_eq!(told["body"], "{broken");
}

#[tokio::test]
async fn a_problem_is_recognised() {
    let client = client().await;
    client.get("/refuse").await.expect_problem(404, "not_found");
}

#[tokio::test]
#[should_panic(expected = "the answer was")]
async fn an_answer_that_is_no_problem_is_not_taken_for_one() {
    client().await.get("/").await.expect_problem(404, "not_found");
}
