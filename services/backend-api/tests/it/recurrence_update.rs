//! `PATCH /api/{user_id}/recurrences/{id}`: this task, those that follow, or all of a series.

use backend_api::store::tasks::{MOST_OF_A_SERIES, of_series_statement};
use chrono::TimeDelta;
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use testkit::explain;
use testkit::http::Answer;

use crate::harness::{Api, Person};
use crate::recurrences::instance;
use crate::trail::Trail;

/// A series of Alice of which the first task is done, and the second and the third are open.
struct Plants {
    api: Api,
    trail: Trail,
    alice: Person,
    id: String,
    tasks: Vec<Value>,
    events: usize,
}

impl Plants {
    async fn start() -> Self {
        let (variables, trail) = Trail::start().await;
        let api = Api::start_with(variables).await;
        let alice = api.person("alice");
        let profile = alice.client.get("/api/alice/profile").await.expect(200).json();
        let id = trail.recurring.begin(&profile["workspace_id"]);
        let mut tasks = Vec::new();
        for occurrence in 1..=3 {
            tasks.push(instance(&api, &alice, &id, occurrence).await);
        }
        alice.client.post(&format!("{}/complete", alice.task(&tasks[0])), &json!({})).await.expect(200);
        trail.recurring.set(&id, "task_id", tasks[2]["id"].clone());
        let events = api.events().await.len();
        Self { api, trail, alice, id, tasks, events }
    }

    async fn patch(&self, body: &Value) -> Answer {
        self.alice.client.patch(&format!("/api/alice/recurrences/{}", self.id), body).await
    }

    /// That member of each of the tasks.
    async fn each(&self, member: &str) -> Vec<Value> {
        let mut values = Vec::new();
        for task in &self.tasks {
            values.push(self.alice.client.get(&self.alice.task(task)).await.expect(200).json()[member].clone());
        }
        values
    }

    /// The events since the start.
    async fn told(&self) -> Vec<Value> {
        self.api.events().await[self.events..].to_vec()
    }

    /// What the series was told to be like; `None` when it was not told anything.
    fn changes(&self) -> Option<Value> {
        let asked = self.trail.recurring.take_asked();
        asked.into_iter().find(|(verb, _)| verb == "change").map(|(_, told)| told["changes"].clone())
    }
}

#[tokio::test]
async fn this_is_the_latest_open_task_alone() {
    let plants = Plants::start().await;
    let patch =
        json!({"scope": "this", "title": "Water the ferns", "due_date": "2026-02-10T07:00:00Z", "tags": ["hall"]});
    let series = plants.patch(&patch).await.expect(200).json();
    assert_eq!(series["title"], "Water the plants", "the next one is as before");
    assert_eq!(series["due_date"], "2026-02-10T07:00:00Z", "but this one is due then");
    assert_eq!(plants.changes(), None);
    assert_eq!(plants.each("title").await, ["Water the plants", "Water the plants", "Water the ferns"]);
    assert_eq!(plants.each("due_date").await[1..], ["2026-02-02T07:00:00Z", "2026-02-10T07:00:00Z"]);
    let told = plants.told().await;
    let types: Vec<_> = told.iter().map(|event| event["event_type"].as_str().unwrap()).collect();
    assert_eq!(types, ["task.updated", "task.due_date_set", "task.tag_added"]);
    for event in &told {
        assert_eq!(event["metadata"], json!({"source": "rest_api", "version": "1.0", "scope": "this"}), "{event}");
        assert_eq!(event["task_data"]["id"], plants.tasks[2]["id"]);
    }
}

#[tokio::test]
async fn a_change_of_a_task_by_itself_is_not_for_it_alone() {
    let plants = Plants::start().await;
    let (alice, task) = (&plants.alice, &plants.tasks[2]);
    alice.client.patch(&alice.task(task), &json!({"title": "Water the ferns"})).await.expect(200);
    assert_eq!(plants.told().await[0]["metadata"], json!({"source": "rest_api", "version": "1.0"}));
}

