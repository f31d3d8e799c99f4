//! `GET /api/{user_id}/sync`: a client's copy is what the lists show, whatever happens meanwhile.

use std::collections::BTreeMap;

use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use testkit::http::Answer;

use crate::harness::{Api, Person};

/// What a client keeps.
#[derive(Default)]
struct Replica {
    tasks: BTreeMap<String, Value>,
    token: Option<String>,
    sequence: i64,
    /// How many pages of the whole state, and of changes, it has read.
    pages: (usize, usize),
}

fn id(task: &Value) -> String {
    task["id"].as_str().unwrap().to_owned()
}

impl Person {
    async fn sync(&self, token: &str) -> Answer {
        self.client.get(&format!("/api/{}/sync?token={token}", self.id)).await
    }

    /// Every task by its id, as the lists show them.
    async fn listed(&self) -> BTreeMap<String, Value> {
        let mut tasks = BTreeMap::new();
        for archived in ["false", "true"] {
            let mut cursor = String::new();
            loop {
                let path = format!("{}?limit=200&archived={archived}{cursor}", self.tasks());
                let page = self.client.get(&path).await.expect(200).json();
                tasks.extend(page["items"].as_array().unwrap().iter().map(|task| (id(task), task.clone())));
                let Some(next) = page["next_cursor"].as_str() else { break };
                cursor = format!("&cursor={next}");
            }
        }
        tasks
    }
}

impl Replica {
    async fn of(person: &Person) -> Self {
        let mut replica = Self::default();
        replica.pull(person).await;
        replica
    }

    /// Reads one page; whether there is more.
    async fn read(&mut self, person: &Person) -> bool {
        let page = person.sync(self.token.as_deref().unwrap_or("*")).await.expect(200).json();
        for task in page["tasks"].as_array().unwrap() {
            self.tasks.insert(id(task), task.clone());
        }
        for gone in page["deleted"].as_array().unwrap() {
            self.tasks.remove(gone.as_str().unwrap());
        }
        if page["full"] == json!(true) {
            self.pages.0 += 1;
        } else {
            self.pages.1 += 1;
        }
        self.token = Some(page["token"].as_str().unwrap().to_owned());
        self.sequence = page["sequence"].as_i64().unwrap();
        page["has_more"].as_bool().unwrap()
    }

    async fn pull(&mut self, person: &Person) {
        while self.read(person).await {}
    }
}

async fn sql(api: &Api, sql: &str) {
    api.owner().await.execute_unprepared(sql).await.unwrap();
}

/// Makes the user a member of the personal workspace of another.
async fn share(api: &Api, user: &str, with: &str) {
    let of = format!("SELECT workspace_id, '{with}', 'member', now() FROM core.users WHERE id = '{user}'");
    sql(api, &format!("INSERT INTO core.members (workspace_id, user_id, role, joined_at) {of}")).await;
}

#[tokio::test]
async fn first_everything_then_what_changed() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let (kept, gone) = (alice.create(json!({"title": "Kept"})).await, alice.create(json!({"title": "Gone"})).await);
    let archived = alice.create(json!({"title": "Archived"})).await;
    let archive = format!("{}/archive", alice.task(&archived));
    let archived = alice.client.post(&archive, &json!({})).await.expect(200).json();
    alice.client.delete(&alice.task(&gone)).await.expect(204);

    let page = alice.client.get("/api/alice/sync").await.expect(200).json();
    assert_eq!(page["tasks"], json!([kept, archived]));
    let told = (&page["full"], &page["sequence"], &page["deleted"], &page["has_more"]);
    assert_eq!(told, (&json!(true), &json!(6), &json!([]), &json!(false)));

    let token = page["token"].as_str().unwrap();
    let nothing = json!({"token": token, "full": false, "sequence": 6, "tasks": [], "deleted": [], "has_more": false});
    assert_eq!(alice.sync(token).await.expect(200).json(), nothing);

    let new = alice.create(json!({"title": "New", "tags": ["x"]})).await;
    let changed = alice.client.patch(&alice.task(&kept), &json!({"title": "Changed", "priority": "high"})).await.json();
    alice.client.delete(&alice.task(&archived)).await.expect(204);
    let short_lived = alice.create(json!({"title": "Short-lived"})).await;
    alice.client.delete(&alice.task(&short_lived)).await.expect(204);
    alice.client.patch("/api/alice/profile", &json!({"first_name": "Alice"})).await.expect(200);

    let page = alice.sync(token).await.expect(200).json();
    let told = (&page["full"], &page["sequence"], &page["has_more"]);
    assert_eq!(told, (&json!(false), &json!(13), &json!(false)));
    assert_eq!(page["tasks"], json!([changed, new]));
    assert_eq!(page["deleted"], json!([archived["id"], short_lived["id"]]));
}

