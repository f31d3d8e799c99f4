//! What a limited router answers.

use axum::Router;
use axum::routing::get;
use chrono::TimeDelta;
use platform::clock::Clock;
use platform::config::{Reader, Variables};
use platform::problem::Problem;
use platform::rate_limit::{AddressLimit, Client, Limiter, Rate};
use testkit::http::Answer;

use crate::service::Running;

fn settings(rate: &str, proxies: &str) -> AddressLimit {
    let variables = Variables::default().with("RATE_LIMIT_PER_ADDRESS", rate).with("TRUSTED_PROXIES", proxies);
    AddressLimit::read(&mut Reader::new(&variables))
}

async fn start(limit: AddressLimit, clock: &Clock) -> Running {
    let users = Limiter::new("user", Rate::per_minute(2), clock.clone());
    let ada = move |client: Client| {
        let users = users.clone();
        async move { client.count(Some(&users), "ada").map(|()| "hello") as Result<_, Problem> }
    };
    let router = Router::new().route("/ada", get(ada)).route("/anybody", get(|| async { "hello" }));
    Running::start(limit.around(router, clock)).await
}

fn told(answer: &Answer) -> (u16, Option<&str>, Option<&str>, Option<&str>) {
    let header = |name| answer.header(name);
    (answer.status.as_u16(), header("ratelimit-policy"), header("ratelimit"), header("retry-after"))
}

#[tokio::test]
async fn every_answer_tells_how_many_requests_are_left() {
    let clock = testkit::clock();
    let service = start(settings("4/60", ""), &clock).await;
    let client = service.client();
    let both = Some("\"address\";q=4;w=60, \"user\";q=2;w=60");
    let told_of = async |path: &str| client.get(path).await;

    let answer = told_of("/ada").await;
    assert_eq!(told(&answer), (200, both, Some("\"address\";r=3;t=15, \"user\";r=1;t=30"), None));
    let answer = told_of("/ada").await;
    assert_eq!(told(&answer), (200, both, Some("\"address\";r=2;t=30, \"user\";r=0;t=30"), None));
    let answer = told_of("/ada").await;
    assert_eq!(told(&answer), (429, both, Some("\"address\";r=1;t=45, \"user\";r=0;t=30"), Some("30")));
    let problem = answer.expect_problem(429, "rate_limited");
    assert_eq!(problem["violated-policies"], serde_json::json!(["user"]));
    assert_eq!(problem["detail"], "The limit `user` is 2 requests in 60 s. Send the request again in 30 s.");

    let address = Some("\"address\";q=4;w=60");
    let answer = told_of("/anybody").await;
    assert_eq!(told(&answer), (200, address, Some("\"address\";r=0;t=15"), None));
    let answer = told_of("/anybody").await;
    assert_eq!(told(&answer), (429, address, Some("\"address\";r=0;t=15"), Some("15")));
    assert_eq!(answer.expect_problem(429, "rate_limited")["violated-policies"], serde_json::json!(["address"]));

    for path in ["/health", "/livez", "/readyz", "/metrics"] {
        assert_eq!(told(&told_of(path).await), (200, None, None, None), "{path}");
    }
    clock.advance(TimeDelta::seconds(15));
    told_of("/anybody").await.expect(200);
    told_of("/anybody").await.expect_problem(429, "rate_limited");
}

#[tokio::test]
async fn without_a_limit_nothing_is_told() {
    let service = start(settings("off", ""), &testkit::clock()).await;
    let client = service.client();
    for _ in 0..100 {
        assert_eq!(told(&client.get("/anybody").await), (200, None, None, None));
    }
}

#[tokio::test]
async fn addresses_behind_a_trusted_proxy_are_counted_apart() {
    let service = start(settings("1/60", "127.0.0.0/8"), &testkit::clock()).await;
    let client = service.client();
    let from = |address: &'static str| {
        client.request(reqwest::Method::GET, "/anybody").header("x-forwarded-for", address).send()
    };
    from("203.0.113.7").await.expect(200);
    from("203.0.113.8").await.expect(200);
    from("203.0.113.7").await.expect_problem(429, "rate_limited");
    // What the client itself put before does not help.
    from("198.51.100.1, 203.0.113.7").await.expect_problem(429, "rate_limited");
    from("2001:db8::1").await.expect(200);
    from("2001:db8::ffff:0:0:2").await.expect_problem(429, "rate_limited");
    from("2001:db8:0:1::1").await.expect(200);

    let untrusting = start(settings("1/60", ""), &testkit::clock()).await;
    let client = untrusting.client();
    let from = |address: &'static str| {
        client.request(reqwest::Method::GET, "/anybody").header("x-forwarded-for", address).send()
    };
    from("203.0.113.7").await.expect(200);
    from("203.0.113.8").await.expect_problem(429, "rate_limited");
}