#[tokio::test]
async fn following_is_unless_it_is_said_otherwise() {
    let plants = Plants::start().await;
    let patch = json!({
        "title": "Water the ferns", "priority": "high", "due_date": "2026-02-10T08:00:00+01:00", "timezone": "Europe/Paris",
        "recurrence": {"frequency": "weekly", "by_weekday": ["TU"]}, "reminders": [{"before": "PT60M"}], "assignee": "alice",
    });
    let series = plants.patch(&patch).await.expect(200).json();
    assert_eq!(series["title"], "Water the ferns");
    let changes = plants.changes().unwrap();
    let now = plants.alice.client.get(&plants.alice.task(&plants.tasks[2])).await.expect(200).json();
    assert_eq!(changes["due_date"], "2026-02-10T07:00:00Z");
    for member in ["title", "priority", "due_date", "timezone", "recurrence", "reminders", "assignee"] {
        assert_eq!(changes[member], now[member], "{member}");
    }
    assert_eq!(changes.as_object().unwrap().len(), 7, "{changes}");
    assert_eq!(now["recurrence"]["by_weekday"], json!(["TU"]));

    let old = "Water the plants";
    assert_eq!(plants.each("title").await, [old, "Water the ferns", "Water the ferns"], "what is done is as it was");
    let dates = ["2026-02-02T07:00:00Z", "2026-02-02T07:00:00Z", "2026-02-10T07:00:00Z"];
    assert_eq!(plants.each("due_date").await, dates, "a due date is of one task");
    assert_eq!(plants.each("version").await, [2, 2, 2]);
    assert!(plants.told().await.iter().all(|event| event["metadata"].get("scope").is_none()));
    // Said again it changes nothing.
    let told = plants.told().await.len();
    plants.patch(&patch).await.expect(200);
    assert_eq!((plants.told().await.len(), plants.each("version").await), (told, vec![json!(2); 3]));
}

#[tokio::test]
async fn all_are_also_those_that_are_done() {
    let plants = Plants::start().await;
    let patch = json!({
        "scope": "all", "title": "Water the ferns", "description": null, "tags": ["hall"], "due_date": "2026-02-10T07:00:00Z",
        "reminders": [{"before": "PT1H"}], "assignee": null,
    });
    plants.patch(&patch).await.expect(200);
    let expected = json!({
        "title": "Water the ferns", "description": "", "tags": ["hall"], "due_date": "2026-02-10T07:00:00Z",
        "reminders": [{"before": "PT1H"}], "assignee": null,
    });
    assert_eq!(plants.changes().unwrap(), expected);
    assert_eq!(plants.each("title").await, ["Water the ferns"; 3]);
    let kept = "2026-02-02T07:00:00Z";
    assert_eq!(plants.each("due_date").await, [kept, kept, "2026-02-10T07:00:00Z"]);
    let reminders = json!([{"before": "PT1H"}]);
    assert_eq!(plants.each("reminders").await, [json!([]), reminders.clone(), reminders], "what is done needs none");
    assert_eq!(plants.each("completed").await, [true, false, false]);
    assert!(plants.told().await.iter().all(|event| event["metadata"].get("scope").is_none()));
}

