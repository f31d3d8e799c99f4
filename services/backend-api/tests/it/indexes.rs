//! A list of 100,000 tasks is read from an index, whatever it is asked for.

use std::collections::HashSet;

use backend_api::domain::listing::{Filter, Page, Position, SearchText, Sort};
use backend_api::domain::priority::Priority;
use backend_api::domain::status::Status;
use backend_api::store::recipients::of_tasks_statement;
use backend_api::store::task_page::page_statement;
use platform::database::{Pool, begin};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use serde_json::Value;
use testkit::explain_analyze;
use uuid::Uuid;

use crate::harness::{Api, Person};

/// 100,000 tasks of Alice, every 5th without a due date, beside 5 of each of 1,000 others, by whom the planner
/// judges what a workspace holds. Of hers, 1,000 are open, 100 are each in
/// progress, urgent, in the project, tagged 'rare', due in February, archived, or Bob's, and half are tagged 'half'. The tag 'elsewhere'
/// is on every task of the others and on 100 of hers.
const LONG_LIST: &str = "\
    INSERT INTO core.workspaces (id, kind, name, created_at) \
    SELECT gen_random_uuid(), 'shared', 'Others', now() FROM generate_series(1, 1000); \
    INSERT INTO core.tasks (id, workspace_id, user_id, reporter, assignee, project_id, title, description, status, completed_at, \
                            priority, tags, due_date, timezone, reminders, version, created_at, updated_at, archived_at) \
    SELECT gen_random_uuid(), place.id, 'alice', 'alice', CASE WHEN n % 1000 = 1 THEN 'bob' END, \
           CASE WHEN n % 1000 = 2 THEN '01890a5d-ac96-774b-bcce-b302099a8057'::uuid END, \
           CASE WHEN n % 1000 = 3 THEN 'Water' ELSE 'Paint' END || ' every wall ' || n, '', status, \
           CASE WHEN status = 'done' THEN now() END, CASE WHEN n % 1000 = 4 THEN 4 ELSE n % 4 END, \
           CASE WHEN n % 1000 = 5 THEN '{rare}' WHEN n % 2 = 0 THEN '{half}' ELSE '{}' END::text[] \
             || CASE WHEN n % 1000 = 6 OR place.kind = 'shared' THEN '{elsewhere}' ELSE '{}' END::text[], \
           CASE WHEN n % 1000 = 7 THEN '2026-02-02'::timestamptz WHEN n % 5 > 0 THEN '2026-03-01'::timestamptz + n * interval '1 minute' END, \
           'UTC', '[]', 1, moment, moment, CASE WHEN n % 1000 = 8 THEN now() END \
    FROM core.workspaces AS place, generate_series(1, CASE place.name WHEN 'Others' THEN 5 ELSE 100000 END) AS n, \
      LATERAL (SELECT '2026-01-01'::timestamptz + n * interval '1 minute' AS moment, \
        CASE WHEN n % 1000 = 9 THEN 'in_progress' WHEN n % 1000 BETWEEN 20 AND 28 THEN 'todo' ELSE 'done' END AS status) AS task \
    WHERE place.name = 'Others' OR place.id = (SELECT workspace_id FROM core.users WHERE id = 'alice'); \
    VACUUM ANALYZE core.tasks; ANALYZE core.members; ANALYZE core.workspaces";

/// Every node of a plan.
fn nodes(plan: &Value) -> Vec<&Value> {
    let below = plan["Plans"].as_array().into_iter().flatten();
    [plan].into_iter().chain(below.flat_map(nodes)).collect()
}

/// The indexes by which tasks are found, and how many tasks are looked at, in what was carried out of the plan.
fn read(plan: &Value) -> (Vec<&str>, f64) {
    let number = |node: &Value, what: &str| node[what].as_f64().unwrap_or_default();
    let mut nodes = nodes(plan);
    nodes.retain(|node| number(node, "Actual Loops") > 0.0);
    let names = nodes.iter().filter_map(|node| node["Index Name"].as_str());
    let indexes = names.filter(|name| name.starts_with("tasks_")).collect();
    let of_tasks = nodes.iter().filter(|node| node["Relation Name"] == "tasks");
    let rows = |node: &Value| number(node, "Actual Rows") + number(node, "Rows Removed by Filter");
    (indexes, of_tasks.map(|node| rows(node) * number(node, "Actual Loops")).sum())
}

/// How Alice's list is read under these settings.
async fn plan(db: &Pool, filter: &Filter, page: &Page, settings: &str) -> Value {
    explain_analyze(db, page_statement("alice", filter, page), settings).await
}

