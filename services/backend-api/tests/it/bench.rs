//! The bench has pgbench store what a create stores; this keeps it the very same statement.

use std::path::Path;

use backend_api::domain::priority::Priority;
use backend_api::domain::status::Status;
use backend_api::domain::tags::TagSet;
use backend_api::domain::task::{Progress, Task};
use backend_api::domain::text::{Description, Title};
use backend_api::domain::timezone::TimeZone;
use backend_api::store::creation::{Creation, Provided};
use backend_api::store::idempotency::Once;
use backend_api::store::reply::Reply;
use events::{EventDraft, Source};
use uuid::Uuid;

const FILE: &str = "../../bench/pgbench/statement.sql";

/// A task like those of the bench.
fn task() -> Task {
    let now = testkit::clock().now();
    Task {
        id: Uuid::from_u128(1),
        user_id: "bench-1000".to_owned(),
        workspace_id: Uuid::from_u128(2),
        project_id: None,
        reference: None,
        title: Title::parse("Water the plants").unwrap(),
        description: Description::parse("All of them").unwrap(),
        progress: Progress::reached(Status::Todo, now),
        priority: Priority::Medium,
        tags: TagSet::parse(&["garden".to_owned(), "home".to_owned()]).unwrap(),
        due_date: None,
        timezone: TimeZone::UTC,
        recurrence: None,
        reminders: Vec::new(),
        assignee: None,
        reporter: "bench-1000".to_owned(),
        recurrence_id: None,
        occurrence: None,
        version: 1,
        created_at: now,
        updated_at: now,
        archived_at: None,
        deleted_at: None,
    }
}

#[test]
fn pgbench_stores_a_task_with_the_statement_of_a_create() {
    let task = task();
    let reply = Reply::created(format!("/api/bench-1000/tasks/{}", task.id), &task).version(task.version);
    let once = Once { scope: "bench-1000".to_owned(), key: "key".to_owned(), fingerprint: vec![0; 32] };
    let creation = Creation {
        task: &task,
        provided: Provided::UserIsIn(TimeZone::UTC),
        event: EventDraft::task_created("bench-1000", task.event_data(), Source::RestApi),
        once: Some(&once),
        reply: &reply,
    };
    let sql = format!("{}\n", creation.statement(None, &testkit::clock()).sql);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    if std::env::var_os("BENCH_STATEMENT").is_some_and(|what| what == "write") {
        std::fs::write(&file, &sql).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(kept, sql, "run this test with BENCH_STATEMENT=write, and see that bench/pgbench/create_task.sql fits");
}
