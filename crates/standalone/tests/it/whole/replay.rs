//! Clients that come and go: sockets and sync tell the same, whoever was away.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use testkit::socket::Socket;

use super::end_to_end::{DEADLINE, Person, Whole};

/// What a client knows of its tasks: the title and the version of each.
type Tasks = BTreeMap<String, (String, i64)>;

fn keep(tasks: &mut Tasks, task: &Value) {
    let title = task["title"].as_str().unwrap().to_owned();
    tasks.insert(task["id"].as_str().unwrap().to_owned(), (title, task["version"].as_i64().unwrap()));
}

/// A client that follows a socket.
struct Follower {
    socket: Option<Socket>,
    tasks: Tasks,
    last: i64,
}

impl Follower {
    async fn start(whole: &Whole, person: &Person) -> Self {
        let (socket, subscribed) = whole.socket_with(person, "").await;
        Self { socket: Some(socket), tasks: Tasks::new(), last: subscribed["sequence"].as_i64().unwrap() }
    }

    async fn leave(&mut self) {
        self.socket.take().unwrap().close().await;
    }

    async fn come_back(&mut self, whole: &Whole, person: &Person) {
        let (socket, subscribed) = whole.socket_with(person, &format!("?last_seen={}", self.last)).await;
        assert_eq!(subscribed["sequence"], self.last);
        self.socket = Some(socket);
    }

    /// Takes events, each the next one, up to a number.
    async fn follow_to(&mut self, sequence: i64) {
        while self.last < sequence {
            let message = self.socket.as_mut().unwrap().next_json(DEADLINE).await;
            assert_eq!((&message["type"], &message["sequence"]), (&json!("event"), &json!(self.last + 1)));
            self.last += 1;
            let task = &message["event"]["task_data"];
            if message["event"]["event_type"] == "task.deleted" {
                self.tasks.remove(task["id"].as_str().unwrap());
            } else if task.is_object() {
                keep(&mut self.tasks, task);
            }
        }
    }
}

impl Person {
    fn path(&self, task: &Value) -> String {
        format!("/api/{}/tasks/{}", self.id, task["id"].as_str().unwrap())
    }

    async fn sync(&self, token: &str) -> Value {
        self.client.get(&format!("/api/{}/sync?token={token}", self.id)).await.expect(200).json()
    }

    async fn listed(&self) -> Tasks {
        let page = self.client.get(&format!("/api/{}/tasks?limit=200", self.id)).await.expect(200).json();
        assert!(page["next_cursor"].is_null());
        let mut tasks = Tasks::new();
        page["items"].as_array().unwrap().iter().for_each(|task| keep(&mut tasks, task));
        tasks
    }
}

#[tokio::test]
async fn five_changes_while_away_are_exactly_five_events_on_return() {
    let whole = Whole::start().await;
    let (alice, bob) = (whole.person("alice"), whole.person("bob"));
    let mut socket = whole.socket(&alice).await;
    let task = alice.create("Seen").await;
    let seen = socket.next_json(DEADLINE).await["sequence"].as_i64().unwrap();
    socket.close().await;

    let path = alice.path(&task);
    alice.client.patch(&path, &json!({"title": "Missed"})).await.expect(200);
    bob.create("Bob's").await;
    alice.client.post(&format!("{path}/complete"), &json!({})).await.expect(200);
    alice.create("New").await;
    alice.client.patch("/api/alice/profile", &json!({"first_name": "Alice"})).await.expect(200);
    alice.client.delete(&path).await.expect(204);

    let (mut socket, subscribed) = whole.socket_with(&alice, &format!("?last_seen={seen}")).await;
    assert_eq!(subscribed["sequence"], seen);
    let expected = ["task.updated", "task.completed", "task.created", "user.updated", "task.deleted"];
    for (sequence, event_type) in (seen + 1..).zip(expected) {
        let message = socket.next_json(DEADLINE).await;
        assert_eq!((&message["type"], &message["sequence"]), (&json!("event"), &json!(sequence)));
        assert_eq!(message["event"]["event_type"], event_type);
    }
    alice.create("Live").await;
    let live = socket.next_json(DEADLINE).await;
    assert_eq!((&live["sequence"], &live["event"]["task_data"]["title"]), (&json!(seen + 6), &json!("Live")));
    whole.system.stop().await.unwrap();
}

#[tokio::test]
async fn three_sockets_and_sync_agree_whoever_was_away() {
    let whole = Whole::start().await;
    let alice = whole.person("alice");
    let mut followers = Vec::new();
    for _ in 0..3 {
        followers.push(Follower::start(&whole, &alice).await);
    }
    let first = alice.sync("*").await;
    let (mut token, mut copy) = (first["token"].as_str().unwrap().to_owned(), Tasks::new());
    let mut own: Vec<Value> = Vec::new();
    for round in 0..30_usize {
        own.push(alice.create(&format!("Task {round}")).await);
        let path = alice.path(&own[round * 5 % own.len()]);
        let change = json!({"title": format!("Changed {round}"), "priority": "high"});
        let answer = match round % 3 {
            0 => alice.client.patch(&path, &change).await,
            1 => alice.client.post(&format!("{path}/complete"), &json!({})).await,
            _ => alice.client.delete(&path).await,
        };
        assert!(answer.status.is_success() || answer.status == 404, "{}", answer.text());
        // The second comes and goes, the third is away for most of the time.
        match round {
            5 | 15 => followers[1].leave().await,
            10 | 20 => followers[1].come_back(&whole, &alice).await,
            3 => followers[2].leave().await,
            25 => followers[2].come_back(&whole, &alice).await,
            _ => {}
        }
    }
    let mut sequence = 0;
    let mut more = true;
    while more {
        let page = alice.sync(&token).await;
        page["tasks"].as_array().unwrap().iter().for_each(|task| keep(&mut copy, task));
        for gone in page["deleted"].as_array().unwrap() {
            copy.remove(gone.as_str().unwrap());
        }
        page["token"].as_str().unwrap().clone_into(&mut token);
        sequence = page["sequence"].as_i64().unwrap();
        more = page["has_more"].as_bool().unwrap();
    }
    let listed = alice.listed().await;
    assert!(listed.len() >= 20, "{listed:?}");
    assert_eq!(copy, listed);
    for mut follower in followers {
        follower.follow_to(sequence).await;
        assert_eq!(follower.tasks, listed);
    }
    whole.system.stop().await.unwrap();
}