fn first_page(sort: Sort) -> Page {
    Page { sort, after: None, limit: 50 }
}

#[tokio::test]
async fn whatever_is_asked_for_is_read_from_an_index() {
    let api = Api::start().await;
    for name in ["alice", "bob"] {
        let person = api.person(name);
        person.client.get(&person.tasks()).await.expect(200);
    }
    for sql in LONG_LIST.split("; ") {
        api.owner().await.execute_unprepared(sql).await.unwrap();
    }
    let db = api.database.connect().await;
    each_order_is_read_from_its_index(&db).await;
    each_filter_is_read_from_its_index(&db).await;
    pages_by_tag_miss_nothing(&api.person("alice")).await;
    recipients_are_read_by_their_ids(&db).await;
}

/// The most tasks that are told at once, by the service itself: no more is read than they and their people. There are so few of
/// those here that it takes a word against reading them all.
async fn recipients_are_read_by_their_ids(db: &Pool) {
    let as_system = "SELECT set_config('tidings.scope', 'system', true)";
    let transaction = begin(db).await.unwrap();
    transaction.execute_unprepared(as_system).await.unwrap();
    let some = Statement::from_string(DbBackend::Postgres, "SELECT id FROM core.tasks LIMIT 500");
    let ids = transaction.query_all_raw(some).await.unwrap();
    transaction.rollback().await.unwrap();
    let ids = ids.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
    let settings = format!("{as_system}; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off");
    let plan = explain_analyze(db, of_tasks_statement(ids), &settings).await;
    for (table, index) in [("tasks", "tasks_pkey"), ("users", "users_pkey"), ("members", "members_pkey")] {
        let reads = nodes(&plan).into_iter().filter(|node| node["Relation Name"] == table);
        let indexes: HashSet<_> = reads.map(|node| node["Index Name"].as_str()).collect();
        assert_eq!(indexes, HashSet::from([Some(index)]), "{plan:#}");
    }
    assert!(read(&plan).1 <= 500.0, "{plan:#}");
}

/// Also where a part of a page is among the first tasks of the list, and the others far behind.
async fn pages_by_tag_miss_nothing(alice: &Person) {
    for sort in ["created_at", "-due_date", "priority"] {
        let (mut ids, mut path) = (Vec::new(), format!("{}?tag=rare&limit=40&sort={sort}", alice.tasks()));
        loop {
            let answer = alice.client.get(&path).await.expect(200);
            let page = answer.json();
            ids.extend(page["items"].as_array().unwrap().iter().map(|task| task["id"].to_string()));
            let Some(link) = answer.header("link") else { break };
            path = link.trim_start_matches('<').split('>').next().unwrap().to_owned();
        }
        assert_eq!(ids.len(), 100, "{sort}");
        assert_eq!(HashSet::<String>::from_iter(ids).len(), 100, "{sort}");
    }
}

/// When sorting costs more than anything else: whether a list can be read in order, not which way the planner happens to guess
/// from a sample of the rows.
async fn each_order_is_read_from_its_index(db: &Pool) {
    let dear = "SET LOCAL enable_sort = off; SET LOCAL enable_incremental_sort = off; \
                SET LOCAL enable_bitmapscan = off; SET LOCAL enable_seqscan = off";
    for (sort, index) in [
        ("created_at", "tasks_by_creation"),
        ("-created_at", "tasks_by_creation"),
        ("updated_at", "tasks_by_update"),
        ("-updated_at", "tasks_by_update"),
        ("due_date", "tasks_by_due_date"),
        ("-due_date", "tasks_by_due_date_backwards"),
        ("priority", "tasks_by_priority"),
        ("-priority", "tasks_by_priority"),
    ] {
        // Somewhere in the middle: 2026-01-02T12:00:00Z, 2026-03-02T12:00:00Z, medium.
        let value = match sort.trim_start_matches('-') {
            "priority" => 2,
            "due_date" => 1_772_452_800_000_000,
            _ => 1_767_355_200_000_000,
        };
        let middle = Some(Position { value: Some(value), id: Uuid::nil() });
        let page = |after| Page { after, ..first_page(Sort::parse(sort).unwrap()) };
        for page in [Some(page(None)), Some(page(middle)), page(middle).undated()].into_iter().flatten() {
            let plan = plan(db, &Filter::default(), &page, dear).await;
            let (indexes, _) = read(&plan);
            assert_eq!(indexes, [index], "{page:?}: {plan:#}");
            for sorted in nodes(&plan).iter().filter(|node| node["Node Type"].as_str().unwrap().contains("Sort")) {
                let rows = sorted["Plans"][0]["Actual Rows"].as_f64().unwrap();
                assert!(rows <= 51.0, "{page:?} sorts {rows} rows: {plan:#}");
            }
        }
    }
}

