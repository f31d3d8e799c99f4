//! Jobs of many at once: they share statements, and each is treated as if it were alone.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::jobs::{at_noon, none_left, quick_plan, schedule};
use crate::log::number;
use crate::rig::{Base, Plan, Rig, database};

const DUE: &str = "2027-01-15T08:00:01Z";

/// How often the jobs of these apps were called for: for each number of calls, how many jobs.
fn calls(apps: &[&TestApp], jobs: usize) -> BTreeMap<usize, usize> {
    let mut counts = BTreeMap::new();
    for number in 0..jobs {
        let path = format!("/job/n{number}");
        *counts.entry(apps.iter().map(|app| app.received(&path).len()).sum()).or_default() += 1;
    }
    counts
}

async fn status(base: &Base, name: &str, job: Value) -> u16 {
    base.post(&format!("/v1.0/jobs/{name}")).json(&job).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_thousand_jobs_of_one_second_are_each_called_for_once() {
    let app = TestApp::start(&json!([])).await;
    let (plan, clock) = at_noon();
    let (rig, base, _database) = Rig::planned(&app, plan).await;
    // As many at a time as a service has requests under way.
    for some in (0..1_000).collect::<Vec<_>>().chunks(100) {
        let base = &base;
        let some = some.iter().map(async |n| {
            schedule(base, &format!("n{n}"), &json!({"dueTime": DUE, "data": n})).await;
        });
        join_all(some).await;
    }
    assert_eq!(number(&rig.db, "SELECT count(*) FROM sidecar.jobs").await, 1_000);
    assert_eq!(calls(&[&app], 1_000), BTreeMap::from([(0, 1_000)]));
    clock.advance(TimeDelta::seconds(1));
    none_left(&rig).await;
    assert_eq!(calls(&[&app], 1_000), BTreeMap::from([(1, 1_000)]));
    assert_eq!(app.received("/job/n567")[0].body, "567");
}

#[tokio::test]
async fn two_processes_share_a_burst_and_renew_what_they_hold_meanwhile() {
    let (one, two) = (TestApp::start(&json!([])).await, TestApp::start(&json!([])).await);
    let database = database().await;
    let (plan, clock) = at_noon();
    let first = Rig::start(&database, &[("shop", one.port)], plan).await;
    let plan = Plan { clock: clock.clone(), ..quick_plan() };
    let second = Rig::start(&database, &[("shop", two.port)], plan).await;
    for rig in [&first, &second] {
        rig.base("shop").ready().await;
    }
    let jobs = "INSERT INTO sidecar.jobs (app_id, name, schedule, repeats, failure_policy, data_type, data, tick_at, wake_at, claim) \
                SELECT 'shop', 'n' || n, '@every 1s', 3, '{\"drop\": {}}', '', convert_to(n::text, 'UTF8'), at, at, 0 \
                FROM generate_series(0, 499) AS n, to_timestamp(1800000001) AS at";
    sea_orm::ConnectionTrait::execute_unprepared(&first.db, jobs).await.unwrap();
    clock.advance(TimeDelta::minutes(1));
    none_left(&first).await;
    assert_eq!(calls(&[&one, &two], 500), BTreeMap::from([(3, 500)]));
    for app in [&one, &two] {
        assert_ne!(calls(&[app], 500), BTreeMap::from([(3, 500)]), "one process did everything");
    }
}

#[tokio::test]
async fn of_jobs_of_one_name_that_come_at_once_one_is_scheduled() {
    let app = TestApp::start(&json!([])).await;
    let (plan, clock) = at_noon();
    let (rig, base, _database) = Rig::planned(&app, plan).await;
    let twenty = || (0..20).map(|n| json!({"dueTime": DUE, "data": n}));
    let statuses = join_all(twenty().map(|job| status(&base, "n0", job))).await;
    let accepted: Vec<usize> = (0..20).filter(|n| statuses[*n] == 204).collect();
    assert_eq!((accepted.len(), statuses.iter().filter(|status| **status == 409).count()), (1, 19));

    let overwriting = twenty().map(|mut job| {
        job["overwrite"] = true.into();
        status(&base, "n1", job)
    });
    assert_eq!(join_all(overwriting).await, [204; 20]);
    clock.advance(TimeDelta::seconds(1));
    none_left(&rig).await;
    assert_eq!(calls(&[&app], 2), BTreeMap::from([(1, 2)]));
    assert_eq!(app.received("/job/n0")[0].body, accepted[0].to_string());
}

#[tokio::test]
async fn jobs_that_are_scheduled_together_keep_what_is_their_own() {
    let app = TestApp::start(&json!([])).await;
    let (plan, _clock) = at_noon();
    let (rig, base, _database) = Rig::planned(&app, plan).await;
    let drop = json!({"drop": {}});
    let constant = json!({"constant": {"interval": "2s", "maxRetries": 7}});
    let jobs = [
        json!({"schedule": "@every 1h", "repeats": 3, "failurePolicy": drop}),
        json!({"dueTime": "1h", "failurePolicy": constant}),
        json!({"dueTime": "P1D", "schedule": "0 0 9 * * *", "ttl": "P9D", "failurePolicy": drop}),
    ];
    let all = (0..60).map(|n| (format!("n{n}"), jobs[n % 3].clone()));
    let all: Vec<(String, Value)> = all.collect();
    join_all(all.iter().map(|(name, job)| schedule(&base, name, job))).await;
    for (name, job) in &all {
        let mut told: Value = base.get(&format!("/v1.0/jobs/{name}")).send().await.unwrap().json().await.unwrap();
        assert_eq!(told["name"].take(), **name);
        for field in ["schedule", "dueTime", "ttl", "repeats", "failurePolicy", "data"] {
            assert_eq!(told[field], job[field], "{field} of {name}");
        }
    }
    let without_end =
        "SELECT count(*) FROM sidecar.jobs WHERE expires_at IS NULL AND data IS NULL AND data_type IS NULL";
    assert_eq!(number(&rig.db, without_end).await, 40);

    let gone = (0..60).step_by(2).map(|n| base.request(Method::DELETE, &format!("/v1.0/jobs/n{n}")).send());
    for answer in join_all(gone).await {
        assert_eq!(answer.unwrap().status(), 204);
    }
    assert_eq!(number(&rig.db, "SELECT count(*) FROM sidecar.jobs").await, 30);
    assert_eq!(base.get("/v1.0/jobs/n31").send().await.unwrap().status(), 200);
}
