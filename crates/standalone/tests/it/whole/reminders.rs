//! A reminder from the request that asks for it to the mail, the socket, the history and the list.

use std::num::NonZeroU8;
use std::time::Duration;

use chrono::{SecondsFormat, TimeDelta};
use platform::clock::Clock;
use platform::database::begin;
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use standalone::Sidecars;
use testkit::http::Client;
use testkit::socket::Socket;
use testkit::{MailServer, eventually};

use super::end_to_end::{DEADLINE, Person, Whole};

/// How long it may take to hand 200 mails over on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// The settings by which e-mail leaves.
fn mail(server: &MailServer) -> Vec<(&'static str, String)> {
    vec![("SMTP_URL", server.url()), ("EMAIL_FROM", "Tidings <tidings@example.org>".to_owned())]
}

async fn start(server: &MailServer) -> Whole {
    let settings = mail(server);
    Whole::start_as_told(&settings.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>()).await
}

/// Somebody with an e-mail address.
async fn register(whole: &Whole, name: &str) -> Person {
    let newcomer = json!({
        "email": format!("{name}@example.org"), "password": "correct horse battery staple", "first_name": name, "last_name": "Liddell",
        "timezone": "Europe/Berlin",
    });
    let anyone = Client::new(whole.system.base_url("backend-api").unwrap());
    let registered = anyone.post("/api/auth/register", &newcomer).await.expect(201).json();
    let (id, token) =
        (registered["user"]["id"].as_str().unwrap().to_owned(), registered["access_token"].as_str().unwrap());
    Person { id, token: token.to_owned(), client: anyone.with_token(token) }
}

