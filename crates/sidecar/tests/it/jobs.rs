//! Jobs: durable, called for at least once, and once in steady state however many processes there are.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use platform::clock::Clock;
use serde_json::{Value, json};
use sidecar::Settings;

use crate::app::{Received, TestApp, until};
use crate::log::number;
use crate::rig::{Base, Plan, Rig, database};

const LEFT: &str = "SELECT count(*) FROM sidecar.jobs";

/// Schedules a job, which must be accepted.
pub(crate) async fn schedule(base: &Base, name: &str, job: &Value) {
    let answer = base.post(&format!("/v1.0/jobs/{name}")).json(job).send().await.unwrap();
    assert_eq!(answer.status(), 204, "{job}");
}

/// Polls often and holds claims for a short time.
fn quick(settings: &mut Settings) {
    settings.job_lease = Duration::from_millis(600);
    settings.job_poll_interval = Duration::from_millis(50);
}

pub(crate) fn quick_plan() -> Plan {
    Plan { change: quick, ..Plan::default() }
}

/// A plan whose time stands still until it is moved.
pub(crate) fn at_noon() -> (Plan, Clock) {
    let clock = Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
    (Plan { clock: clock.clone(), ..quick_plan() }, clock)
}

pub(crate) async fn none_left(rig: &Rig) {
    assert!(until(|| async { number(&rig.db, LEFT).await == 0 }).await, "jobs are left");
}

#[tokio::test]
async fn a_job_is_kept_while_the_sidecar_is_down_and_called_for_when_it_is_back() {
    let app = TestApp::start(&json!([])).await;
    let (plan, clock) = at_noon();
    let (rig, base, database) = Rig::planned(&app, plan).await;
    schedule(&base, "once", &json!({"dueTime": "1h", "data": 1})).await;
    schedule(&base, "hourly", &json!({"schedule": "@hourly", "repeats": 5, "data": 2})).await;
    rig.stop().await;
    clock.advance(TimeDelta::hours(10));

    let rig = Rig::start(&database, &[("shop", app.port)], Plan { clock, ..quick_plan() }).await;
    // What was missed comes in a burst, each tick for itself.
    assert_eq!(app.wait_for("/job/hourly", 5).await.len(), 5);
    assert_eq!(app.wait_for("/job/once", 1).await.len(), 1);
    none_left(&rig).await;
    assert_eq!((app.received("/job/hourly").len(), app.received("/job/once").len()), (5, 1));
}

#[tokio::test]
async fn missed_ticks_are_caught_up_without_a_pause() {
    let app = TestApp::start(&json!([])).await;
    // Time stands still: a tick that was claimed and then left alone would wait for ever.
    let (plan, _clock) = at_noon();
    let (rig, base, _database) = Rig::planned(&app, plan).await;
    for name in ["a", "b", "c", "d"] {
        let past = json!({"schedule": "@every 1s", "dueTime": "2020-01-01T00:00:00Z", "repeats": 100, "data": 1});
        schedule(&base, name, &past).await;
    }
    none_left(&rig).await;
    for name in ["a", "b", "c", "d"] {
        assert_eq!(app.received(&format!("/job/{name}")).len(), 100);
    }
}

#[tokio::test]
async fn an_app_that_does_not_listen_costs_no_attempt() {
    let app = TestApp::start(&json!([])).await;
    let (plan, clock) = at_noon();
    let (rig, base, _database) = Rig::planned(&app, plan).await;
    let port = app.stop().await;
    schedule(&base, "n", &json!({"dueTime": "1s", "data": 1, "failurePolicy": {"drop": {}}})).await;
    let claimed = "SELECT claim FROM sidecar.jobs";
    let first = number(&rig.db, claimed).await;
    clock.advance(TimeDelta::seconds(1));
    // It was tried: the number of its claim has gone up, by the claim and by what came of it.
    assert!(until(|| async { number(&rig.db, claimed).await >= first + 2 }).await);
    assert_eq!(number(&rig.db, "SELECT attempts FROM sidecar.jobs").await, 0);
    let back = TestApp::start_at(port.listen(64).unwrap(), &json!([]));
    assert_eq!(back.wait_for("/job/n", 1).await[0].body, "1");
    none_left(&rig).await;
}

