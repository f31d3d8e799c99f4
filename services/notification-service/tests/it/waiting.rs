//! E-mail that waits for the end of quiet hours, and what becomes of it when the task changes meanwhile.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{MailServer, eventually};
use uuid::Uuid;

use crate::fact::{changed, created};
use crate::mails::with_mail;
use crate::service::{DEADLINE, Service};

/// A reminder of Alice, whose mail waits from ten until half past eleven.
struct Waiting {
    server: MailServer,
    service: Service,
    task: Value,
}

impl Waiting {
    async fn start(members: Value) -> Self {
        let server = MailServer::start().await;
        let service = with_mail(&server, &["alice", "bob"]).await;
        for user_id in ["alice", "bob"] {
            // By the clock of Berlin, which is an hour ahead.
            let quiet = json!({"user_id": user_id, "changes": {"quiet_hours": {"from": "11:00", "to": "12:30"}}});
            assert_eq!(service.ask(Method::PATCH, "/internal/preferences", Some(&quiet)).await.0, 200);
        }
        let mut task = created(
            1,
            json!({"due_date": "2026-01-31T11:00:00Z", "reminders": [{"before": "PT1H", "channels": ["email"]}]}),
        );
        task["task_data"].as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        service.learn(&task).await;
        service.is("10:00");
        service.ring(&service.reminder().await).await;
        let waits = "SELECT count(*) FROM notification.deliveries WHERE status = 'pending'";
        eventually(DEADLINE, || async { (service.number(waits).await > 0).then_some(()) }).await;
        Self { server, service, task }
    }

    /// Alice chooses otherwise.
    async fn choose(&self, changes: Value) {
        let changes = json!({"user_id": "alice", "changes": changes});
        assert_eq!(self.service.ask(Method::PATCH, "/internal/preferences", Some(&changes)).await.0, 200);
    }

    /// The quiet hours end, and something makes the service look.
    async fn end(&self) {
        self.service.is("11:30");
        self.ring().await;
    }

    /// A reminder of another task is due now, and so the service looks at what is to leave.
    async fn ring(&self) {
        let other =
            json!({"id": Uuid::from_u128(2), "reminders": [{"at": "2026-01-31T10:00:00Z", "channels": ["in_app"]}]});
        let heard = self.service.list("alice").await.len();
        self.service.learn(&created(2, other)).await;
        self.service.lists("alice", heard + 1).await;
    }

    /// How the mails ended, when none waits any more.
    async fn ended(&self) -> i64 {
        let (pending, skipped) = ("status = 'pending'", "status = 'skipped' AND attempts = 1");
        let count =
            |which: &str| format!("SELECT count(*) FROM notification.deliveries WHERE channel = 'email' AND {which}");
        eventually(DEADLINE, || async { (self.service.number(&count(pending)).await == 0).then_some(()) }).await;
        self.service.number(&count(skipped)).await
    }

    /// The reminder whose mail waited.
    async fn reminder(&self) -> Value {
        let all = self.service.reminders().await;
        all.into_iter().find(|reminder| reminder["task_id"] == self.task["task_data"]["id"]).unwrap()
    }
}

#[tokio::test]
async fn what_is_done_meanwhile_is_not_told() {
    for arrives in [true, false] {
        let waiting = Waiting::start(json!({})).await;
        let done = changed(3, &waiting.task, "task.completed", "10:30", json!({"completed": true}));
        // Or the event is still on its way, and backend-api knows already.
        waiting.service.backend.knows(&done);
        if arrives {
            waiting.service.learn(&done).await;
        }
        waiting.end().await;
        assert_eq!(waiting.ended().await, 1, "{arrives}");
        assert!(waiting.server.mails().is_empty(), "{arrives}");
        let reminder = waiting.reminder().await;
        assert_eq!((&reminder["status"], &reminder["reason"]), (&json!("cancelled"), &json!("completed")), "{arrives}");
        let told = waiting.service.told_types().await;
        assert_eq!(told.iter().filter(|told| *told == "reminder.cancelled").count(), 1, "{told:?}");
        assert!(!told.contains(&"reminder.failed".to_owned()), "{told:?}");
    }
}

#[tokio::test]
async fn one_that_moves_meanwhile_is_told_at_its_new_moment_alone() {
    let waiting = Waiting::start(json!({})).await;
    let service = &waiting.service;
    let moved = changed(3, &waiting.task, "task.updated", "10:30", json!({"due_date": "2026-01-31T13:00:00Z"}));
    service.learn(&moved).await;
    waiting.end().await;
    assert_eq!(waiting.ended().await, 1);
    assert!(waiting.server.mails().is_empty());
    service.is("12:00");
    service.ring(&waiting.reminder().await).await;
    let mail = waiting.server.expect_to("alice@example.org", 1).await.remove(0);
    assert!(mail.text().contains("14:00 (Europe/Berlin)"), "{}", mail.text());
}