#[tokio::test]
async fn a_task_that_comes_back_is_told_again() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let task = alice.create(json!({"title": "Back again"})).await;
    let mut replica = Replica::of(&alice).await;
    alice.client.delete(&alice.task(&task)).await.expect(204);
    replica.pull(&alice).await;
    assert!(replica.tasks.is_empty());
    sql(&api, "UPDATE core.tasks SET deleted_at = NULL").await;
    alice.client.patch(&alice.task(&task), &json!({"priority": "low"})).await.expect(200);
    replica.pull(&alice).await;
    assert_eq!((replica.tasks.len(), replica.tasks), (1, alice.listed().await));
}

#[tokio::test]
async fn a_large_state_comes_in_pages_and_misses_nothing_that_happens_meanwhile() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let first = alice.create(json!({"title": "First"})).await;
    let many = "INSERT INTO core.tasks (id, workspace_id, user_id, reporter, title, description, status, priority, tags, \
                  timezone, reminders, version, created_at, updated_at) \
                SELECT gen_random_uuid(), workspace_id, id, id, 'Task', '', 'todo', 0, '{}', 'UTC', '[]', 1, \
                  users.created_at + n / 3 * interval '1 s', users.created_at \
                FROM core.users, generate_series(1, 4500) AS n";
    sql(&api, many).await;
    let mut replica = Replica::default();
    assert!(replica.read(&alice).await);
    assert_eq!((replica.tasks.len(), replica.pages), (2_000, (1, 0)));
    let created = alice.create(json!({"title": "Created meanwhile"})).await;
    alice.client.delete(&alice.task(&first)).await.expect(204);
    assert!(replica.read(&alice).await);
    let seen = replica.tasks.values().find(|task| **task != first).unwrap().clone();
    alice.client.patch(&alice.task(&seen), &json!({"title": "Changed meanwhile"})).await.expect(200);
    replica.pull(&alice).await;
    assert_eq!(replica.pages, (3, 1), "what changed while the state was read is told after it");
    assert!(replica.tasks.contains_key(&id(&created)) && !replica.tasks.contains_key(&id(&first)));
    let listed = alice.listed().await;
    assert_eq!((replica.tasks.len(), replica.tasks == listed), (4_501, true));
    assert_eq!(replica.sequence, 5);
}

#[tokio::test]
async fn many_changes_come_in_pages() {
    let api = Api::start().await;
    let (alice, bob) = (api.person("alice"), api.person("bob"));
    bob.create(json!({"title": "Bob's"})).await;
    alice.create(json!({"title": "Alice's"})).await;
    share(&api, "bob", "alice").await;
    let mut replica = Replica::of(&alice).await;
    // 51 events each: more than one page in Alice's workspace, and some in Bob's.
    let tags = |prefix: usize| (0..50).map(|n| format!("{prefix}/{n}")).collect::<Vec<_>>();
    let task = alice.create(json!({"title": "Often changed"})).await;
    for round in 0..25 {
        alice.client.patch(&alice.task(&task), &json!({"tags": tags(round % 2)})).await.expect(200);
    }
    bob.create(json!({"title": "Bob's second"})).await;
    replica.pages = (0, 0);
    replica.pull(&alice).await;
    assert!(replica.pages.1 > 1, "{:?}", replica.pages);
    assert_eq!((replica.tasks.len(), replica.tasks), (4, alice.listed().await));
}

