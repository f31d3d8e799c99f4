//! What happens to one task from its creation to its end.

use serde_json::{Value, json};

use crate::harness::Api;

#[tokio::test]
async fn a_created_task_is_answered_stored_and_told() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let body = json!({
        "title": "  Water the plants ", "description": "The ones upstairs too", "priority": "high", "tags": ["home", "home"],
        "due_date": "2026-02-01T10:00:00+01:00", "timezone": "Europe/Berlin", "recurrence": {"text": "every Monday"},
        "reminders": [{"before": "PT1H", "channels": ["email"]}], "assignee": "alice"
    });
    let answer = alice.client.post(&alice.tasks(), &body).await.expect(201);
    let task = answer.json();
    assert_eq!(answer.header("location").unwrap(), alice.task(&task));
    assert_eq!(answer.header("etag").unwrap(), "\"1\"");
    for (field, value) in [
        ("title", json!("Water the plants")),
        ("description", json!("The ones upstairs too")),
        ("status", json!("todo")),
        ("completed", json!(false)),
        ("completed_at", Value::Null),
        ("priority", json!("high")),
        ("tags", json!(["home"])),
        ("due_date", json!("2026-02-01T09:00:00Z")),
        ("timezone", json!("Europe/Berlin")),
        (
            "recurrence",
            json!({"frequency": "weekly", "by_weekday": ["MO"], "rrule": "FREQ=WEEKLY;BYDAY=MO", "text": "every Monday",
                "mode": "schedule"}),
        ),
        ("recurrence_id", task["id"].clone()),
        ("occurrence", json!(1)),
        ("reminders", json!([{"before": "PT1H", "channels": ["email"]}])),
        ("assignee", json!("alice")),
        ("reporter", json!("alice")),
        ("user_id", json!("alice")),
        ("version", json!(1)),
        ("created_at", json!("2026-01-31T09:00:00Z")),
        ("archived_at", Value::Null),
        ("deleted_at", Value::Null),
    ] {
        assert_eq!(task[field], value, "{field}");
    }
    assert_eq!(alice.client.get(&alice.task(&task)).await.expect(200).json(), task);

    let events = api.events().await;
    let types: Vec<_> = events.iter().map(|event| event["event_type"].as_str().unwrap()).collect();
    assert_eq!(types, ["user.created", "task.created"]);
    let created = &events[1];
    assert_eq!(created["sequence"], 2);
    assert_eq!(created["organization_id"], task["workspace_id"]);
    assert_eq!(created["topics"], json!(["task-events", "task-updates", "user-activities"]));
    assert_eq!(created["metadata"], json!({"source": "rest_api", "version": "1.0"}));
    assert_eq!(created["task_data"]["title"], task["title"]);
}

#[tokio::test]
async fn the_short_path_takes_the_user_from_the_token() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let task = alice.client.post("/api/tasks", &json!({"title": "Short"})).await.expect(201).json();
    assert_eq!(alice.client.get(&alice.task(&task)).await.expect(200).json()["user_id"], "alice");
}

#[tokio::test]
async fn a_patch_changes_what_it_names_and_tells_each_change() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let task = alice.create(json!({"title": "Plan", "tags": ["a", "b"], "due_date": "2026-02-01T09:00:00Z"})).await;
    let patch =
        json!({"title": "Plan B", "priority": "urgent", "tags": ["b", "c"], "due_date": null, "assignee": "alice"});
    let answer = alice.client.patch(&alice.task(&task), &patch).await.expect(200);
    assert_eq!(answer.header("etag").unwrap(), "\"2\"");
    let changed = answer.json();
    assert_eq!(changed["title"], "Plan B");
    assert_eq!(changed["due_date"], Value::Null);
    assert_eq!(changed["tags"], json!(["b", "c"]));
    assert_eq!(changed["status"], "todo");
    let told = [
        "task.created",
        "task.updated",
        "task.priority_changed",
        "task.due_date_set",
        "task.assigned",
        "task.tag_added",
        "task.tag_removed",
    ];
    assert_eq!(api.told_of(&task).await, told);
    let events = api.events().await;
    let sequences: Vec<_> = events.iter().map(|event| event["sequence"].as_i64().unwrap()).collect();
    assert_eq!(sequences, (1..=8).collect::<Vec<_>>(), "user.created and the seven, without a gap");
    assert_eq!(events[2]["previous_data"]["title"], "Plan");
    assert_eq!(events[2]["task_data"]["title"], "Plan B");
    assert_eq!(events[6]["data"], json!({"tag": "c"}));
    assert_eq!(events[7]["data"], json!({"tag": "a"}));
}

