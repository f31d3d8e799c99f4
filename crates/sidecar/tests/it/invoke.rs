//! Service invocation.

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Answer, Gate, TestApp};
use crate::rig::{Base, Plan, Rig, database, subscribe_to};

/// Two apps, `caller` and `callee`, and the base of the caller's sidecar.
async fn pair() -> (Rig, Base, TestApp, testkit::Database) {
    let (caller, callee) = (TestApp::start(&json!([])).await, TestApp::start(&json!([])).await);
    let database = database().await;
    let apps = [("caller", caller.port), ("callee", callee.port)];
    let rig = Rig::start(&database, &apps, Plan::default()).await;
    let base = rig.base("caller");
    base.ready().await;
    rig.base("callee").ready().await;
    (rig, base, callee, database)
}

#[tokio::test]
async fn every_verb_query_body_and_header_pass_both_ways() {
    let (_rig, base, callee, _database) = pair().await;
    callee.answer(|_, _| {
        Answer(
            418,
            vec![
                ("x-answer", "b".to_owned()),
                ("etag", "\"3\"".to_owned()),
                ("set-cookie", "a=1".to_owned()),
                ("set-cookie", "b=2".to_owned()),
            ],
            "tea".to_owned(),
        )
    });
    let methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    for method in methods {
        let request = base.request(method.parse().unwrap(), "/v1.0/invoke/callee/method/a/b%20c?q=1&r=%2F");
        let answer = request.header("x-ask", "a").header("if-match", "\"2\"").body("body").send().await.unwrap();
        assert_eq!(answer.status(), 418);
        assert_eq!(
            (&answer.headers()["x-answer"], &answer.headers()["etag"]),
            (&"b".parse().unwrap(), &"\"3\"".parse().unwrap())
        );
        assert_eq!(answer.headers().get_all("set-cookie").iter().collect::<Vec<_>>(), ["a=1", "b=2"]);
        assert_eq!(answer.text().await.unwrap(), "tea");
    }
    let received = callee.received("/a/b%20c");
    assert_eq!(received.iter().map(|one| one.method.as_str()).collect::<Vec<_>>(), methods);
    for one in received {
        assert_eq!((one.path.as_str(), &one.body[..]), ("/a/b%20c?q=1&r=%2F", &b"body"[..]));
        assert_eq!((one.header("x-ask"), one.header("if-match")), (Some("a"), Some("\"2\"")));
    }
}

#[tokio::test]
async fn the_callee_learns_who_called() {
    let (_rig, base, callee, _database) = pair().await;
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let request = base.get("/v1.0/invoke/callee/method/x").header("traceparent", parent);
    let request = request.header("dapr-api-token", "mine").header("connection", "x-hop").header("x-hop", "1");
    assert_eq!(request.send().await.unwrap().status(), 200);
    let one = callee.received("/x").remove(0);
    assert_eq!((one.header("dapr-caller-app-id"), one.header("dapr-callee-app-id")), (Some("caller"), Some("callee")));
    assert_eq!((one.header("traceparent"), one.header("x-forwarded-for")), (Some(parent), Some("127.0.0.1")));
    assert!(one.header("x-forwarded-host").unwrap().starts_with("127.0.0.1:"));
    assert_eq!((one.header("dapr-api-token"), one.header("x-hop")), (None, None));
}

#[tokio::test]
async fn an_app_may_be_named_in_a_header() {
    let (_rig, base, callee, _database) = pair().await;
    let by_header = base.post("/some//path?a=b").header("dapr-app-id", "callee").send().await.unwrap();
    let by_user = base.get("/other").basic_auth("dapr-app-id", Some("callee")).send().await.unwrap();
    assert_eq!((by_header.status().as_u16(), by_user.status().as_u16()), (200, 200));
    assert_eq!(callee.received("/some/path")[0].path, "/some/path?a=b");
    assert_eq!(callee.received("/other").len(), 1);
}

#[tokio::test]
async fn paths_are_cleaned_and_cannot_escape() {
    let (_rig, base, callee, _database) = pair().await;
    assert_eq!(base.get("//v1.0//invoke/callee.default/method//a///b").send().await.unwrap().status(), 200);
    assert_eq!(callee.received("/a/b").len(), 1);
    assert_eq!(base.get("/v1.0/invoke/callee/method").send().await.unwrap().status(), 200);
    assert_eq!(callee.received("/").len(), 1);
}

#[tokio::test]
async fn an_app_that_cannot_be_reached_is_an_error_by_code() {
    let app = TestApp::start(&json!([])).await;
    let database = database().await;
    // Nothing ever listens at port 1.
    let rig = Rig::start(&database, &[("shop", app.port), ("late", 1)], Plan::default()).await;
    let base = rig.base("shop");
    base.ready().await;
    for (path, status) in [
        ("/v1.0/invoke/nobody/method/x", 500),
        ("/v1.0/invoke/late/method/x", 500),
        ("/v1.0/invoke/shop", 404),
        ("/v1.0/nothing", 404),
        ("/", 404),
    ] {
        let answer = base.request(Method::GET, path).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
        assert_eq!(answer.json::<Value>().await.unwrap()["errorCode"], "ERR_DIRECT_INVOKE", "{path}");
    }
}

