//! Two replicas of each service, each with a sidecar of its own. They need real ones: `cargo test whole::replicas -- --ignored`.

use std::collections::BTreeSet;
use std::fs;
use std::num::NonZeroU8;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use standalone::{Sidecars, System};
use testkit::eventually;
use testkit::http::Client;
use testkit::socket::Socket;

use super::end_to_end::{DEADLINE, Person, Whole};
use crate::launched::send;

const REPLICAS: [u8; 2] = [1, 2];
const APPS: [&str; 5] =
    ["backend-api", "audit-service", "notification-service", "recurring-task-service", "websocket-service"];

/// How long a restart of a part may take, with everything that waited for it.
const LONG: Duration = Duration::from_mins(1);

pub(super) async fn two_of_each() -> Whole {
    let replicas = NonZeroU8::new(2).unwrap();
    let log = ("RUST_LOG", "warn,backend_api::jobs=info,platform::dapr::timetable=info");
    Whole::start_with(Sidecars::Daprd, replicas, &[log]).await
}

impl Person {
    /// The numbers of everything in the history, newest first, once there are `count` of them.
    pub(super) async fn numbers(&self, count: usize) -> Vec<i64> {
        eventually(DEADLINE, || async {
            let (mut numbers, mut query) = (Vec::new(), String::new());
            loop {
                let path = format!("/api/{}/audit-logs?limit=200{query}", self.id);
                let page = self.client.get(&path).await.expect(200).json();
                let entries = page["items"].as_array().unwrap();
                numbers.extend(entries.iter().map(|entry| entry["details"]["sequence"].as_i64().unwrap()));
                let Some(cursor) = page["next_cursor"].as_str() else { break };
                query = format!("&cursor={cursor}");
            }
            (numbers.len() >= count).then_some(numbers)
        })
        .await
    }
}

/// The value of a counter of a service's replica.
async fn counter(system: &System, app: &str, replica: u8, name: &str) -> i64 {
    let metrics = Client::new(system.replica_url(app, replica).unwrap()).get("/metrics").await.expect(200).text();
    let line = metrics.lines().find(|line| !line.starts_with('#') && line.contains(name));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or_else(|| panic!("no {name} in {metrics}"))
}

/// These share a system: its start is most of what each of them takes.
#[tokio::test]
#[ignore = "needs real sidecars"]
async fn two_replicas_are_as_one() {
    let whole = two_of_each().await;
    what_two_replicas_write_is_one_order_for_every_socket_and_in_the_history(&whole).await;
    a_job_is_called_at_one_replica_each_time(&whole).await;
    what_one_replica_hands_out_is_good_at_the_other(&whole).await;
    a_request_that_reaches_both_replicas_is_carried_out_once(&whole).await;
    whole.system.stop().await.unwrap();
}

async fn what_two_replicas_write_is_one_order_for_every_socket_and_in_the_history(whole: &Whole) {
    const EACH: usize = 40;
    let alice = REPLICAS.map(|replica| whole.person_at("alice", replica));
    let mut sockets = Vec::new();
    for replica in [1, 2, 1, 2] {
        sockets.push(whole.socket_at(&alice[0], replica, "").await.0);
    }
    let write = |person| async move {
        for n in 0..EACH {
            Person::create(person, &n.to_string()).await;
        }
    };
    join_all(alice.iter().map(write)).await;
    // Alice herself is the first event.
    let last = i64::try_from(2 * EACH).unwrap() + 1;
    for socket in &mut sockets {
        for sequence in 2..=last {
            let message = socket.next_json(DEADLINE).await;
            assert_eq!((&message["type"], &message["sequence"]), (&json!("event"), &json!(sequence)));
        }
    }
    for person in &alice {
        assert_eq!(person.numbers(2 * EACH + 1).await, (1..=last).rev().collect::<Vec<_>>());
    }
}

