//! The replicas of backend-api are started anew one by one while people write: `cargo test whole::rolling -- --ignored`.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU8;
use std::time::Duration;

use futures::future::join_all;
use serde_json::json;
use standalone::Sidecars;
use testkit::eventually;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::end_to_end::{DEADLINE, Person, Whole};
use crate::launched::send;

/// One task every 20 ms: 50 in a second.
const BETWEEN_WRITES: Duration = Duration::from_millis(20);
/// Who write them, in turn.
const PEOPLE: usize = 10;
/// How often the balancer asks who is ready.
const LOOK: Duration = Duration::from_millis(200);
/// How long all of it may take once the system runs.
const LIMIT: Duration = Duration::from_mins(1);

/// Hands each new connection to the next replica that says that it is ready, as a Service of Kubernetes does. Connections that are there stay
/// where they are.
struct Balancer {
    address: SocketAddr,
    ready: watch::Receiver<Vec<SocketAddr>>,
}

impl Balancer {
    async fn before(replicas: Vec<SocketAddr>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (told, ready) = watch::channel(Vec::new());
        tokio::spawn(look(replicas, told));
        let choice = ready.clone();
        tokio::spawn(async move {
            for turn in 0.. {
                let (mut client, _) = listener.accept().await.unwrap();
                let replicas = choice.borrow().clone();
                // Whoever is not led anywhere is hung up on, and fails.
                let Some(replica) = replicas.get(turn % replicas.len().max(1)).copied() else { continue };
                tokio::spawn(async move {
                    let mut server = TcpStream::connect(replica).await?;
                    copy_bidirectional(&mut client, &mut server).await
                });
            }
        });
        Self { address, ready }
    }

    /// Waits until so many are ready.
    async fn sees(&self, count: usize) {
        let mut ready = self.ready.clone();
        timeout(LIMIT, ready.wait_for(|ready| ready.len() == count)).await.expect("in time").unwrap();
    }
}

async fn look(replicas: Vec<SocketAddr>, told: watch::Sender<Vec<SocketAddr>>) {
    let http = standalone::loopback_client().unwrap();
    while !told.is_closed() {
        let answers = replicas.iter().map(|replica| http.get(format!("http://{replica}/readyz")).send());
        let answers = join_all(answers).await;
        let ready = replicas.iter().zip(answers).filter(|(_, answer)| answer.as_ref().is_ok_and(|a| a.status() == 200));
        let ready: Vec<_> = ready.map(|(replica, _)| *replica).collect();
        told.send_if_modified(|before| std::mem::replace(before, ready.clone()) != ready);
        sleep(LOOK).await;
    }
}

/// What became of the writes.
#[derive(Default)]
struct Written {
    tasks: usize,
    failures: Vec<String>,
    slowest: Duration,
}

/// Writes whether or not the last one was answered, until `stop`. No write is tried again.
async fn write(address: SocketAddr, people: &[Person], stop: CancellationToken) -> Written {
    // A pool of connections for each of them.
    let clients: Vec<_> = people.iter().map(|_| standalone::loopback_client().unwrap()).collect();
    let (mut under_way, mut ticks, mut written) = (JoinSet::new(), interval(BETWEEN_WRITES), Written::default());
    for n in 0.. {
        if stop.run_until_cancelled(ticks.tick()).await.is_none() {
            break;
        }
        let (person, http) = (&people[n % people.len()], &clients[n % people.len()]);
        let request = http.post(format!("http://{address}/api/{}/tasks", person.id)).bearer_auth(&person.token);
        let request =
            request.header("content-type", "application/json").body(json!({"title": n.to_string()}).to_string());
        under_way.spawn(async move {
            let begun = Instant::now();
            let answer = request.send().await.map(|answer| answer.status().as_u16());
            (answer, begun.elapsed())
        });
    }
    while let Some(ended) = under_way.join_next().await {
        let (answer, took) = ended.unwrap();
        written.slowest = written.slowest.max(took);
        match answer {
            Ok(201) => written.tasks += 1,
            other => written.failures.push(format!("{other:?}")),
        }
    }
    written
}

/// Asks a service and its sidecar to end at the same moment, as it happens to the containers of a pod, and waits until both were started again.
async fn restart(whole: &Whole, name: &str) {
    let pid = |program: &str| {
        let file = whole.place.data().join(format!("run/{program}.pid"));
        fs::read_to_string(file).ok()?.trim().parse::<u32>().ok()
    };
    let programs = [name.to_owned(), format!("{name}-daprd")];
    let before = programs.each_ref().map(|program| pid(program).unwrap());
    for pid in before {
        send("TERM", pid);
    }
    for (program, before) in programs.iter().zip(before) {
        eventually(LIMIT, || async { pid(program).filter(|now| *now != before) }).await;
    }
}

#[tokio::test]
#[ignore = "needs real sidecars"]
async fn replicas_of_the_api_are_started_anew_without_anybody_noticing() {
    let settings = [("LAME_DUCK_SECONDS", "1"), ("RUST_LOG", "warn")];
    let whole = Whole::start_with(Sidecars::Daprd, NonZeroU8::new(2).unwrap(), &settings).await;
    let address = |replica| whole.system.replica_url("backend-api", replica).unwrap().replace("http://", "");
    let balancer = Balancer::before([1, 2].map(|replica| address(replica).parse().unwrap()).to_vec()).await;
    balancer.sees(2).await;
    let people: Vec<Person> = (0..PEOPLE).map(|n| whole.person(&format!("person-{n}"))).collect();
    let (mut socket, _) = whole.socket_at(&people[0], 1, "").await;

    let (begun, stop) = (Instant::now(), CancellationToken::new());
    let roll = async {
        for name in ["backend-api", "backend-api-2"] {
            tokio::join!(restart(&whole, name), balancer.sees(1));
            balancer.sees(2).await;
        }
        stop.cancel();
    };
    let (written, ()) = timeout(LIMIT, async { tokio::join!(write(balancer.address, &people, stop.clone()), roll) })
        .await
        .expect("both are started anew in time");
    let Written { tasks, failures, slowest } = written;
    let took = begun.elapsed();
    println!("{tasks} tasks in {took:?}, the slowest in {slowest:?}; {} failures", failures.len());
    assert!(failures.is_empty(), "{} of {} failed: {:?}", failures.len(), tasks + failures.len(), failures[0]);
    assert!(tasks > 100, "only {tasks} tasks were written");

    let expected = i64::try_from(tasks).unwrap();
    let recorded = "SELECT count(*) FROM audit.entries WHERE event_type = 'task.created'";
    eventually(LIMIT, || async { (whole.number(recorded).await >= expected).then_some(()) }).await;
    for (what, sql) in [
        ("tasks", "SELECT count(*) FROM core.tasks"),
        ("entries", recorded),
        (
            "different tasks in them",
            "SELECT count(DISTINCT task_id) FROM audit.entries WHERE event_type = 'task.created'",
        ),
        (
            "tasks that are in the history",
            "SELECT count(*) FROM core.tasks task JOIN audit.entries ON task_id = task.id",
        ),
    ] {
        assert_eq!(whole.number(sql).await, expected, "{what}");
    }
    // The first event is the person.
    let last = 1 + whole.number("SELECT count(*) FROM core.tasks WHERE user_id = 'person-0'").await;
    for sequence in 2..=last {
        assert_eq!(socket.next_json(DEADLINE).await["sequence"], sequence, "in order, without a gap");
    }
    whole.system.stop().await.unwrap();
}
