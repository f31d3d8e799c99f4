//! `GET /internal/changes`: the events of a workspace by their numbers.

use reqwest::Method;
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use testkit::http::{Answer, Client};

use crate::harness::{APP_TOKEN, Api, Person};

async fn ask(api: &Api, query: &str) -> Answer {
    let request = Client::new(&api.base).request(Method::GET, &format!("/internal/changes?{query}"));
    request.header("dapr-api-token", APP_TOKEN).send().await
}

async fn workspace(person: &Person) -> String {
    let profile = person.client.get(&format!("/api/{}/profile", person.id)).await.expect(200).json();
    profile["workspace_id"].as_str().unwrap().to_owned()
}

/// The page after `after`, as the user.
async fn page(api: &Api, (user, workspace): (&str, &str), after: i64, rest: &str) -> Value {
    ask(api, &format!("user_id={user}&workspace_id={workspace}&after={after}{rest}")).await.expect(200).json()
}

fn numbers(page: &Value) -> Vec<i64> {
    page["changes"].as_array().unwrap().iter().map(|event| event["sequence"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn events_come_in_order_as_they_were_published() {
    let api = Api::start().await;
    let (alice, bob) = (api.person("alice"), api.person("bob"));
    let task = alice.create(json!({"title": "One"})).await;
    bob.create(json!({"title": "Bob's"})).await;
    alice.client.patch(&alice.task(&task), &json!({"priority": "high"})).await.expect(200);
    alice.client.patch("/api/alice/profile", &json!({"first_name": "Alice"})).await.expect(200);
    let home = workspace(&alice).await;
    let all = page(&api, ("alice", &home), 0, "").await;
    assert_eq!((numbers(&all), &all["sequence"]), (vec![1, 2, 3, 4, 5], &json!(5)));
    assert_eq!(all["resync_required"], false);
    let mut stored: Vec<Value> = api.events().await;
    stored.retain(|event| event["organization_id"] == *home);
    for event in &mut stored {
        event.as_object_mut().unwrap().retain(|name, _| name != "topics" && name != "trace");
    }
    assert_eq!(all["changes"], json!(stored));

    let some = page(&api, ("alice", &home), 1, "&limit=2").await;
    assert_eq!((numbers(&some), &some["sequence"]), (vec![2, 3], &json!(5)));
    let none = page(&api, ("alice", &home), 5, "").await;
    assert_eq!(none, json!({"changes": [], "sequence": 5, "resync_required": false}));
}

#[tokio::test]
async fn a_page_is_cut_by_size() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let home = workspace(&alice).await;
    for _ in 0..30 {
        alice.create(json!({"title": "Large", "description": "x".repeat(64 * 1024)})).await;
    }
    let (mut after, mut pages) = (0, 0);
    while after < 31 {
        let page = page(&api, ("alice", &home), after, "").await;
        let numbers = numbers(&page);
        assert!(numbers.len() < 6, "{numbers:?}");
        assert_eq!(numbers[0], after + 1);
        after = *numbers.last().unwrap();
        pages += 1;
    }
    assert!((6..=10).contains(&pages), "{pages} pages");
}

#[tokio::test]
async fn what_is_not_kept_or_not_there_yet_is_told() {
    let api = Api::start().await;
    let alice = api.person("alice");
    for n in 0..4 {
        alice.create(json!({"title": n.to_string()})).await;
    }
    let home = workspace(&alice).await;
    let db = api.owner().await;
    db.execute_unprepared("DELETE FROM core.outbox WHERE sequence <= 2").await.unwrap();
    for (after, expected, resync) in
        [(0, vec![], true), (1, vec![], true), (2, vec![3, 4, 5], false), (5, vec![], false), (6, vec![], true)]
    {
        let page = page(&api, ("alice", &home), after, "").await;
        assert_eq!((numbers(&page), &page["resync_required"]), (expected, &json!(resync)), "after {after}");
    }
    let far = page(&api, ("alice", &home), i64::MAX - 1, "").await;
    assert_eq!(far, json!({"changes": [], "sequence": 5, "resync_required": true}));
    // Whatever tore a hole into the history: nobody is led over it.
    db.execute_unprepared("DELETE FROM core.outbox WHERE sequence = 4").await.unwrap();
    assert_eq!(numbers(&page(&api, ("alice", &home), 2, "").await), [3]);
    assert_eq!(page(&api, ("alice", &home), 3, "").await["resync_required"], true);
}

#[tokio::test]
async fn only_members_are_told() {
    let api = Api::start().await;
    let (alice, bob) = (api.person("alice"), api.person("bob"));
    let (home, his) = (workspace(&alice).await, workspace(&bob).await);
    let question = |user: &str, workspace: &str| format!("user_id={user}&workspace_id={workspace}&after=0");
    for query in
        [question("bob", &home), question("nobody", &home), question("alice", "01890a5d-ac96-774b-bcce-b302099a8057")]
    {
        ask(&api, &query).await.expect_problem(404, "not_found");
    }
    let share = format!("INSERT INTO core.members VALUES ('{his}', 'alice', 'guest', now())");
    api.owner().await.execute_unprepared(&share).await.unwrap();
    assert_eq!(numbers(&page(&api, ("alice", &his), 0, "").await), [1]);
    api.owner().await.execute_unprepared("DELETE FROM core.members WHERE role = 'guest'").await.unwrap();
    ask(&api, &question("alice", &his)).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn nobody_but_the_sidecar_may_ask() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let query = format!("user_id=alice&workspace_id={}&after=0", workspace(&alice).await);
    let path = format!("/internal/changes?{query}");
    Client::new(&api.base).get(&path).await.expect_problem(404, "not_found");
    alice.client.get(&path).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn wrong_questions_are_told_all_at_once() {
    let api = Api::start().await;
    let good = "user_id=alice&workspace_id=01890a5d-ac96-774b-bcce-b302099a8057&after=0";
    let told = |problem: Value| -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let errors = problem["errors"].as_array().unwrap().iter();
        errors.map(|error| (text(&error["pointer"]), text(&error["code"]))).collect()
    };
    let every = [("/user_id", "required"), ("/workspace_id", "required"), ("/after", "required")];
    let wrong = [
        ("/user_id", "user_id_invalid"),
        ("/workspace_id", "id_invalid"),
        ("/after", "after_invalid"),
        ("/limit", "limit_invalid"),
    ];
    for (query, expected) in [
        (String::new(), &every[..]),
        ("user_id=a%00&workspace_id=x&after=-1&limit=0".to_owned(), &wrong),
        ("user_id=&workspace_id=&after=&limit=501".to_owned(), &wrong),
        ("user_id=a%0a&workspace_id=1&after=9223372036854775807&limit=x".to_owned(), &wrong),
        (format!("{good}&since=1"), &[("/since", "unknown_parameter")]),
        (format!("{good}&after=1"), &[("/after", "duplicate_parameter")]),
    ] {
        let problem = ask(&api, &query).await.expect_problem(422, "validation_failed");
        let expected: Vec<_> = expected.iter().map(|(at, code)| ((*at).to_owned(), (*code).to_owned())).collect();
        assert_eq!(told(problem), expected, "{query}");
    }
}

#[tokio::test]
async fn the_numbers_of_many_workspaces_are_told_at_once() {
    let api = Api::start().await;
    let (alice, bob) = (api.person("alice"), api.person("bob"));
    alice.create(json!({"title": "One"})).await;
    bob.create(json!({"title": "One"})).await;
    bob.create(json!({"title": "Two"})).await;
    let (first, second) = (workspace(&alice).await, workspace(&bob).await);
    let nowhere = "01890a5d-ac96-774b-bcce-b302099a8057";
    let ask = |ids: Value| {
        let request = Client::new(&api.base).request(Method::POST, "/internal/sequences");
        request.header("dapr-api-token", APP_TOKEN).json(&json!({ "workspace_ids": ids })).send()
    };
    let told = ask(json!([first, second, nowhere])).await.expect(200).json();
    assert_eq!(told, json!({"sequences": {first: 2, second: 3}}));
    assert_eq!(ask(json!([])).await.expect(200).json(), json!({"sequences": {}}));
    let refused = ask(json!(vec![nowhere; 1_001])).await.expect_problem(422, "validation_failed");
    assert_eq!(
        (&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]),
        (&json!("/workspace_ids"), &json!("too_many"))
    );
    ask(json!(["x"])).await.expect_problem(422, "validation_failed");
}
