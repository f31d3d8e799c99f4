//! A mailbox that does not answer costs nobody else anything.

use serde_json::json;
use testkit::{MailServer, eventually};
use uuid::Uuid;

use crate::fact::created;
use crate::mails::with_mail;
use crate::service::{DEADLINE, Service};

/// More than can be under way at a time.
const MANY: u128 = 20;

/// `user_id` is reminded at that hour and minute, by e-mail, of the `n`th task.
async fn remind(service: &Service, user_id: &str, n: u128, time: &str) {
    let reminders = json!([{"at": format!("2026-01-31T{time}:00Z"), "channels": ["email"]}]);
    let members = json!({"id": Uuid::from_u128(n), "user_id": user_id, "reporter": user_id, "reminders": reminders});
    service.learn(&created(n, members)).await;
}

/// It is that hour and minute, and the sidecar rings.
async fn ring(service: &Service, time: &str) {
    service.is(time);
    assert_eq!(service.post("/job/digest", &json!({})).await.0, 200);
}

#[tokio::test]
async fn a_mailbox_that_does_not_answer_holds_up_nobody_elses_mail() {
    let server = MailServer::start().await;
    let service = with_mail(&server, &["silent-99", "alice"]).await;
    for n in 1..=MANY {
        remind(&service, "silent-99", n, "10:00").await;
    }
    remind(&service, "alice", MANY + 1, "10:01").await;
    ring(&service, "10:00").await;
    let begun = "SELECT least(count(*), 1) FROM notification.deliveries WHERE claimed_until IS NOT NULL";
    eventually(DEADLINE, || async { (service.number(begun).await == 1).then_some(()) }).await;
    ring(&service, "10:01").await;
    server.expect_to("alice@example.org", 1).await;
    let given_up = "SELECT count(*) FROM notification.deliveries WHERE detail IS NOT NULL";
    assert_eq!(service.number(given_up).await, 0, "it waited until the others had been given up");
}