/// As the planner pleases: the indexes that may serve a filter, and how many tasks may be looked at for it.
async fn each_filter_is_read_from_its_index(db: &Pool) {
    let none = Filter::default;
    let bob = || Some("bob".to_owned());
    let tag = |tag: &str| Filter { tag: Some(tag.to_owned()), ..none() };
    let q = |q: &str| Filter { q: Some(SearchText::parse(q).unwrap()), ..none() };
    let (newest, due, best) = (Sort::default(), Sort::parse("due_date").unwrap(), Sort::RELEVANCE);
    let february = Filter { due_before: Some("2026-02-03T00:00:00Z".parse().unwrap()), ..none() };
    let project = Some("01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap());
    let in_progress = Some(Status::InProgress);
    let (dates, dates_backwards) = ("tasks_by_due_date", "tasks_by_due_date_backwards");
    for (filter, sort, may_use, at_most) in [
        (none(), newest, &["tasks_by_creation"][..], 100),
        (Filter { status: in_progress, ..none() }, newest, &["tasks_by_status"], 200),
        (Filter { status: in_progress, ..none() }, due, &["tasks_by_status"], 200),
        (Filter { completed: Some(false), ..none() }, newest, &["tasks_by_status"], 1_100),
        (Filter { completed: Some(false), ..none() }, due, &["tasks_by_status"], 1_100),
        (Filter { completed: Some(true), ..none() }, newest, &["tasks_by_status", "tasks_by_creation"], 200),
        (Filter { priority: Some(Priority::Urgent), ..none() }, newest, &["tasks_by_priority"], 200),
        (Filter { project, ..none() }, newest, &["tasks_by_project"], 200),
        (Filter { assignee: bob(), ..none() }, newest, &["tasks_by_assignee"], 200),
        (Filter { assignee: bob(), status: Some(Status::Done), ..none() }, newest, &["tasks_by_assignee"], 200),
        (
            Filter { assignee: bob(), completed: Some(false), ..none() },
            due,
            &["tasks_by_assignee", "tasks_by_status"],
            200,
        ),
        (february.clone(), newest, &[dates, dates_backwards], 200),
        (february.clone(), due, &[dates], 200),
        (Filter { due_after: february.due_before, ..none() }, due, &[dates], 200),
        (Filter { archived: true, ..none() }, newest, &["tasks_archived"], 200),
        // The beginning of the list, then what is found by the tag.
        (tag("rare"), newest, &["tasks_by_creation", "tasks_by_words", "tasks_pkey"], 1_100),
        (tag("rare"), due, &[dates, "tasks_by_words", "tasks_pkey"], 1_100),
        (tag("elsewhere"), newest, &["tasks_by_creation", "tasks_by_words", "tasks_pkey"], 1_100),
        (tag("half"), newest, &["tasks_by_creation"], 1_000),
        (tag("half"), due, &[dates], 1_000),
        (tag("half"), Sort::parse("-priority").unwrap(), &["tasks_by_priority"], 1_000),
        (q("wat"), best, &["tasks_by_words", "tasks_pkey"], 200),
        (q("wat wall"), due, &["tasks_by_words", "tasks_pkey"], 200),
        (q("every"), best, &["tasks_by_words", "tasks_pkey"], 100_000),
        (Filter { tag: Some("rare".to_owned()), ..q("every wal") }, best, &["tasks_by_words", "tasks_pkey"], 200),
        (
            Filter { tag: Some("rare".to_owned()), completed: Some(true), ..q("every") },
            due,
            &["tasks_by_words", "tasks_pkey"],
            200,
        ),
    ] {
        let plan = plan(db, &filter, &first_page(sort), "").await;
        let (indexes, rows) = read(&plan);
        let allowed = !indexes.is_empty() && indexes.iter().all(|index| may_use.contains(index));
        assert!(allowed && rows <= f64::from(at_most), "{filter:?} by {sort:?} reads {rows}: {plan:#}");
        assert!(!nodes(&plan).iter().any(|node| node["Node Type"] == "Seq Scan" && node["Relation Name"] == "tasks"));
    }
}