#[tokio::test]
async fn what_is_archived_deleted_or_of_others_stays_as_it_is() {
    let plants = Plants::start().await;
    let alice = &plants.alice;
    alice.client.post(&format!("{}/archive", alice.task(&plants.tasks[1])), &json!({})).await.expect(200);
    alice.client.delete(&alice.task(&plants.tasks[2])).await.expect(204);
    // Bob has a task that claims to be of Alice's series.
    let bob = plants.api.person("bob");
    let claims = instance(&plants.api, &bob, &plants.id, 9).await;
    plants.patch(&json!({"title": "Water the ferns", "scope": "all"})).await.expect(200);
    let titles = "SELECT count(*) FROM core.tasks WHERE title = 'Water the ferns'";
    assert_eq!(plants.api.number(titles).await, 1, "the one that is done");
    assert_eq!(bob.client.get(&bob.task(&claims)).await.expect(200).json()["title"], "Water the plants");
    plants.patch(&json!({"title": "None is open", "scope": "this"})).await.expect_problem(409, "occurrence_over");
    // Those to come are there to be changed also when none is open, and kept from the same mistakes.
    let never = json!({"recurrence": {"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}});
    let problem = plants.patch(&never).await.expect_problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["code"], "recurrence_never");
    assert_eq!(plants.patch(&json!({"title": "The next one"})).await.expect(200).json()["title"], "The next one");
}

#[tokio::test]
async fn what_breaks_a_rule_is_told_and_changes_nothing() {
    let plants = Plants::start().await;
    let long = "x".repeat(501);
    for (patch, pointer, code) in [
        (json!({"scope": "some"}), "/scope", "scope_unknown"),
        (json!({"scope": "this", "timezone": "Europe/Paris"}), "/timezone", "scope_invalid"),
        (json!({"scope": "this", "recurrence": {"frequency": "daily"}}), "/recurrence", "scope_invalid"),
        (json!({"title": null}), "/title", "not_nullable"),
        (json!({"due_date": null}), "/due_date", "not_nullable"),
        (json!({"timezone": null}), "/timezone", "not_nullable"),
        (json!({"recurrence": null}), "/recurrence", "not_nullable"),
        (json!({ "title": long }), "/title", "title_too_long"),
        (json!({"description": "a\u{0}"}), "/description", "control_character"),
        (json!({"priority": "HIGH"}), "/priority", "priority_unknown"),
        (json!({"tags": ["ok", ""]}), "/tags/1", "tag_empty"),
        (json!({"due_date": "tomorrow"}), "/due_date", "date_invalid"),
        (json!({"timezone": "Mars/Olympus"}), "/timezone", "timezone_unknown"),
        (json!({"recurrence": {}}), "/recurrence", "recurrence_form"),
        (json!({"recurrence": "daily"}), "/recurrence", "invalid_type"),
        (json!({"recurrence": {"text": "every blue moon"}}), "/recurrence/text", "recurrence_text_unknown"),
        (json!({"recurrence": {"text": "daily", "rrule": "FREQ=WEEKLY"}}), "/recurrence/text", "recurrence_form"),
        (json!({"recurrence": {"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}}), "/recurrence", "recurrence_never"),
        (json!({"recurrence": {"text": "daily until 2026-01-31"}}), "/recurrence", "recurrence_ended"),
        (json!({"reminders": [{"before": "soon"}]}), "/reminders/0/before", "duration_invalid"),
        (json!({"reminders": [{"at": "2026-01-31T08:59:59Z"}]}), "/reminders/0/at", "reminder_past"),
        (json!({"reminders": [{"at": "2126-01-31T09:00:00Z"}]}), "/reminders/0/at", "reminder_too_far"),
        (json!({"due_date": "9999-01-31T09:00:00Z"}), "/due_date", "date_invalid"),
        (json!({"assignee": "nobody"}), "/assignee", "assignee_unknown"),
        (json!({"status": "done"}), "/status", "unknown_field"),
        (json!({"colour": "red"}), "/colour", "unknown_field"),
    ] {
        let problem = plants.patch(&patch).await.expect_problem(422, "validation_failed");
        let error = &problem["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&json!(pointer), &json!(code)), "{patch} {problem}");
    }
    let several = json!({"title": "", "priority": "HIGH", "scope": "some"});
    let problem = plants.patch(&several).await.expect_problem(422, "validation_failed");
    assert_eq!(problem["errors"].as_array().unwrap().len(), 3, "{problem}");
    assert_eq!(plants.changes(), None, "the series must not be changed when its tasks are not");
    assert_eq!(plants.told().await, [] as [Value; 0]);
}

#[tokio::test]
async fn reminders_of_a_task_that_is_overdue_are_for_those_to_come() {
    let plants = Plants::start().await;
    plants.api.clock.advance(TimeDelta::days(7));
    let plants = Plants { alice: plants.api.person("alice"), ..plants };
    let patch = json!({"reminders": [{"before": "PT1H"}]});
    plants.patch(&patch).await.expect(200);
    assert_eq!(plants.changes().unwrap(), patch);
    let this = json!({"scope": "this", "reminders": [{"before": "PT2H"}]});
    plants.patch(&this).await.expect_problem(422, "validation_failed");
    // What is too far ahead is so for all of them.
    let far = json!({"reminders": [{"at": "2026-01-31T08:00:00Z"}, {"at": "2126-01-01T00:00:00Z"}]});
    let problem = plants.patch(&far).await.expect_problem(422, "validation_failed");
    let error = &problem["errors"][0];
    assert_eq!((&error["pointer"], &error["code"]), (&json!("/reminders/1/at"), &json!("reminder_too_far")));
}

#[tokio::test]
async fn a_long_series_is_changed_as_far_as_it_is_bounded() {
    let plants = Plants::start().await;
    let done = format!(
        "INSERT INTO core.tasks (id, workspace_id, user_id, reporter, title, description, status, completed_at, priority, tags, \
           timezone, reminders, recurrence_id, occurrence, version, created_at, updated_at) \
         SELECT gen_random_uuid(), workspace_id, user_id, reporter, 'Old', '', 'done', created_at, 0, '{{}}', 'UTC', '[]', \
           recurrence_id, 3 - number, 2, created_at, created_at \
         FROM core.tasks, generate_series(1, {MOST_OF_A_SERIES}) AS number WHERE occurrence = 3"
    );
    plants.api.owner().await.execute_unprepared(&done).await.unwrap();
    plants.patch(&json!({"scope": "all", "title": "Water the ferns"})).await.expect(200);
    let changed = "SELECT count(*) FROM core.tasks WHERE title = 'Water the ferns'";
    assert_eq!(plants.api.number(changed).await, i64::try_from(MOST_OF_A_SERIES).unwrap());
    assert_eq!(plants.each("title").await, ["Water the ferns"; 3], "the latest first");
    // What is told of them is held in memory until their transaction ends.
    let together = "SELECT max(count) FROM \
        (SELECT count(*) AS count FROM core.tasks WHERE title = 'Water the ferns' GROUP BY xmin::text) AS transactions";
    assert!(plants.api.number(together).await <= 20);
}

#[tokio::test]
async fn of_what_is_done_it_is_told_in_one_event_each() {
    let plants = Plants::start().await;
    let patch = json!({"scope": "all", "title": "Water the ferns", "priority": "high", "tags": ["hall", "home"]});
    plants.patch(&patch).await.expect(200);
    let told = plants.told().await;
    let types = |task: &Value| {
        let of_task = told.iter().filter(|event| event["task_data"]["id"] == task["id"]);
        of_task.map(|event| event["event_type"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(types(&plants.tasks[0]), ["task.updated"]);
    let of_open = ["task.updated", "task.priority_changed", "task.tag_added", "task.tag_added"];
    assert_eq!(
        (types(&plants.tasks[1]), types(&plants.tasks[2])),
        (of_open.map(str::to_owned).into(), of_open.map(str::to_owned).into())
    );
}

#[tokio::test]
async fn a_due_date_is_of_the_task_that_the_series_has_come_to() {
    let plants = Plants::start().await;
    let alice = &plants.alice;
    alice.client.post(&format!("{}/complete", alice.task(&plants.tasks[2])), &json!({})).await.expect(200);
    // The fourth is about to be made, and the second is still open.
    plants.trail.recurring.set(&plants.id, "task_id", json!(plants.api.clock.new_id()));
    let patch = json!({"due_date": "2026-02-10T07:00:00Z", "title": "Water the ferns"});
    plants.patch(&patch).await.expect(200);
    assert_eq!(plants.changes().unwrap(), patch);
    assert_eq!(plants.each("due_date").await, ["2026-02-02T07:00:00Z"; 3]);
    assert_eq!(plants.each("title").await[1], "Water the ferns");
}

#[tokio::test]
async fn who_may_do_it_is_asked_of_the_workspace_of_the_series() {
    let (variables, trail) = Trail::start().await;
    let api = Api::start_with(variables).await;
    let (alice, bob) = (api.person("alice"), api.person("bob"));
    alice.client.get("/api/alice/profile").await.expect(200);
    let shared = bob.client.get("/api/bob/profile").await.expect(200).json()["workspace_id"].clone();
    let join =
        format!("INSERT INTO core.members VALUES ({}, 'alice', 'member', now())", shared.to_string().replace('"', "'"));
    api.owner().await.execute_unprepared(&join).await.unwrap();
    // None of its tasks is open.
    let id = trail.recurring.begin(&shared);
    let path = format!("/api/alice/recurrences/{id}");
    alice.client.patch(&path, &json!({"assignee": "bob"})).await.expect(200);
    let problem =
        alice.client.patch(&path, &json!({"assignee": "carol"})).await.expect_problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["code"], "assignee_unknown");
}

#[tokio::test]
async fn the_tasks_of_a_series_are_found_along_their_index() {
    let plants = Plants::start().await;
    // When sorting and reading whole tables cost more than anything else: see the index of the purge.
    let dear = "SELECT set_config('tidings.user_id', 'alice', true); SET LOCAL enable_sort = off; \
                SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off";
    for done in [false, true] {
        let question = of_series_statement("alice", plants.id.parse().unwrap(), done);
        let plan = explain(&plants.api.database.connect().await, question, dear).await;
        assert!(plan.contains("tasks_by_series"), "{plan}");
    }
}

#[tokio::test]
async fn changes_at_once_leave_the_series_and_its_task_alike() {
    let plants = Plants::start().await;
    for round in 0..5 {
        let patches: Vec<_> = (10..18)
            .map(
                |day| json!({"due_date": format!("2026-03-{day}T07:00:00Z"), "title": format!("Round {round}, {day}")}),
            )
            .collect();
        for answer in futures::future::join_all(patches.iter().map(|patch| plants.patch(patch))).await {
            answer.expect(200);
        }
        let series = plants.trail.recurring.shown(&plants.id);
        let (titles, dates) = (plants.each("title").await, plants.each("due_date").await);
        assert_eq!((&titles[1], &titles[2], &dates[2]), (&series["title"], &series["title"], &series["due_date"]));
    }
}

#[tokio::test]
async fn a_pool_of_one_connection_is_enough() {
    let (variables, trail) = Trail::start().await;
    let api = Api::start_with(variables.with("DATABASE_POOL", "1").with("DATABASE_WAIT_SECONDS", "5")).await;
    let alice = api.person("alice");
    let profile = alice.client.get("/api/alice/profile").await.expect(200).json();
    let id = trail.recurring.begin(&profile["workspace_id"]);
    let task = instance(&api, &alice, &id, 1).await;
    trail.recurring.set(&id, "task_id", task["id"].clone());
    let path = format!("/api/alice/recurrences/{id}");
    let patches = ["Water the ferns", "Water the palms"].map(|title| json!({ "title": title }));
    for answer in futures::future::join_all(patches.iter().map(|patch| alice.client.patch(&path, patch))).await {
        answer.expect(200);
    }
    let now = alice.client.get(&alice.task(&task)).await.expect(200).json();
    assert_eq!(now["title"], trail.recurring.shown(&id)["title"]);
}
