//! A process that is killed or stands still takes nothing with it.

use platform::database::begin;
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use testkit::{MailServer, Proxy, eventually};

use crate::fact::{changed, created};
use crate::mails::with_mail;
use crate::service::{DEADLINE, Service, nobody};

fn at_ten(channel: &str) -> Value {
    created(1, json!({"reminders": [{"at": "2026-01-31T10:00:00Z", "channels": [channel]}]}))
}

#[tokio::test]
async fn one_that_stands_still_while_it_asks_who_may_be_told_holds_up_nobody() {
    let service = Service::start().await;
    service.backend.is_silent(true);
    let event = at_ten("in_app");
    service.learn(&event).await;
    service.is("10:00");
    service.ring(&service.reminder().await).await;
    eventually(DEADLINE, || async { (service.backend.questions() > 0).then_some(()) }).await;
    let proxy = Proxy::to(&service.database.url()).await;
    let (_other, backend) = service.beside(&proxy, &["alice", "bob"]).await;
    backend.knows(&event);
    // What changes meanwhile is not held up either.
    let renamed = changed(2, &event, "task.updated", "09:05", json!({"title": "Water the flowers"}));
    service.learn(&renamed).await;
    backend.knows(&renamed);
    service.becomes("sent").await;
    service.backend.is_silent(false);
    // It has looked again, and found nothing to do.
    service.learn(&created(3, json!({"id": nobody(), "assignee": "bob"}))).await;
    service.lists("bob", 1).await;
    assert_eq!(service.list("alice").await.len(), 1);
}

#[tokio::test]
async fn what_somebody_did_is_told_by_another_while_one_stands_still() {
    let service = Service::start().await;
    service.backend.is_silent(true);
    let event = created(1, json!({"assignee": "bob"}));
    service.learn(&event).await;
    eventually(DEADLINE, || async { (service.backend.questions() > 0).then_some(()) }).await;
    let proxy = Proxy::to(&service.database.url()).await;
    let (_other, backend) = service.beside(&proxy, &["alice", "bob"]).await;
    backend.knows(&event);
    service.lists("bob", 1).await;
    service.backend.is_silent(false);
    service.learn(&created(2, json!({"id": nobody(), "assignee": "bob"}))).await;
    assert_eq!(service.lists("bob", 2).await.len(), 2);
}

#[tokio::test]
async fn one_that_is_killed_or_freezes_while_it_stores_messages_frees_what_it_held() {
    for is_killed in [true, false] {
        let mut service = Service::start().await;
        let event = at_ten("in_app");
        service.learn(&event).await;
        let proxy = Proxy::to(&service.database.url()).await;
        let mut other = None;
        service
            .away(async |service| {
                service.is("10:00");
                // Nobody can store events for now, which comes last.
                let owner = service.database.connect_as_owner().await;
                let obstacle = begin(&owner).await.unwrap();
                obstacle.execute_unprepared("LOCK TABLE notification.outbox IN SHARE MODE").await.unwrap();
                let (replica, backend) = service.beside(&proxy, &["alice"]).await;
                backend.knows(&event);
                let waits =
                    "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'notification.outbox'::regclass";
                eventually(DEADLINE, || async { (service.number(waits).await > 0).then_some(()) }).await;
                if is_killed {
                    proxy.cut();
                } else {
                    proxy.forget();
                }
                obstacle.rollback().await.unwrap();
                other = Some((replica, backend));
            })
            .await;
        service.becomes("sent").await;
        assert_eq!(service.list("alice").await.len(), 1, "{is_killed}");
        let told = service.told_types().await;
        assert_eq!(told, ["reminder.scheduled", "notification.created", "reminder.sent"], "{is_killed}");
    }
}

#[tokio::test]
async fn a_message_of_one_that_is_killed_leaves_by_another_in_a_moment() {
    let server = MailServer::start().await;
    let mut service = with_mail(&server, &["silent-1", "bob"]).await;
    let mut event = at_ten("email");
    event["task_data"]["user_id"] = json!("silent-1");
    event["task_data"]["reporter"] = json!("silent-1");
    service.learn(&event).await;
    let proxy = Proxy::to(&service.database.url()).await;
    let mut other = None;
    service
        .away(async |service| {
            service.is("10:00");
            let (replica, backend) = service.beside(&proxy, &["silent-1"]).await;
            backend.knows(&event);
            // It has begun to send, and the mail server says nothing.
            let begun = "SELECT count(*) FROM notification.deliveries WHERE attempts = 1 AND claimed_until IS NOT NULL";
            eventually(DEADLINE, || async { (service.number(begun).await == 1).then_some(()) }).await;
            other = Some(replica);
        })
        .await;
    // As long as it lives nobody else sends it: it says so again and again.
    let until = "SELECT (extract(epoch FROM max(claimed_until)) * 1000)::bigint FROM notification.deliveries WHERE attempts = 1";
    let first = service.number(until).await;
    eventually(DEADLINE, || async { (service.number(until).await >= first + 4_000).then_some(()) }).await;
    assert!(server.mails().is_empty());
    proxy.cut();
    server.expect_to("silent-1@example.org", 1).await;
    service.becomes("sent").await;
    assert_eq!(server.mails().len(), 1);
}
