//! Lists: filters, order, pages.

use chrono::Duration;
use serde_json::{Value, json};

use crate::harness::{Api, Person};

fn titles(page: &Value) -> Vec<String> {
    page["items"].as_array().unwrap().iter().map(|task| task["title"].as_str().unwrap().to_owned()).collect()
}

/// Follows the cursors to the end, two entries a page.
async fn walk(person: &Person, query: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut path = format!("{}?limit=2&{query}", person.tasks());
    loop {
        let answer = person.client.get(&path).await.expect(200);
        let page = answer.json();
        all.extend(titles(&page));
        let Some(cursor) = page["next_cursor"].as_str() else {
            assert_eq!(answer.header("link"), None);
            return all;
        };
        let link = answer.header("link").unwrap();
        assert!(link.ends_with("; rel=\"next\"") && link.contains(cursor), "{link}");
        path = link.trim_start_matches('<').split('>').next().unwrap().to_owned();
    }
}

async fn five_tasks(api: &Api) -> Person {
    let alice = api.person("alice");
    for (title, priority, due, tag) in [
        ("a", "low", json!("2026-03-01T00:00:00Z"), "x"),
        ("b", "urgent", Value::Null, "x"),
        ("c", "none", json!("2026-02-01T00:00:00Z"), "y"),
        ("d", "urgent", json!("2026-02-01T00:00:00Z"), "y"),
        ("e", "medium", Value::Null, "x"),
    ] {
        alice.create(json!({"title": title, "priority": priority, "due_date": due, "tags": [tag]})).await;
        api.clock.advance(Duration::seconds(1));
    }
    alice
}

#[tokio::test]
async fn every_order_is_walked_page_by_page_without_loss_or_repetition() {
    let api = Api::start().await;
    let alice = five_tasks(&api).await;
    for (sort, expected) in [
        ("", "edcba"),
        ("sort=created_at", "abcde"),
        ("sort=-updated_at", "edcba"),
        ("sort=due_date", "cdabe"),
        ("sort=-due_date", "adceb"),
        ("sort=priority", "caebd"),
        ("sort=-priority", "dbeac"),
    ] {
        assert_eq!(walk(&alice, sort).await.concat(), expected, "{sort}");
    }
}

#[tokio::test]
async fn filters_restrict() {
    let api = Api::start().await;
    let alice = five_tasks(&api).await;
    let page = alice.client.get(&alice.tasks()).await.json();
    let newest = &page["items"][0];
    alice.client.patch(&alice.task(newest), &json!({"completed": true, "assignee": "alice"})).await.expect(200);
    for (filter, expected) in [
        ("tag=x", "eba"),
        ("tag=x&priority=urgent", "b"),
        ("completed=true", "e"),
        ("completed=false", "dcba"),
        ("status=done", "e"),
        ("status=in_progress", ""),
        ("due_before=2026-03-01T00:00:00Z", "dc"),
        ("due_after=2026-03-01T00:00:00Z", "a"),
        ("due_after=2026-02-01T00:00:00Z&due_before=2026-02-01T00:00:01Z", "dc"),
        ("due_after=2026-03-01T01:00:00+01:00", "a"),
        ("assignee=alice", "e"),
        ("project=01890a5d-ac96-774b-bcce-b302099a8057", ""),
        ("tag=%27%3B%20DROP%20TABLE%20core.tasks%3B%20--", ""),
    ] {
        assert_eq!(walk(&alice, filter).await.concat(), expected, "{filter}");
    }
}

#[tokio::test]
async fn a_page_stays_where_it_was_while_tasks_come_and_go() {
    let api = Api::start().await;
    let alice = five_tasks(&api).await;
    let first = alice.client.get(&format!("{}?limit=2", alice.tasks())).await.json();
    alice.client.delete(&alice.task(&first["items"][1])).await.expect(204);
    alice.create(json!({"title": "new"})).await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = alice.client.get(&format!("{}?limit=2&cursor={cursor}", alice.tasks())).await.json();
    assert_eq!(titles(&second), ["c", "b"]);
}

#[tokio::test]
async fn a_cursor_is_good_for_its_own_list_only() {
    let api = Api::start().await;
    let alice = five_tasks(&api).await;
    let bob = api.person("bob");
    let page = alice.client.get(&format!("{}?limit=2", alice.tasks())).await.json();
    let cursor = page["next_cursor"].as_str().unwrap();
    let mut tampered = cursor.to_owned();
    tampered.replace_range(30..31, if &cursor[30..31] == "A" { "B" } else { "A" });
    for cursor in [tampered.as_str(), "", "x", "%00", &cursor[..20]] {
        let path = format!("{}?cursor={cursor}", alice.tasks());
        alice.client.get(&path).await.expect_problem(400, "cursor_invalid");
    }
    for query in ["sort=priority", "tag=x"] {
        let path = format!("{}?{query}&cursor={cursor}", alice.tasks());
        alice.client.get(&path).await.expect_problem(400, "cursor_invalid");
    }
    let path = format!("{}?cursor={cursor}", bob.tasks());
    bob.client.get(&path).await.expect_problem(400, "cursor_invalid");
}

#[tokio::test]
async fn wrong_parameters_are_told_all_at_once() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let query =
        "status=x&priority=x&completed=x&due_before=x&due_after=x&sort=x&limit=0&project=x&tag=%00&archived=x&q=%00";
    let problem =
        alice.client.get(&format!("{}?{query}", alice.tasks())).await.expect_problem(422, "validation_failed");
    let told: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
    let expected = [
        "/status",
        "/priority",
        "/tag",
        "/completed",
        "/due_before",
        "/due_after",
        "/project",
        "/archived",
        "/q",
        "/sort",
        "/limit",
    ];
    assert_eq!(told, expected);
    for (query, code) in
        [("limit=201", "limit_invalid"), ("limit=ten", "limit_invalid"), ("color=red", "unknown_parameter")]
    {
        let problem =
            alice.client.get(&format!("{}?{query}", alice.tasks())).await.expect_problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["code"], code, "{query}");
    }
}
