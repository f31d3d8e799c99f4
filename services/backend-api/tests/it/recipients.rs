//! `POST /internal/recipients` and `/internal/people`: whom notification-service may tell something.

use reqwest::Method;
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use testkit::http::{Answer, Client};

use crate::harness::{APP_TOKEN, Api};

const NOWHERE: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

async fn ask(api: &Api, path: &str, body: &Value) -> Answer {
    let request = Client::new(&api.base).request(Method::POST, &format!("/internal/{path}"));
    request.header("dapr-api-token", APP_TOKEN).json(body).send().await
}

async fn concerns(api: &Api, ids: &[&Value]) -> Vec<Value> {
    let told = ask(api, "recipients", &json!({ "task_ids": ids })).await.expect(200).json();
    told["tasks"].as_array().unwrap().clone()
}

async fn change(api: &Api, sql: &str) {
    api.owner().await.execute_unprepared(sql).await.unwrap();
}

/// The ids of the people of each task.
fn names(concerns: &[Value]) -> Vec<Vec<&str>> {
    concerns
        .iter()
        .map(|concern| {
            let people = concern["people"].as_array().unwrap().iter();
            people.map(|person| person["user_id"].as_str().unwrap()).collect()
        })
        .collect()
}

#[tokio::test]
async fn a_task_is_told_with_how_its_people_are_reached() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let task = alice.create(json!({"title": "Pay the rent", "due_date": "2026-02-01T09:00:00Z"})).await;
    let profile = alice.client.get("/api/alice/profile").await.expect(200).json();
    let expected = json!({
        "id": task["id"], "workspace_id": task["workspace_id"], "title": "Pay the rent",
        "due_date": "2026-02-01T09:00:00Z", "status": "open", "version": 1,
        "people": [{
            "user_id": "alice", "email": profile["email"], "first_name": profile["first_name"],
            "last_name": profile["last_name"], "timezone": profile["timezone"],
        }],
    });
    assert_eq!(concerns(&api, &[&task["id"]]).await, [expected], "user, reporter and assignee are one person");
    assert_eq!(concerns(&api, &[&task["id"], &task["id"], &json!(NOWHERE)]).await.len(), 1);
    assert_eq!(concerns(&api, &[]).await, [] as [Value; 0]);
}

#[tokio::test]
async fn only_those_who_may_see_it_now_are_named() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let (shared, own) = (alice.create(json!({"title": "A"})).await, alice.create(json!({"title": "B"})).await);
    for name in ["bob", "carol", "dora"] {
        api.person(name).client.get(&format!("/api/{name}/profile")).await.expect(200);
    }
    let (id, workspace) = (shared["id"].as_str().unwrap(), shared["workspace_id"].as_str().unwrap());
    change(&api, &format!("UPDATE core.tasks SET reporter = 'bob', assignee = 'carol' WHERE id = '{id}'")).await;
    let ids = [&shared["id"], &own["id"]];
    assert_eq!(names(&concerns(&api, &ids).await), [["alice"], ["alice"]], "Bob and Carol are strangers yet");

    for (name, role) in [("bob", "member"), ("carol", "guest"), ("dora", "admin")] {
        change(&api, &format!("INSERT INTO core.members VALUES ('{workspace}', '{name}', '{role}', now())")).await;
    }
    let told = concerns(&api, &ids).await;
    assert_eq!(names(&told), [vec!["alice", "bob", "carol"], vec!["alice"]], "it is no task of Dora's");

    change(&api, "DELETE FROM core.members WHERE user_id IN ('bob', 'alice')").await;
    assert_eq!(names(&concerns(&api, &ids).await), [vec!["carol"], vec![]], "access was taken away");
}

#[tokio::test]
async fn what_became_of_a_task_is_told() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let mut ids = Vec::new();
    for verb in [None, Some("complete"), Some("archive")] {
        let task = alice.create(json!({"title": "T"})).await;
        if let Some(verb) = verb {
            alice.client.post(&format!("{}/{verb}", alice.task(&task)), &json!({})).await.expect(200);
        }
        ids.push(task["id"].clone());
    }
    let states = |told: &[Value]| -> Vec<Value> {
        told.iter()
            .map(|concern| json!([concern["status"], concern["version"], concern["people"][0]["user_id"]]))
            .collect()
    };
    let told = concerns(&api, &ids.iter().collect::<Vec<_>>()).await;
    let expected = [json!(["open", 1, "alice"]), json!(["completed", 2, "alice"]), json!(["archived", 2, "alice"])];
    assert_eq!(states(&told), expected);
    for id in &ids {
        alice.client.delete(&alice.task(&json!({ "id": id }))).await.expect(204);
    }
    let told = concerns(&api, &ids.iter().collect::<Vec<_>>()).await;
    assert!(told.iter().all(|concern| concern["status"] == "deleted"), "{told:?}");
}

#[tokio::test]
async fn people_are_told_by_their_ids() {
    let api = Api::start().await;
    for name in ["alice", "bob"] {
        api.person(name).client.get(&format!("/api/{name}/profile")).await.expect(200);
    }
    change(&api, "UPDATE core.users SET email = NULL, timezone = 'Europe/Berlin' WHERE id = 'bob'").await;
    let asked = json!({"user_ids": ["bob", "nobody", "alice", "bob", "a\u{0}", ""]});
    let told = ask(&api, "people", &asked).await.expect(200).json();
    let names: Vec<_> = told["people"].as_array().unwrap().iter().map(|person| person["user_id"].clone()).collect();
    assert_eq!(names, ["alice", "bob"]);
    assert_eq!((&told["people"][1]["email"], &told["people"][1]["timezone"]), (&Value::Null, &json!("Europe/Berlin")));
}

#[tokio::test]
async fn too_much_and_what_cannot_be_meant_is_refused_by_name() {
    let api = Api::start().await;
    for (path, body, pointer, code) in [
        ("recipients", json!({"task_ids": vec![NOWHERE; 501]}), "/task_ids", "too_many"),
        ("recipients", json!({"task_ids": [NOWHERE, "x"]}), "/task_ids/1", "invalid_type"),
        ("recipients", json!({}), "/task_ids", "required"),
        ("recipients", json!({"task_ids": [], "as": "alice"}), "/as", "unknown_field"),
        ("people", json!({"user_ids": vec!["alice"; 501]}), "/user_ids", "too_many"),
        ("people", json!({"user_ids": [7]}), "/user_ids/0", "invalid_type"),
    ] {
        let problem = ask(&api, path, &body).await.expect_problem(422, "validation_failed");
        let error = &problem["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&json!(pointer), &json!(code)), "{problem}");
    }
    let most = json!({"task_ids": vec![NOWHERE; 500]});
    assert_eq!(ask(&api, "recipients", &most).await.expect(200).json(), json!({"tasks": []}));
}

#[tokio::test]
async fn nobody_but_the_sidecar_may_ask() {
    let api = Api::start().await;
    let alice = api.person("alice");
    for (path, body) in [("recipients", json!({"task_ids": []})), ("people", json!({"user_ids": []}))] {
        alice.client.post(&format!("/internal/{path}"), &body).await.expect_problem(404, "not_found");
    }
}