#[tokio::test]
async fn pages_are_cut_by_size_too() {
    let api = Api::start().await;
    let alice = api.person("alice");
    let task = json!({"title": "Large", "description": "x".repeat(64 * 1024)});
    let mut following = Replica::of(&alice).await;
    for _ in 0..70 {
        alice.create(task.clone()).await;
    }
    let listed = alice.listed().await;
    let mut beginning = Replica::default();
    beginning.pull(&alice).await;
    following.pages = (0, 0);
    following.pull(&alice).await;
    assert_eq!((beginning.pages, following.pages), ((2, 0), (0, 2)));
    assert!(beginning.tasks == listed && following.tasks == listed);
}

#[tokio::test]
async fn all_workspaces_of_the_user_and_no_others() {
    let api = Api::start().await;
    let (alice, bob, carol) = (api.person("alice"), api.person("bob"), api.person("carol"));
    let shared = bob.create(json!({"title": "Bob's"})).await;
    carol.create(json!({"title": "Carol's"})).await;
    alice.create(json!({"title": "Alice's"})).await;
    share(&api, "bob", "alice").await;
    let mut replica = Replica::of(&alice).await;
    assert_eq!(replica.tasks.len(), 2);
    bob.client.delete(&bob.task(&shared)).await.expect(204);
    carol.create(json!({"title": "Carol's second"})).await;
    let second = bob.create(json!({"title": "Bob's second"})).await;
    replica.pull(&alice).await;
    assert_eq!(replica.tasks, alice.listed().await);
    assert!(replica.tasks.contains_key(&id(&second)));
    assert_eq!(replica.sequence, 2, "the number is of the personal workspace");
}

#[tokio::test]
async fn who_was_away_too_long_or_whose_workspaces_changed_starts_again() {
    let api = Api::start().await;
    let (alice, bob) = (api.person("alice"), api.person("bob"));
    bob.create(json!({"title": "Bob's"})).await;
    for n in 0..4 {
        alice.create(json!({"title": n.to_string()})).await;
    }
    let at_5 = Replica::of(&alice).await.token.unwrap();
    alice.create(json!({"title": "6"})).await;
    alice.create(json!({"title": "7"})).await;
    let at_7 = Replica::of(&alice).await.token.unwrap();

    let of_alice = "workspace_id = (SELECT workspace_id FROM core.users WHERE id = 'alice')";
    sql(&api, &format!("DELETE FROM core.outbox WHERE {of_alice} AND sequence <= 5")).await;
    assert_eq!(alice.sync(&at_5).await.expect(200).json()["tasks"].as_array().unwrap().len(), 2);
    sql(&api, &format!("DELETE FROM core.outbox WHERE {of_alice} AND sequence <= 6")).await;
    let problem = alice.sync(&at_5).await.expect_problem(410, "resync_required");
    assert!(problem["detail"].as_str().unwrap().contains("token=*"), "{problem}");
    // Who has everything needs no history.
    sql(&api, &format!("DELETE FROM core.outbox WHERE {of_alice}")).await;
    alice.sync(&at_7).await.expect(200);

    share(&api, "bob", "alice").await;
    alice.sync(&at_7).await.expect_problem(410, "resync_required");
    let with_bob = Replica::of(&alice).await.token.unwrap();
    sql(&api, "DELETE FROM core.members WHERE user_id = 'alice' AND role = 'member'").await;
    alice.sync(&with_bob).await.expect_problem(410, "resync_required");
    alice.sync(&at_7).await.expect(200);

    // As after a restored backup: the client has seen more than there is.
    sql(
        &api,
        "UPDATE core.workspaces SET sequence = 6 WHERE id = (SELECT workspace_id FROM core.users WHERE id = 'alice')",
    )
    .await;
    alice.sync(&at_7).await.expect_problem(410, "resync_required");
    alice.sync("*").await.expect(200);
}