#[tokio::test]
async fn a_large_answer_passes_and_a_too_large_question_is_refused() {
    let (_rig, base, callee, _database) = pair().await;
    callee.answer(|_, _| "x".repeat(6 * 1024 * 1024).as_str().into());
    let answer = base.get("/v1.0/invoke/callee/method/x").send().await.unwrap();
    assert_eq!(answer.bytes().await.unwrap().len(), 6 * 1024 * 1024);
    let request = base.post("/v1.0/invoke/callee/method/x").body(vec![0; 4 * 1024 * 1024 + 1]);
    assert_eq!(request.send().await.unwrap().status(), 500);
    assert_eq!(callee.received("/x").len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_invocation_may_take_longer_than_a_delivery() {
    let app = TestApp::start(&subscribe_to(&["orders"])).await;
    let change = |settings: &mut sidecar::Settings| settings.callback_timeout = std::time::Duration::from_millis(100);
    let (_rig, base, _database) = Rig::planned(&app, Plan { change, ..Plan::default() }).await;
    let gate = Gate::default();
    let held = gate.clone();
    app.answer(move |one, before| {
        if one.path == "/slow" || before == 0 {
            held.pass();
        }
        200.into()
    });
    let invocation = tokio::spawn(base.post("/v1.0/invoke/shop/method/slow").send());
    app.wait_for("/slow", 1).await;
    // A delivery that began later is given up first.
    base.publish("orders", &json!(1)).await;
    app.wait_for("/events/orders", 2).await;
    gate.open();
    assert_eq!(invocation.await.unwrap().unwrap().status(), 200);
}

/// The same as [`pair`] with a policy for `callee`.
async fn pair_with(policies: &str, target: &str) -> (Rig, Base, TestApp, testkit::Database) {
    let (caller, callee) = (TestApp::start(&json!([])).await, TestApp::start(&json!([])).await);
    let components = format!(
        "{}---\napiVersion: dapr.io/v1alpha1\nkind: Resiliency\nmetadata: {{ name: r }}\n\
         spec: {{ policies: {policies}, targets: {{ apps: {{ callee: {target} }} }} }}\n",
        crate::rig::PUBSUB
    );
    let database = database().await;
    let apps = [("caller", caller.port), ("callee", callee.port)];
    let rig = Rig::start(&database, &apps, Plan { components, ..Plan::default() }).await;
    let base = rig.base("caller");
    base.ready().await;
    rig.base("callee").ready().await;
    (rig, base, callee, database)
}

#[tokio::test]
async fn an_invocation_is_tried_again_as_the_policy_says() {
    let retries = "{ retries: { r: { duration: 1ms, maxRetries: 2, matching: { httpStatusCodes: '502,504' } } } }";
    let (_rig, base, callee, _database) = pair_with(retries, "{ retry: r }").await;
    callee.answer(|one, before| match one.path.as_str() {
        "/once" if before == 0 => 502.into(),
        "/always" => 504.into(),
        "/busy" => 503.into(),
        _ => 200.into(),
    });
    for (path, status, calls) in [("/once", 200, 2), ("/always", 504, 3), ("/busy", 503, 1)] {
        let answer = base.post(&format!("/v1.0/invoke/callee/method{path}")).body("b").send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
        let received = callee.received(path);
        assert_eq!(received.len(), calls, "{path}");
        assert!(received.iter().all(|one| &one.body[..] == b"b"));
    }
}

#[tokio::test]
async fn a_breaker_that_is_open_lets_nothing_through_and_other_methods_alone() {
    let breakers = "{ circuitBreakers: { b: { timeout: 1h, trip: consecutiveFailures >= 2 } } }";
    let (_rig, base, callee, _database) = pair_with(breakers, "{ circuitBreaker: b }").await;
    callee.answer(|one, _| if one.path == "/broken" { 500.into() } else { 200.into() });
    for _ in 0..2 {
        let answer = base.get("/v1.0/invoke/callee/method/broken").send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.text().await.unwrap()), (500, String::new()));
    }
    let refused = base.get("/v1.0/invoke/callee/method/broken").send().await.unwrap();
    assert_eq!(refused.status(), 500);
    let refused: Value = refused.json().await.unwrap();
    assert_eq!(refused["errorCode"], "ERR_DIRECT_INVOKE");
    assert!(refused["message"].as_str().unwrap().contains("circuit breaker is open"), "{refused}");
    assert_eq!(callee.received("/broken").len(), 2);
    assert_eq!(base.get("/v1.0/invoke/callee/method/whole").send().await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn an_app_that_hangs_is_given_up_after_the_timeout() {
    let (_rig, base, callee, _database) = pair_with("{ timeouts: { t: 100ms } }", "{ timeout: t }").await;
    let gate = Gate::default();
    let held = gate.clone();
    callee.answer(move |_, _| {
        held.pass();
        200.into()
    });
    let answer = base.get("/v1.0/invoke/callee/method/slow").send().await.unwrap();
    assert_eq!(answer.status(), 500);
    gate.open();
}