#[tokio::test]
#[ignore = "needs real sidecars"]
async fn two_replicas_of_the_history_record_each_event_once_between_them() {
    let whole = two_of_each().await;
    // Many workspaces, so that each replica has partitions of some.
    let people: Vec<Person> = (0..24).map(|n| whole.person(&format!("user-{n}"))).collect();
    let recorded = |replica| counter(&whole.system, "audit-service", replica, "entries_recorded");
    // The partitions are shared anew some time after the second replica has come.
    eventually(LONG, || async {
        for person in &people {
            person.create("Another").await;
        }
        (recorded(1).await > 0 && recorded(2).await > 0).then_some(())
    })
    .await;
    let expected = whole.number("SELECT count(*) FROM core.outbox").await;
    eventually(DEADLINE, || async { (recorded(1).await + recorded(2).await >= expected).then_some(()) }).await;
    assert_eq!(recorded(1).await + recorded(2).await, expected);
    assert_eq!(whole.number("SELECT count(*) FROM audit.entries").await, expected);
    whole.system.stop().await.unwrap();
}

async fn a_job_is_called_at_one_replica_each_time(whole: &Whole) {
    let sidecar = Client::new(whole.system.sidecar_url("backend-api").unwrap());
    let said = |text: &str| {
        let log = |name| fs::read_to_string(whole.place.data().join(format!("run/{name}.log"))).unwrap();
        ["backend-api", "backend-api-2"].map(|name| log(name).matches(text).count())
    };
    let calls = || said("deleted tasks were purged");
    // Each replica tells the timetable when it starts, in the place of what was there.
    eventually(DEADLINE, || async { (said("a job is scheduled") == [1, 1]).then_some(()) }).await;
    // The daily job, once more each time; a second call of one would be there before the next one's.
    for times in 1..=3 {
        let job = json!({"schedule": "0 0 3 * * *", "dueTime": "1s", "data": {}, "overwrite": true});
        sidecar.post("/v1.0/jobs/purge-deleted-tasks", &job).await.expect(204);
        let made = eventually(DEADLINE, || async { Some(calls().iter().sum::<usize>()).filter(|made| *made >= times) });
        assert_eq!(made.await, times, "{:?}", calls());
    }
}

async fn what_one_replica_hands_out_is_good_at_the_other(whole: &Whole) {
    let [one, two] = REPLICAS.map(|replica| whole.person_at("bob", replica));
    for n in 0..5 {
        one.create(&n.to_string()).await;
    }
    for (seller, replica) in [(&one, 2), (&two, 1)] {
        let ticket = seller.client.post("/api/bob/ws-ticket", &json!({})).await.expect(201).json();
        let url = format!("{}?ticket={}", whole.socket_url_at(replica), ticket["ticket"].as_str().unwrap());
        assert_eq!(Socket::open(&url, &[]).await.unwrap().next_json(DEADLINE).await["type"], "subscribed");
        let again = url.replace(&whole.socket_url_at(replica), &whole.socket_url_at(3 - replica));
        assert_eq!(Socket::open(&again, &[]).await.err().unwrap().as_u16(), 401, "a ticket is good once, wherever");
    }
    // Bob himself and his tasks: the history has enough for two pages.
    two.numbers(6).await;
    for list in ["tasks?", "audit-logs?"] {
        let first = one.client.get(&format!("/api/bob/{list}limit=3")).await.expect(200).json();
        let cursor = first["next_cursor"].as_str().unwrap();
        let rest = two.client.get(&format!("/api/bob/{list}limit=200&cursor={cursor}")).await.expect(200).json();
        let ids = |page: &Value| -> BTreeSet<String> {
            page["items"].as_array().unwrap().iter().map(Value::to_string).collect()
        };
        assert!(ids(&first).len() == 3 && ids(&first).is_disjoint(&ids(&rest)), "{list}");
    }
    let sync = one.client.get("/api/bob/sync?token=*").await.expect(200).json();
    let new = one.create("After").await;
    let path = format!("/api/bob/sync?token={}", sync["token"].as_str().unwrap());
    let since = two.client.get(&path).await.expect(200).json();
    assert_eq!((&since["full"], &since["tasks"][0]["id"]), (&json!(false), &new["id"]));
}

