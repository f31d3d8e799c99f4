//! `/api/unsubscribe/{token}`: the link at the end of an e-mail.

use base64::Engine as _;
use platform::config::Variables;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use testkit::http::{Answer, Client};

use crate::harness::Api;
use crate::trail::Trail;

async fn start() -> (Api, Trail, Client) {
    let (variables, trail) = Trail::start().await;
    let api = Api::start_with(variables).await;
    let anyone = Client::new(&api.base);
    (api, trail, anyone)
}

async fn one_click(anyone: &Client, token: &str) -> Answer {
    let request = anyone.request(Method::POST, &format!("/api/unsubscribe/{token}"));
    request.body("application/x-www-form-urlencoded", b"List-Unsubscribe=One-Click".to_vec()).send().await
}

/// What the page may load is its own style and nothing else.
fn expect_harmless(page: &Answer) {
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let html = page.text();
    let style = html.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    let digest = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(style));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; ") && policy.contains(&format!("'sha256-{digest}'")), "{policy}");
    assert_eq!((page.header("referrer-policy"), page.header("cache-control")), (Some("no-referrer"), Some("no-store")));
    for foreign in ["http", "src=", "href=", "<script", "onclick"] {
        assert!(!html.contains(foreign), "{foreign} in {html}");
    }
}

#[tokio::test]
async fn opening_the_link_only_asks() {
    let (_api, trail, anyone) = start().await;
    let token = trail.notifications.send_link("reminder");
    for token in [token.as_str(), "made-up"] {
        let page = anyone.get(&format!("/api/unsubscribe/{token}")).await.expect(200);
        expect_harmless(&page);
        assert!(page.text().contains("<form method=\"post\"><button>"), "{}", page.text());
        assert!(!page.text().contains(token));
    }
    assert_eq!(trail.notifications.take_asked(), [] as [Value; 0]);
}

#[tokio::test]
async fn one_click_ends_it_and_says_what() {
    let (_api, trail, anyone) = start().await;
    for (kind, name) in [
        ("reminder", "reminders"),
        ("task_completed", "news of completed tasks"),
        ("task_assigned", "news of tasks that are assigned to you"),
        ("comment_added", "news of comments"),
        ("system", "news of Tidings itself"),
        ("digest", "daily digests"),
        ("of a newer version <b>", "messages of this kind"),
    ] {
        let token = trail.notifications.send_link(kind);
        let page = one_click(&anyone, &token).await.expect(200);
        expect_harmless(&page);
        assert!(page.text().contains(&format!("You will get no more {name} by e-mail.")), "{}", page.text());
        assert_eq!(trail.notifications.take_asked(), [json!({ "token": token })]);
    }
    let token = trail.notifications.send_link("reminder");
    let path = format!("/api/unsubscribe/{token}");
    for (kind, body) in [("application/json", "{"), ("multipart/form-data; boundary=x", "--x"), ("", "")] {
        anyone.request(Method::POST, &path).body(kind, body.as_bytes().to_vec()).send().await.expect(200);
    }
}

#[tokio::test]
async fn a_link_that_is_not_ours_is_told_to_programs_and_to_people() {
    let (api, _trail, anyone) = start().await;
    one_click(&anyone, "made-up").await.expect_problem(404, "not_found");
    one_click(&anyone, "%FF").await.expect_problem(404, "not_found");
    let client = platform::http::client(std::time::Duration::from_secs(10)).unwrap();
    let send = async |method: &Method, path: &str, accept: &str| {
        let request = client.request(method.clone(), format!("{}{path}", api.base)).header("accept", accept);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 404, "{method} {path}");
        (answer.headers()["content-type"].to_str().unwrap().to_owned(), answer.text().await.unwrap())
    };
    for (method, damaged) in [
        (Method::POST, "/api/unsubscribe/made-up"),
        (Method::POST, "/api/unsubscribe/%FF"),
        (Method::GET, "/api/unsubscribe/made-up/twice"),
        (Method::POST, "/api/unsubscribe/made-up/twice"),
        (Method::GET, "/api/unsubscribe/"),
        (Method::GET, "/api/unsubscribe"),
    ] {
        let (kind, page) = send(&method, damaged, "text/html,*/*").await;
        assert_eq!(kind, "text/html; charset=utf-8", "{method} {damaged}");
        assert!(page.contains("This link does not work"), "{method} {damaged}: {page}");
        assert_eq!(send(&method, damaged, "*/*").await.0, "application/problem+json", "{method} {damaged}");
    }
    assert_eq!(send(&Method::GET, "/api/unsubscribed", "text/html").await.0, "application/problem+json");
}

#[tokio::test]
async fn while_the_keeper_is_away_people_are_asked_to_come_again() {
    let api = Api::start().await;
    one_click(&Client::new(&api.base), "token").await.expect_problem(503, "service_unavailable");
    let browser = platform::http::client(std::time::Duration::from_secs(10)).unwrap();
    let page =
        browser.post(format!("{}/api/unsubscribe/token", api.base)).header("accept", "text/html").send().await.unwrap();
    assert_eq!((page.status().as_u16(), page.headers()["retry-after"].to_str().unwrap()), (503, "1"));
    assert!(page.text().await.unwrap().contains("nothing was changed"));
}

#[tokio::test]
async fn nobody_tries_one_link_after_another() {
    let limits = Variables::default().with("RATE_LIMIT_SIGN_IN", "1/60").with("RATE_LIMIT_PER_ADDRESS", "off");
    let api = Api::start_with(limits).await;
    let anyone = Client::new(&api.base);
    for _ in 0..15 {
        one_click(&anyone, "guess").await.expect_problem(503, "service_unavailable");
    }
    let refused = one_click(&anyone, "guess").await;
    assert_eq!(refused.expect_problem(429, "rate_limited")["violated-policies"], json!(["sign-in-address"]));
    assert!(refused.header("retry-after").is_some());
    anyone.get("/api/unsubscribe/guess").await.expect(200);
}