#[tokio::test]
async fn whoever_may_not_see_it_any_more_is_not_told() {
    let waiting = Waiting::start(json!({"assignee": "bob"})).await;
    waiting.service.backend.shut_out("bob");
    waiting.end().await;
    waiting.server.expect_to("alice@example.org", 1).await;
    assert_eq!(waiting.ended().await, 1);
    assert_eq!(waiting.server.mails().len(), 1);
    let bob = waiting.service.list("bob").await;
    assert!(bob.iter().all(|told| told["kind"] == "task_assigned"), "nor that he was not: {bob:?}");
    let reminder = waiting.reminder().await;
    assert_eq!((&reminder["status"], &reminder["results"][1]["status"]), (&json!("sent"), &json!("skipped")));

    let waiting = Waiting::start(json!({})).await;
    waiting.service.backend.shut_out("alice");
    waiting.service.is("11:30");
    let of_bob = json!({
        "id": Uuid::from_u128(2), "user_id": "bob", "reporter": "bob", "reminders": [{"at": "2026-01-31T10:00:00Z", "channels": ["in_app"]}],
    });
    waiting.service.learn(&created(2, of_bob)).await;
    assert_eq!(waiting.ended().await, 1);
    assert!(waiting.server.mails().is_empty() && waiting.service.list("alice").await.is_empty());
    let reminder = waiting.reminder().await;
    assert_eq!((&reminder["status"], &reminder["reason"]), (&json!("cancelled"), &json!("nobody may see the task")));
}

#[tokio::test]
async fn who_does_not_want_it_any_more_is_not_told() {
    let waiting = Waiting::start(json!({})).await;
    waiting.choose(json!({"events": {"reminder": {"email": false}}})).await;
    waiting.end().await;
    assert_eq!(waiting.ended().await, 1);
    assert!(waiting.server.mails().is_empty());
    let result = json!({"user_id": "alice", "channel": "email", "status": "skipped", "detail": "switched off"});
    assert_eq!(waiting.reminder().await["results"], json!([result]));
}

#[tokio::test]
async fn when_there_are_no_quiet_hours_any_more_what_waited_leaves() {
    let waiting = Waiting::start(json!({})).await;
    waiting.choose(json!({"quiet_hours": null})).await;
    waiting.server.expect_to("alice@example.org", 1).await;
}

#[tokio::test]
async fn what_was_tried_before_it_became_quiet_leaves_too() {
    let waiting = Waiting::start(json!({})).await;
    // A provider put it off until a moment after ten, when it was quiet.
    let tried =
        "WITH tried AS (UPDATE notification.deliveries SET attempts = 1 RETURNING id) SELECT count(*) FROM tried";
    assert_eq!(waiting.service.number(tried).await, 1);
    waiting.choose(json!({"quiet_hours": null})).await;
    waiting.server.expect_to("alice@example.org", 1).await;
}

#[tokio::test]
async fn when_quiet_hours_last_longer_than_they_did_it_waits_longer() {
    let waiting = Waiting::start(json!({})).await;
    let until = async |time: &str| {
        let waits = format!(
            "SELECT count(*) FROM notification.deliveries WHERE status = 'pending' AND claimed_until IS NULL \
             AND attempts = 0 AND not_before = '2026-01-31T{time}:00Z'"
        );
        eventually(DEADLINE, || async { (waiting.service.number(&waits).await == 1).then_some(()) }).await;
    };
    until("11:30").await;
    // The clock of London is an hour behind that of Berlin.
    waiting.choose(json!({"timezone": "Europe/London", "quiet_hours": {"from": "10:00", "to": "12:30"}})).await;
    until("12:30").await;
    waiting.service.is("11:30");
    waiting.ring().await;
    assert!(waiting.server.mails().is_empty());
    waiting.choose(json!({"quiet_hours": {"from": "10:00", "to": "11:00"}})).await;
    waiting.server.expect_to("alice@example.org", 1).await;
}

#[tokio::test]
async fn while_nobody_says_whether_it_may_leave_it_waits_on() {
    let Waiting { server, mut service, .. } = Waiting::start(json!({})).await;
    service.backend.is_away(true);
    let asked = service.backend.questions();
    // It looks when it starts.
    service.away(async |service| service.is("11:30")).await;
    eventually(DEADLINE, || async { (service.backend.questions() > asked).then_some(()) }).await;
    let waits = "SELECT count(*) FROM notification.deliveries WHERE status = 'pending' AND claimed_until IS NULL AND attempts = 0";
    eventually(DEADLINE, || async { (service.number(waits).await == 1).then_some(()) }).await;
    assert!(server.mails().is_empty());
    service.backend.is_away(false);
    service.clock.advance(TimeDelta::minutes(1));
    server.expect_to("alice@example.org", 1).await;
    service.becomes("sent").await;
}