async fn a_request_that_reaches_both_replicas_is_carried_out_once(whole: &Whole) {
    let carol = REPLICAS.map(|replica| whole.person_at("carol", replica));
    let send = |replica: usize, n: usize| {
        let request = carol[replica].client.request("POST".parse().unwrap(), "/api/carol/tasks");
        request.header("idempotency-key", &format!("key-{n}")).json(&json!({"title": n.to_string()})).send()
    };
    let pairs = (0..20).map(|n| async move { (n, join_all([send(0, n), send(1, n)]).await) });
    for (n, answers) in join_all(pairs).await {
        let ids: BTreeSet<String> = join_all([send(0, n), send(1, n)])
            .await
            .into_iter()
            .chain(answers)
            .filter_map(|answer| match answer.status.as_u16() {
                409 => {
                    answer.expect_problem(409, "idempotency_in_flight");
                    None
                }
                _ => Some(answer.expect(201).json()["id"].as_str().unwrap().to_owned()),
            })
            .collect();
        assert_eq!(ids.len(), 1, "key {n} made {ids:?}");
    }
    assert_eq!(whole.number("SELECT count(*) FROM core.tasks WHERE user_id = 'carol'").await, 20);
}

/// A client that goes to the other replica when one does not answer, as a load balancer has it do.
async fn create_somewhere(whole: &Whole, http: &reqwest::Client, first: u8, person: &Person, title: &str) {
    let mut replica = first;
    eventually(DEADLINE, || {
        let url = whole.system.replica_url("backend-api", replica).unwrap() + "/api/alice/tasks";
        replica = 3 - replica;
        let request = http.post(url).bearer_auth(&person.token).header("idempotency-key", title);
        let request = request.header("content-type", "application/json").body(json!({"title": title}).to_string());
        async move {
            let status = request.send().await.ok()?.status();
            assert!([201, 409, 503].contains(&status.as_u16()), "{status}");
            (status == 201).then_some(())
        }
    })
    .await;
}

#[tokio::test]
#[ignore = "needs real sidecars"]
async fn a_rolling_restart_under_load_loses_nothing() {
    let whole = two_of_each().await;
    let (alice, http) = (whole.person_at("alice", 1), standalone::loopback_client().unwrap());
    let first = alice.create("First").await;
    let rolled = AtomicBool::new(false);
    let write = |replica: u8| {
        let (whole, alice, http, rolled) = (&whole, &alice, &http, &rolled);
        async move {
            let mut written = 0;
            while !rolled.load(Ordering::Relaxed) {
                create_somewhere(whole, http, replica, alice, &format!("{replica}-{written}")).await;
                written += 1;
            }
            written
        }
    };
    let roll = async {
        for (app, replica) in APPS.iter().flat_map(|app| REPLICAS.map(|replica| (app, replica))) {
            let name = if replica == 1 { (*app).to_owned() } else { format!("{app}-{replica}") };
            for program in [format!("{name}-daprd"), name] {
                restart(&whole, &program).await;
            }
            let url = whole.system.replica_url(app, replica).unwrap() + "/readyz";
            eventually(LONG, || async { http.get(&url).send().await.ok().filter(|answer| answer.status() == 200) })
                .await;
        }
        rolled.store(true, Ordering::Relaxed);
    };
    let (one, two, ()) = tokio::join!(write(1), write(2), roll);
    // Alice herself, her first task, and all the others.
    let last = 2 + one + two;
    let numbers =
        eventually(LONG, || async { Some(alice.numbers(0).await).filter(|numbers| numbers.len() >= last) }).await;
    assert_eq!(numbers, (1..=i64::try_from(last).unwrap()).rev().collect::<Vec<_>>());
    assert!(one + two > 10, "{one} and {two} tasks were written, after {first}");
    whole.system.stop().await.unwrap();
}

/// Ends a program in order, and waits until it was started again.
async fn restart(whole: &Whole, program: &str) {
    let file = whole.place.data().join(format!("run/{program}.pid"));
    let pid = || fs::read_to_string(&file).ok()?.trim().parse::<u32>().ok();
    let before = pid().unwrap();
    send("TERM", before);
    eventually(LONG, || async { pid().filter(|now| *now != before) }).await;
}