#[tokio::test]
async fn completing_by_patch_or_by_verb_tells_completion() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let task = alice.create(json!({"title": "Run"})).await;
    let done = alice.client.patch(&alice.task(&task), &json!({"completed": true})).await.expect(200).json();
    assert_eq!((&done["status"], &done["completed_at"]), (&json!("done"), &json!("2026-01-31T09:00:00Z")));
    let path = alice.task(&task);
    let reopened = alice.client.post(&format!("{path}/reopen"), &json!({})).await.expect(200).json();
    assert_eq!((&reopened["completed"], &reopened["completed_at"]), (&json!(false), &Value::Null));
    alice.client.request("POST".parse().unwrap(), &format!("{path}/complete")).send().await.expect(200);
    let again = alice.client.post(&format!("{path}/complete"), &json!({})).await.expect(200).json();
    assert_eq!(again["version"], 4, "said again, it changes nothing");
    let told =
        ["task.created", "task.updated", "task.status_changed", "task.completed", "task.reopened", "task.completed"];
    assert_eq!(api.told_of(&task).await, told);
}

#[tokio::test]
async fn a_patch_without_a_difference_changes_and_tells_nothing() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let task = alice.create(json!({"title": "Same", "tags": ["x"]})).await;
    for patch in [json!({}), json!({"title": "Same"}), json!({"tags": ["x"], "status": "todo", "completed": false})] {
        let answer = alice.client.patch(&alice.task(&task), &patch).await.expect(200).json();
        assert_eq!(answer["version"], 1, "{patch}");
    }
    assert_eq!(api.told_of(&task).await, ["task.created"]);
}

#[tokio::test]
async fn null_clears_what_can_be_cleared() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let task = alice
        .create(json!({"title": "T", "description": "d", "priority": "low", "tags": ["x"],
            "recurrence": {"text": "daily"}, "reminders": [{"before": "PT1H"}]}))
        .await;
    let clear = json!({"description": null, "priority": null, "tags": null, "recurrence": null, "reminders": null});
    let cleared = alice.client.patch(&alice.task(&task), &clear).await.expect(200).json();
    assert_eq!((&cleared["description"], &cleared["priority"]), (&json!(""), &json!("none")));
    assert_eq!(
        (&cleared["tags"], &cleared["recurrence"], &cleared["reminders"]),
        (&json!([]), &Value::Null, &json!([]))
    );
}

#[tokio::test]
async fn an_archived_task_is_found_and_listed_apart() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let task = alice.create(json!({"title": "Old"})).await;
    let archived = alice.client.post(&format!("{}/archive", alice.task(&task)), &json!({})).await.expect(200).json();
    assert_eq!(archived["archived_at"], "2026-01-31T09:00:00Z");
    alice.client.get(&alice.task(&task)).await.expect(200);
    assert_eq!(alice.client.get(&alice.tasks()).await.expect(200).json()["items"], json!([]));
    let page = alice.client.get(&format!("{}?archived=true", alice.tasks())).await.expect(200).json();
    assert_eq!(page["items"][0]["id"], task["id"]);
    assert_eq!(api.told_of(&task).await, ["task.created", "task.archived"]);
}