#[tokio::test]
async fn a_state_that_is_being_read_starts_again_too() {
    let api = Api::start().await;
    let (alice, bob) = (api.person("alice"), api.person("bob"));
    bob.create(json!({"title": "Bob's"})).await;
    let task = json!({"title": "Large", "description": "x".repeat(64 * 1024)});
    for _ in 0..70 {
        alice.create(task.clone()).await;
    }
    let mut replica = Replica::default();
    assert!(replica.read(&alice).await);
    share(&api, "bob", "alice").await;
    alice.sync(&replica.token.unwrap()).await.expect_problem(410, "resync_required");
}

#[tokio::test]
async fn only_tokens_of_ones_own_are_good() {
    let api = Api::start().await;
    let (alice, bob) = (api.person("alice"), api.person("bob"));
    for n in 0..2 {
        alice.create(json!({"title": n.to_string()})).await;
    }
    let token = Replica::of(&alice).await.token.unwrap();
    let list = alice.client.get(&format!("{}?limit=1", alice.tasks())).await.json();
    let cursor = list["next_cursor"].as_str().unwrap();
    let mut tampered = token.clone();
    tampered.replace_range(30..31, if &token[30..31] == "A" { "B" } else { "A" });
    let long = "A".repeat(5_000);
    for wrong in ["", "x", "**", "%00", "%ff", "null", "42", &token[..20], &tampered, cursor, &long] {
        alice.sync(wrong).await.expect_problem(400, "sync_token_invalid");
    }
    bob.sync(&token).await.expect_problem(400, "sync_token_invalid");
    for (query, code) in [("since=1", "unknown_parameter"), ("token=*&token=*", "duplicate_parameter")] {
        let problem = alice.client.get(&format!("/api/alice/sync?{query}")).await;
        assert_eq!(problem.expect_problem(422, "validation_failed")["errors"][0]["code"], code, "{query}");
    }
    bob.client.get("/api/alice/sync").await.expect_problem(401, "user_mismatch");
}

#[tokio::test]
async fn a_client_that_syncs_while_others_write_ends_with_what_is_there() {
    let api = Api::start().await;
    let (alice, bob) = (api.person("alice"), api.person("bob"));
    bob.create(json!({"title": "Bob's"})).await;
    alice.create(json!({"title": "Alice's"})).await;
    share(&api, "bob", "alice").await;
    let write = async |person: &Person, writer: usize| {
        let mut own: Vec<Value> = Vec::new();
        for round in 0..40 {
            own.push(person.create(json!({"title": format!("{writer}/{round}")})).await);
            let task = person.task(&own[round * 7 % own.len()]);
            let answer = match round % 4 {
                0 => person.client.patch(&task, &json!({"tags": [round.to_string()], "priority": "high"})).await,
                1 => person.client.delete(&task).await,
                2 => person.client.post(&format!("{task}/complete"), &json!({})).await,
                _ => person.client.post(&format!("{task}/archive"), &json!({})).await,
            };
            assert!(answer.status.is_success() || answer.status == 404, "{}", answer.text());
        }
    };
    let done = std::cell::Cell::new(false);
    let writing = async {
        tokio::join!(write(&alice, 1), write(&alice, 2), write(&bob, 3), write(&bob, 4));
        done.set(true);
    };
    let syncing = async {
        let mut replica = Replica::default();
        let mut numbers = vec![0];
        while !done.get() {
            replica.read(&alice).await;
            numbers.push(replica.sequence);
        }
        replica.pull(&alice).await;
        assert!(numbers.is_sorted(), "{numbers:?}");
        replica
    };
    let ((), replica) = tokio::join!(writing, syncing);
    let listed = alice.listed().await;
    // How many pages there were is the machine's affair; that changes came by pages is ours.
    assert!(listed.len() > 100 && replica.pages.1 > 0, "{} tasks, {:?} pages", listed.len(), replica.pages);
    assert_eq!(replica.tasks, listed);
}