/// So many seconds from now.
fn soon(seconds: i64) -> String {
    (Clock::system().now() + TimeDelta::seconds(seconds)).to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// The next thing that the socket is told beside what has a number.
async fn next_beside(socket: &mut Socket) -> Value {
    loop {
        let message = socket.next_json(DEADLINE).await;
        if message["sequence"] == 0 {
            return message["event"].clone();
        }
    }
}

#[tokio::test]
async fn a_reminder_reaches_the_mailbox_the_socket_the_history_and_the_list_once() {
    let server = MailServer::start().await;
    let whole = start(&server).await;
    let alice = register(&whole, "alice").await;
    let mut socket = whole.socket(&alice).await;
    // From here on the socket misses nothing.
    alice.create("Something before").await;
    assert_eq!(socket.next_json(DEADLINE).await["event"]["event_type"], "task.created");

    let tasks = format!("/api/{}/tasks", alice.id);
    let body = json!({"title": "Call Bob", "due_date": soon(10), "reminders": [{"before": "PT5S"}]});
    let task = alice.client.post(&tasks, &body).await.expect(201).json();
    let task_id = task["id"].as_str().unwrap();
    for event_type in ["reminder.scheduled", "notification.created", "reminder.sent"] {
        let event = next_beside(&mut socket).await;
        assert_eq!((&event["event_type"], &event["data"]["task_id"]), (&json!(event_type), &task["id"]), "{event}");
    }
    let mails = server.expect_to("alice@example.org", 1).await;
    assert_eq!((mails.len(), mails[0].header("Subject")), (1, "Reminder: Call Bob"));

    let reminders =
        alice.client.get(&format!("/api/{}/reminders?task_id={task_id}", alice.id)).await.expect(200).json();
    let reminder = &reminders["items"][0];
    assert_eq!((&reminder["status"], &reminder["late"]), (&json!("sent"), &json!(false)), "{reminder}");
    assert!(reminder["sent_at"].as_str() >= reminder["fire_at"].as_str(), "{reminder}");
    let recorded = alice.history(&task, 4).await;
    assert!(recorded.contains(&"reminder.sent".to_owned()), "{recorded:?}");

    let list = format!("/api/{}/notifications", alice.id);
    let page = alice.client.get(&format!("{list}?unread=true")).await.expect(200).json();
    assert_eq!((&page["unread"], &page["items"][0]["title"]), (&json!(1), &json!("Reminder: Call Bob")), "{page}");
    alice
        .client
        .post(&format!("{list}/{}/read", page["items"][0]["id"].as_str().unwrap()), &json!({}))
        .await
        .expect(204);
    assert_eq!(alice.client.get(&list).await.expect(200).json()["unread"], 0);
    whole.system.stop().await.unwrap();
}

#[tokio::test]
async fn whoever_follows_the_link_in_a_mail_gets_no_more_of_them() {
    let server = MailServer::start().await;
    let whole = start(&server).await;
    let alice = register(&whole, "alice").await;
    let tasks = format!("/api/{}/tasks", alice.id);
    let remind =
        |seconds| json!({"title": "Stretch", "reminders": [{"at": soon(seconds), "channels": ["email", "in_app"]}]});
    alice.client.post(&tasks, &remind(3)).await.expect(201);
    let mail = server.expect_to("alice@example.org", 1).await.remove(0);
    let link = mail.header("List-Unsubscribe").trim_matches(['<', '>']).to_owned();
    let path = &link[link.find("/api/unsubscribe/").unwrap()..];
    let anyone = Client::new(whole.system.base_url("backend-api").unwrap());
    // A program that looks at every link changes nothing.
    anyone.get(path).await.expect(200);
    let chosen = |client: Client| {
        let path = format!("/api/{}/notification-preferences", alice.id);
        async move { client.get(&path).await.expect(200).json()["events"]["reminder"]["email"].clone() }
    };
    assert_eq!(chosen(alice.client.clone()).await, true);
    anyone.post(path, &json!({})).await.expect(200);
    assert_eq!(chosen(alice.client.clone()).await, false);

    let task = alice.client.post(&tasks, &remind(3)).await.expect(201).json();
    let path = format!("/api/{}/reminders?task_id={}", alice.id, task["id"].as_str().unwrap());
    let results = eventually(DEADLINE, || async {
        let page = alice.client.get(&path).await.expect(200).json();
        (page["items"][0]["status"] == "sent").then(|| page["items"][0]["results"].clone())
    })
    .await;
    assert_eq!(
        (&results[0]["status"], &results[0]["detail"]),
        (&json!("skipped"), &json!("switched off")),
        "{results}"
    );
    assert_eq!(server.mails().len(), 1);
    whole.system.stop().await.unwrap();
}

#[tokio::test]
async fn one_that_is_cancelled_while_the_sidecar_is_told_of_it_leaves_no_job() {
    let whole = Whole::start_with(Sidecars::Embedded, NonZeroU8::MIN, &[]).await;
    let alice = whole.person("alice");
    let one = async |sql: &str| eventually(DEADLINE, || async { (whole.number(sql).await == 1).then_some(()) }).await;
    one("SELECT count(*) FROM sidecar.jobs WHERE name = 'digest'").await;
    // The sidecar stores no jobs for now.
    let owner = whole.owner().await;
    let obstacle = begin(&owner).await.unwrap();
    obstacle.execute_unprepared("LOCK TABLE sidecar.jobs IN SHARE MODE").await.unwrap();
    let tasks = format!("/api/{}/tasks", alice.id);
    let body = json!({"title": "Call Bob", "reminders": [{"at": soon(3_600), "channels": ["in_app"]}]});
    let task = alice.client.post(&tasks, &body).await.expect(201).json();
    one("SELECT count(*) FROM notification.reminders WHERE status = 'scheduled'").await;
    one("SELECT least(count(*), 1) FROM pg_locks WHERE NOT granted AND relation = 'sidecar.jobs'::regclass").await;
    alice.client.post(&format!("{tasks}/{}/complete", task["id"].as_str().unwrap()), &json!({})).await.expect(200);
    one("SELECT count(*) FROM notification.reminders WHERE status = 'cancelled' AND job_version IS NULL").await;
    obstacle.rollback().await.unwrap();
    one("SELECT count(*) FROM notification.reminders WHERE job_version = version").await;
    assert_eq!(whole.number("SELECT count(*) FROM sidecar.jobs WHERE name LIKE 'reminder-%'").await, 0);
    whole.system.stop().await.unwrap();
}

#[tokio::test]
async fn reminders_of_one_moment_are_all_sent_once_by_any_number_of_replicas() {
    let server = MailServer::start().await;
    let whole = start(&server).await;
    let alice = register(&whole, "alice").await;
    let at = soon(10);
    for n in 0..4 {
        let reminders: Vec<Value> = (0..50).map(|_| json!({ "at": at })).collect();
        let body = json!({"title": format!("Number {n}"), "reminders": reminders});
        alice.client.post(&format!("/api/{}/tasks", alice.id), &body).await.expect(201);
    }
    let (list, reminders) =
        (format!("/api/{}/notifications", alice.id), format!("/api/{}/reminders?status=scheduled", alice.id));
    eventually(PATIENCE, || async {
        let told = alice.client.get(&list).await.expect(200).json()["unread"] == 200;
        let waiting = alice.client.get(&reminders).await.expect(200).json();
        (told && waiting["items"].as_array().unwrap().is_empty()).then_some(())
    })
    .await;
    let mails = server.mails();
    let mut names: Vec<&str> = mails.iter().map(|mail| mail.header("Message-ID")).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!((names.len(), mails.len()), (200, 200));
    let told = "SELECT count(*) FROM notification.notifications WHERE in_app";
    assert_eq!(whole.number(told).await, 200);
    whole.system.stop().await.unwrap();
}
