//! The app's health: an unhealthy app is left alone, and no attempt is used up meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use platform::config::Secret;
use serde_json::{Value, json};
use sidecar::{AppHealthCheck, Settings};

use crate::app::{Answer, Received, TestApp, until};
use crate::delivery::{KEYED, with_dead_letters};
use crate::rig::{Base, Plan, Rig, database, subscribe_to};

fn probe_often(settings: &mut Settings) {
    let often = Duration::from_millis(100);
    settings.app_health_check = Some(AppHealthCheck { interval: often, timeout: often, ..AppHealthCheck::default() });
    settings.app_api_token = Some(Secret::new("for-the-app"));
}

/// An app that answers probes by the flag, and everything else by `script`.
fn answer_by(app: &TestApp, healthy: &Arc<AtomicBool>, script: impl Fn(&Received) -> Answer + Send + Sync + 'static) {
    let healthy = Arc::clone(healthy);
    app.answer(move |one, _| match one.path.as_str() {
        "/readyz" if healthy.load(Ordering::SeqCst) => 204.into(),
        "/readyz" => 503.into(),
        _ => script(one),
    });
}

async fn invoke(base: &Base) -> (u16, String) {
    let answer = base.get("/v1.0/invoke/shop/method/hello").send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// Waits until the sidecar has noticed how the app is.
async fn until_noticed(base: &Base, healthy: bool) {
    let status = if healthy { 200 } else { 500 };
    assert!(until(|| async { invoke(base).await.0 == status }).await, "healthy = {healthy} was not noticed");
}

/// Waits for some more probes.
async fn until_probed(app: &TestApp) {
    app.wait_for("/readyz", app.received("/readyz").len() + 5).await;
}

#[tokio::test]
async fn an_unhealthy_app_gets_nothing_and_loses_nothing() {
    let app = TestApp::start(&with_dead_letters()).await;
    let healthy = Arc::new(AtomicBool::new(true));
    answer_by(&app, &healthy, |_| 200.into());
    let (_rig, base, _database) = Rig::planned(&app, Plan { change: probe_often, ..Plan::default() }).await;
    until_noticed(&base, true).await;

    healthy.store(false, Ordering::SeqCst);
    until_noticed(&base, false).await;
    let (status, body) = invoke(&base).await;
    let error: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &error["errorCode"]), (500, &json!("ERR_DIRECT_INVOKE")));
    assert!(error["message"].as_str().unwrap().contains("app is not in a healthy state"), "{error}");
    base.publish(KEYED, &json!(1)).await;
    base.publish(KEYED, &json!(2)).await;
    let hellos = app.received("/hello").len();
    until_probed(&app).await;
    assert_eq!((app.received("/events/orders").len(), app.received("/hello").len()), (0, hellos));
    assert_eq!(base.get("/v1.0/healthz").send().await.unwrap().status(), 204, "the sidecar itself is well");

    healthy.store(true, Ordering::SeqCst);
    let received = app.wait_for("/events/orders", 2).await;
    assert_eq!(received.iter().map(Received::data).collect::<Vec<_>>(), [json!(1), json!(2)]);
    until_noticed(&base, true).await;
    assert_eq!(app.received("/dead").len(), 0);
}

#[tokio::test]
async fn an_app_is_unhealthy_until_it_was_seen_otherwise() {
    let app = TestApp::start(&subscribe_to(&["orders"])).await;
    let healthy = Arc::new(AtomicBool::new(false));
    answer_by(&app, &healthy, |_| 200.into());
    let database = database().await;
    let plan = Plan { change: probe_often, ..Plan::default() };
    let rig = Rig::start(&database, &[("shop", app.port)], plan).await;
    let base = rig.base("shop");
    until_probed(&app).await;
    assert_eq!((app.received("/dapr/config").len(), app.received("/dapr/subscribe").len()), (0, 0));
    assert_eq!(base.get("/v1.0/healthz").send().await.unwrap().status(), 500);
    assert_eq!(invoke(&base).await.0, 500);
    base.publish(KEYED, &json!("early")).await;

    healthy.store(true, Ordering::SeqCst);
    base.ready().await;
    assert_eq!(app.wait_for("/events/orders", 1).await[0].data(), "early");
    let (probe, asked) = (&app.received("/readyz")[0], &app.received("/dapr/subscribe")[0]);
    let tokens = (probe.header("dapr-api-token"), asked.header("dapr-api-token"));
    assert_eq!(tokens, (None, Some("for-the-app")), "a probe is nothing that only the sidecar may do");
}

#[tokio::test]
async fn an_outage_uses_up_no_retries() {
    let app = TestApp::start(&with_dead_letters()).await;
    let healthy = Arc::new(AtomicBool::new(true));
    let plan = Plan::with_policy("{ policy: constant, duration: 700ms, maxRetries: 1 }", None);
    // The first attempt fails because the app's database is away, which the app then also says when it is asked.
    let (state, first) = (Arc::clone(&healthy), AtomicBool::new(true));
    answer_by(&app, &healthy, move |one| {
        if one.path == "/events/orders" && first.swap(false, Ordering::SeqCst) {
            state.store(false, Ordering::SeqCst);
            return 503.into();
        }
        200.into()
    });
    let (_rig, base, _database) = Rig::planned(&app, Plan { change: probe_often, ..plan }).await;
    base.publish(KEYED, &json!(1)).await;
    app.wait_for("/events/orders", 1).await;
    until_noticed(&base, false).await;
    until_probed(&app).await;
    until_probed(&app).await;
    assert_eq!((app.received("/events/orders").len(), app.received("/dead").len()), (1, 0));
    healthy.store(true, Ordering::SeqCst);
    app.wait_for("/events/orders", 2).await;
    base.publish(KEYED, &json!("last")).await;
    app.wait_for("/events/orders", 3).await;
    assert_eq!(app.received("/dead").len(), 0);
}

#[tokio::test]
async fn checks_that_cannot_be_are_refused_at_the_start() {
    let app = TestApp::start(&json!([])).await;
    let change = |settings: &mut Settings| {
        let interval = Duration::from_millis(100);
        settings.app_health_check = Some(AppHealthCheck { interval, ..AppHealthCheck::default() });
    };
    let database = database().await;
    let mut rig = Rig::start(&database, &[("shop", app.port)], Plan { change, ..Plan::default() }).await;
    let error = rig.failed().await.to_string();
    assert_eq!(error, "app health checks may not take longer than their interval");
}

#[tokio::test]
async fn an_app_that_is_about_to_stop_gets_nothing_any_more_and_the_next_one_gets_it_all() {
    let app = TestApp::start(&with_dead_letters()).await;
    let healthy = Arc::new(AtomicBool::new(true));
    answer_by(&app, &healthy, |_| 200.into());
    for change in [probe_often, |_: &mut Settings| {}] {
        let delivered = app.received("/events/orders").len();
        let (rig, base, database) = Rig::planned(&app, Plan { change, ..Plan::default() }).await;
        until_noticed(&base, true).await;
        rig.apps_stop.cancel();
        until_noticed(&base, false).await;
        base.publish(KEYED, &json!(1)).await;
        rig.stop().await;
        assert_eq!(app.received("/events/orders").len(), delivered);
        let _next = Rig::start(&database, &[("shop", app.port)], Plan::default()).await;
        app.wait_for("/events/orders", delivered + 1).await;
    }
}
