//! The job that removes tasks that were deleted long ago.

use backend_api::store::deleted_tasks::purge_statement;
use chrono::TimeDelta;
use platform::config::Variables;
use reqwest::Method;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use serde_json::{Value, json};
use testkit::explain;
use testkit::http::Client;

use crate::harness::{APP_TOKEN, Api};
use crate::trail::publish_all;

const JOB: &str = "purge-deleted-tasks";

/// The titles of the rows that are left, in the order of the alphabet.
async fn rest(api: &Api) -> Vec<String> {
    let sql = "SELECT array_agg(title ORDER BY title) FROM core.tasks";
    let statement = Statement::from_string(DbBackend::Postgres, sql);
    let row = api.owner().await.query_one_raw(statement).await.unwrap().unwrap();
    row.try_get_by_index::<Option<Vec<String>>>(0).unwrap().unwrap_or_default()
}

/// A task of Alice that was deleted just now.
async fn deleted(api: &Api, title: &str) -> Value {
    let alice = api.person("alice");
    let task = alice.create(json!({"title": title})).await;
    alice.client.delete(&alice.task(&task)).await.expect(204);
    task
}

#[tokio::test]
async fn what_was_deleted_longer_than_30_days_ago_is_removed_and_nothing_else() {
    let api = Api::start().await;
    let alice = api.person("alice");
    alice.create(json!({"title": "Living"})).await;
    let archived = alice.create(json!({"title": "Archived"})).await;
    alice.client.post(&format!("{}/archive", alice.task(&archived)), &json!({})).await.expect(200);
    let both = alice.create(json!({"title": "Archived and deleted"})).await;
    alice.client.post(&format!("{}/archive", alice.task(&both)), &json!({})).await.expect(200);
    alice.client.delete(&alice.task(&both)).await.expect(204);
    api.clock.advance(TimeDelta::microseconds(1));
    deleted(&api, "Deleted later").await;
    publish_all(&api).await;

    api.clock.advance(TimeDelta::days(30) - TimeDelta::microseconds(1));
    assert_eq!(api.run_job(JOB).await, json!({"removed": 0}), "30 days to the microsecond");
    api.clock.advance(TimeDelta::microseconds(1));
    assert_eq!(api.run_job(JOB).await, json!({"removed": 1}));
    assert_eq!(rest(&api).await, ["Archived", "Deleted later", "Living"]);
    api.clock.advance(TimeDelta::microseconds(1));
    assert_eq!(api.run_job(JOB).await, json!({"removed": 1}));
    assert_eq!(api.run_job(JOB).await, json!({"removed": 0}));
    assert_eq!(rest(&api).await, ["Archived", "Living"]);
}

#[tokio::test]
async fn a_task_that_was_restored_stays() {
    let api = Api::start().await;
    let task = deleted(&api, "Back").await;
    api.clock.advance(TimeDelta::days(31));
    let alice = api.person("alice");
    alice.client.post(&format!("{}/restore", alice.task(&task)), &json!({})).await.expect(200);
    publish_all(&api).await;
    assert_eq!(api.run_job(JOB).await, json!({"removed": 0}));
    assert_eq!(rest(&api).await, ["Back"]);
}

#[tokio::test]
async fn what_the_history_has_not_heard_of_stays() {
    let api = Api::start().await;
    deleted(&api, "Waits in the outbox").await;
    api.clock.advance(TimeDelta::days(31));
    assert_eq!(api.run_job(JOB).await, json!({"removed": 0}));
    publish_all(&api).await;
    // What waits since then has nothing to do with that deletion.
    deleted(&api, "Deleted today").await;
    assert_eq!(api.run_job(JOB).await, json!({"removed": 1}));
    assert_eq!(rest(&api).await, ["Deleted today"]);
}

#[tokio::test]
async fn the_setting_says_how_long() {
    let api = Api::start_with(Variables::default().with("DELETED_TASK_DAYS", "0")).await;
    deleted(&api, "Soon gone").await;
    publish_all(&api).await;
    assert_eq!(api.run_job(JOB).await, json!({"removed": 0}));
    api.clock.advance(TimeDelta::microseconds(1));
    assert_eq!(api.run_job(JOB).await, json!({"removed": 1}));
}

#[tokio::test]
async fn a_long_backlog_is_removed_in_one_run_along_its_index() {
    let api = Api::start().await;
    api.person("alice").create(json!({"title": "Living"})).await;
    publish_all(&api).await;
    let backlog = "INSERT INTO core.tasks (id, workspace_id, user_id, reporter, title, description, status, priority, tags, \
                     timezone, reminders, version, created_at, updated_at, deleted_at) \
                   SELECT gen_random_uuid(), workspace_id, user_id, reporter, 'Old', '', 'todo', 0, '{}', 'UTC', '[]', 2, \
                     created_at, created_at, created_at FROM core.tasks, generate_series(1, 2500)";
    api.owner().await.execute_unprepared(backlog).await.unwrap();
    api.clock.advance(TimeDelta::days(31));
    // When sorting and reading whole tables cost more than anything else: whether its order can be read, not what the planner
    // makes of a table that fits in a page.
    let dear = "SET LOCAL tidings.scope = 'system'; SET LOCAL enable_sort = off; SET LOCAL enable_seqscan = off";
    let plan = explain(&api.database.connect().await, purge_statement(api.clock.now()), dear).await;
    assert!(plan.contains("tasks_by_deletion"), "{plan}");
    assert_eq!(api.run_job(JOB).await, json!({"removed": 2500}));
    assert_eq!(rest(&api).await, ["Living"]);
}

#[tokio::test]
async fn the_job_is_there_for_the_sidecar_alone_whatever_it_carries() {
    let api = Api::start().await;
    let anyone = Client::new(&api.base);
    let path = format!("/job/{JOB}");
    anyone.post(&path, &json!({})).await.expect_problem(404, "not_found");
    anyone
        .request(Method::GET, &path)
        .header("dapr-api-token", APP_TOKEN)
        .send()
        .await
        .expect_problem(405, "method_not_allowed");
    let guess = anyone.request(Method::POST, &path).header("dapr-api-token", "a guess").json(&json!({}));
    guess.send().await.expect_problem(404, "not_found");
    for body in [json!(null), json!({"any": ["thing"]}), json!("text"), json!(7)] {
        let job = anyone.request(Method::POST, &path).header("dapr-api-token", APP_TOKEN).json(&body);
        assert_eq!(job.send().await.expect(200).json(), json!({"removed": 0}), "{body}");
    }
    let empty = anyone.request(Method::POST, &path).header("dapr-api-token", APP_TOKEN).send().await;
    assert_eq!(empty.expect(200).json(), json!({"removed": 0}));
}