#[tokio::test]
async fn two_processes_call_for_each_tick_once() {
    let (one, two) = (TestApp::start(&json!([])).await, TestApp::start(&json!([])).await);
    let database = database().await;
    let (plan, clock) = at_noon();
    let first = Rig::start(&database, &[("shop", one.port)], plan).await;
    let second = Rig::start(&database, &[("shop", two.port)], Plan { clock: clock.clone(), ..quick_plan() }).await;
    for rig in [&first, &second] {
        rig.base("shop").ready().await;
    }
    for n in 0..40 {
        let job = json!({"schedule": "@every 1m", "repeats": 5, "data": n});
        schedule(&first.base("shop"), &format!("n{n}"), &job).await;
    }
    clock.advance(TimeDelta::minutes(5));
    none_left(&first).await;
    let mut calls: BTreeMap<String, usize> = BTreeMap::new();
    for app in [&one, &two] {
        for n in 0..40 {
            *calls.entry(format!("n{n}")).or_default() += app.received(&format!("/job/n{n}")).len();
        }
    }
    assert!(calls.values().all(|count| *count == 5), "{calls:?}");
}

#[tokio::test]
async fn another_process_takes_over_what_a_dead_one_had_claimed() {
    let app = TestApp::start(&json!([])).await;
    let (rig, _base, _database) = Rig::planned(&app, quick_plan()).await;
    // As a process leaves it that was killed in the middle of a call: claimed, and nobody renews the lease.
    let job = "INSERT INTO sidecar.jobs (app_id, name, failure_policy, data_type, data, tick_at, wake_at, claim) \
               VALUES ('shop', 'n', '{\"drop\": {}}', '', '7', now(), now() + interval '300 milliseconds', 5)";
    sea_orm::ConnectionTrait::execute_unprepared(&rig.db, job).await.unwrap();
    assert_eq!(app.wait_for("/job/n", 1).await[0].body, "7");
    none_left(&rig).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_call_that_takes_longer_than_a_lease_is_not_repeated() {
    let app = TestApp::start(&json!([])).await;
    let database = database().await;
    let one = Rig::start(&database, &[("shop", app.port)], quick_plan()).await;
    let two = Rig::start(&database, &[("shop", app.port)], quick_plan()).await;
    for rig in [&one, &two] {
        rig.base("shop").ready().await;
    }
    let (release, held) = std::sync::mpsc::channel::<()>();
    let held = std::sync::Mutex::new(held);
    app.answer(move |one, _| {
        if one.path == "/job/slow" {
            tokio::task::block_in_place(|| held.lock().unwrap().recv().unwrap());
        }
        200.into()
    });
    schedule(&one.base("shop"), "slow", &json!({"dueTime": "0s", "data": 1})).await;
    app.wait_for("/job/slow", 1).await;
    // Two leases pass, told by a clock that both processes keep.
    schedule(&two.base("shop"), "clock", &json!({"schedule": "@every 300ms", "repeats": 4, "data": 1})).await;
    app.wait_for("/job/clock", 4).await;
    release.send(()).unwrap();
    none_left(&one).await;
    assert_eq!(app.received("/job/slow").len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn ticks_of_one_job_are_serial_and_a_slow_job_holds_up_no_other() {
    let app = TestApp::start(&json!([])).await;
    let (rig, base, _database) = Rig::planned(&app, quick_plan()).await;
    let (release, held) = std::sync::mpsc::channel::<()>();
    let held = std::sync::Mutex::new(held);
    app.answer(move |one, before| {
        if one.path == "/job/slow" && before == 0 {
            tokio::task::block_in_place(|| held.lock().unwrap().recv().unwrap());
        }
        200.into()
    });
    let past = "2026-01-01T00:00:00Z";
    schedule(&base, "slow", &json!({"schedule": "@every 1s", "dueTime": past, "repeats": 3, "data": 1})).await;
    app.wait_for("/job/slow", 1).await;
    schedule(&base, "quick", &json!({"schedule": "@every 1s", "dueTime": past, "repeats": 20, "data": 1})).await;
    app.wait_for("/job/quick", 20).await;
    assert_eq!(app.received("/job/slow").len(), 1, "its next ticks wait for the first");
    release.send(()).unwrap();
    app.wait_for("/job/slow", 3).await;
    none_left(&rig).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_call_that_takes_too_long_has_failed() {
    let app = TestApp::start(&json!([])).await;
    let change = |settings: &mut Settings| {
        quick(settings);
        settings.callback_timeout = Duration::from_millis(300);
    };
    let (rig, base, _database) = Rig::planned(&app, Plan { change, ..Plan::default() }).await;
    app.answer(|_, before| {
        if before == 0 {
            tokio::task::block_in_place(|| std::thread::sleep(Duration::from_millis(900)));
        }
        200.into()
    });
    let policy = json!({"constant": {"interval": "0s", "maxRetries": 1}});
    schedule(&base, "n", &json!({"dueTime": "0s", "data": 1, "failurePolicy": policy})).await;
    assert_eq!(app.wait_for("/job/n", 2).await.len(), 2);
    none_left(&rig).await;
}

#[tokio::test]
async fn attempts_are_counted_through_a_restart() {
    let app = TestApp::start(&json!([])).await;
    let (plan, clock) = at_noon();
    let (rig, base, database) = Rig::planned(&app, plan).await;
    app.answer(|one, _| if one.path == "/job/n" { 500.into() } else { 200.into() });
    schedule(&base, "n", &json!({"dueTime": "0s", "data": 1})).await;
    app.wait_for("/job/n", 1).await;
    rig.stop().await;
    let rig = Rig::start(&database, &[("shop", app.port)], Plan { clock: clock.clone(), ..quick_plan() }).await;
    rig.base("shop").ready().await;
    for attempt in 2..=4 {
        // The pause counts from when the failure is written.
        let failed = i64::try_from(attempt).unwrap() - 1;
        assert!(until(|| async { number(&rig.db, "SELECT attempts FROM sidecar.jobs").await == failed }).await);
        clock.advance(TimeDelta::seconds(1));
        app.wait_for("/job/n", attempt).await;
    }
    none_left(&rig).await;
    assert_eq!(app.received("/job/n").len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_job_that_is_overwritten_or_deleted_while_it_is_called_begins_anew_or_stays_away() {
    let app = TestApp::start(&json!([])).await;
    let (plan, clock) = at_noon();
    let (rig, base, _database) = Rig::planned(&app, plan).await;
    let (release, held) = std::sync::mpsc::channel::<()>();
    let held = std::sync::Mutex::new(held);
    app.answer(move |one, _| {
        if one.path.starts_with("/job/") && one.body == "1" {
            tokio::task::block_in_place(|| held.lock().unwrap().recv().unwrap());
        }
        200.into()
    });
    for name in ["kept", "gone"] {
        schedule(&base, name, &json!({"schedule": "@hourly", "dueTime": "0s", "data": 1})).await;
    }
    app.wait_for("/job/kept", 1).await;
    app.wait_for("/job/gone", 1).await;
    schedule(&base, "kept", &json!({"dueTime": "1m", "data": 2, "overwrite": true})).await;
    assert_eq!(base.request(reqwest::Method::DELETE, "/v1.0/jobs/gone").send().await.unwrap().status(), 204);
    release.send(()).unwrap();
    release.send(()).unwrap();
    clock.advance(TimeDelta::hours(3));
    none_left(&rig).await;
    let bodies: Vec<_> = app.received("/job/kept").iter().map(Received::event).collect();
    assert_eq!((bodies, app.received("/job/gone").len()), (vec![json!(1), json!(2)], 1));
}

#[tokio::test]
async fn jobs_of_two_apps_do_not_meet() {
    let (one, two) = (TestApp::start(&json!([])).await, TestApp::start(&json!([])).await);
    let database = database().await;
    let rig = Rig::start(&database, &[("one", one.port), ("two", two.port)], quick_plan()).await;
    for app in ["one", "two"] {
        rig.base(app).ready().await;
    }
    schedule(&rig.base("one"), "n", &json!({"dueTime": "1h", "data": 1})).await;
    schedule(&rig.base("two"), "n", &json!({"dueTime": "0s", "data": 2})).await;
    assert_eq!(two.wait_for("/job/n", 1).await[0].body, "2");
    let finished = || async { rig.base("two").get("/v1.0/jobs/n").send().await.unwrap().status() == 500 };
    assert!(until(finished).await, "a job that was called once is still there");
    assert_eq!(rig.base("one").get("/v1.0/jobs/n").send().await.unwrap().status(), 200);
    assert_eq!(one.received("/job/n").len(), 0);
}