#[tokio::test]
async fn a_deleted_task_is_gone_and_its_deletion_is_told() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let task = alice.create(json!({"title": "Gone"})).await;
    let answer = alice.client.delete(&alice.task(&task)).await.expect(204);
    assert!(answer.body.is_empty());
    alice.client.get(&alice.task(&task)).await.expect_problem(404, "not_found");
    alice.client.delete(&alice.task(&task)).await.expect_problem(404, "not_found");
    alice.client.patch(&alice.task(&task), &json!({"title": "x"})).await.expect_problem(404, "not_found");
    assert_eq!(alice.client.get(&alice.tasks()).await.json()["items"], json!([]));
    let deleted = api.events().await.pop().unwrap();
    assert_eq!(deleted["event_type"], "task.deleted");
    assert_eq!(deleted["previous_data"]["title"], "Gone");
    assert!(deleted["task_data"]["deleted_at"].is_string());
}

#[tokio::test]
async fn anothers_task_is_not_there() {
    let api = Api::start().await;
    let (alice, bob) = (api.person("alice"), api.person("bob"));
    let task = alice.create(json!({"title": "Private"})).await;
    let path = format!("/api/bob/tasks/{}", task["id"].as_str().unwrap());
    bob.client.get(&path).await.expect_problem(404, "not_found");
    bob.client.patch(&path, &json!({"title": "Mine"})).await.expect_problem(404, "not_found");
    bob.client.delete(&path).await.expect_problem(404, "not_found");
    bob.client.post(&format!("{path}/complete"), &json!({})).await.expect_problem(404, "not_found");
    assert_eq!(bob.client.get(&bob.tasks()).await.json()["items"], json!([]));
    assert_eq!(alice.client.get(&alice.task(&task)).await.json()["title"], "Private");
}

#[tokio::test]
async fn two_first_sights_of_one_user_make_one_user() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let path = alice.tasks();
    let sights = (0..20).map(|_| alice.client.get(&path));
    for answer in futures::future::join_all(sights).await {
        let _ = answer.expect(200);
    }
    assert_eq!(api.number("SELECT count(*) FROM core.users").await, 1);
    assert_eq!(api.number("SELECT count(*) FROM core.workspaces").await, 1);
    assert_eq!(api.number("SELECT count(*) FROM core.outbox WHERE event_type = 'user.created'").await, 1);
}

#[tokio::test]
async fn concurrent_changes_of_one_workspace_are_numbered_without_a_gap() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let task = alice.create(json!({"title": "0"})).await;
    let (path, tasks) = (alice.task(&task), alice.tasks());
    let patches = (1..=20).map(|n| {
        let body = json!({"title": n.to_string()});
        let (client, path) = (&alice.client, &path);
        async move { client.patch(path, &body).await }
    });
    let creates = (1..=20).map(|n| {
        let body = json!({"title": n.to_string()});
        let (client, tasks) = (&alice.client, &tasks);
        async move { client.post(tasks, &body).await }
    });
    let (patched, created) = tokio::join!(futures::future::join_all(patches), futures::future::join_all(creates));
    assert!(patched.iter().all(|answer| answer.status == 200) && created.iter().all(|answer| answer.status == 201));
    let events = api.events().await;
    let sequences: Vec<_> = events.iter().map(|event| event["sequence"].as_i64().unwrap()).collect();
    assert!(sequences.is_sorted(), "the order of the outbox is the order of the numbers");
    assert_eq!(sequences, (1..=42).collect::<Vec<_>>());
    let dates: Vec<_> = events.iter().map(|event| event["timestamp"].as_str().unwrap().to_owned()).collect();
    assert!(dates.windows(2).all(|pair| pair[0] < pair[1]), "later numbers have later dates: {dates:?}");
    // Each update starts from what the one before it left.
    let updates: Vec<_> = events.iter().filter(|event| event["event_type"] == "task.updated").collect();
    for pair in updates.windows(2) {
        assert_eq!(pair[0]["task_data"], pair[1]["previous_data"]);
    }
}
