//! What leaves by e-mail, as a real mail server receives it.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{MailServer, eventually};

use crate::fact::created;
use crate::service::{DEADLINE, Service, payload_of};

pub(crate) async fn with_mail(server: &MailServer, members: &[&str]) -> Service {
    let settings = [
        ("SMTP_URL", server.url()),
        ("EMAIL_FROM", "Tidings <tidings@example.org>".to_owned()),
        ("NOTIFICATION_SECRET", "0123456789abcdef0123456789abcdef".to_owned()),
    ];
    Service::start_with(members, &settings.each_ref().map(|(name, value)| (*name, value.as_str()))).await
}

/// A reminder at ten, through these channels.
fn at_ten(n: u128, channels: &Value) -> Value {
    let id = uuid::Uuid::from_u128(n);
    created(
        n,
        json!({"id": id, "reminders": [{"at": "2026-01-31T10:00:00Z", "channels": channels}], "due_date": "2026-01-31T11:00:00Z"}),
    )
}

#[tokio::test]
async fn a_reminder_without_channels_goes_by_e_mail_and_into_the_application() {
    let server = MailServer::start().await;
    let service = with_mail(&server, &["alice"]).await;
    service
        .learn(&created(1, json!({"reminders": [{"at": "2026-01-31T10:00:00Z"}], "due_date": "2026-01-31T11:00:00Z"})))
        .await;
    service.is("10:00");
    service.ring(&service.reminder().await).await;
    let mail = server.expect_to("alice@example.org", 1).await.remove(0);
    assert_eq!(mail.header("Subject"), "Reminder: Water the plants");
    assert!(mail.text().contains("Saturday 31 January 2026, 12:00 (Europe/Berlin)"), "{}", mail.text());
    let sent = service.becomes("sent").await;
    let results = json!([
        {"user_id": "alice", "channel": "email", "status": "sent"}, {"user_id": "alice", "channel": "in_app", "status": "sent"},
    ]);
    assert_eq!(sent["results"], results);
    assert_eq!(service.told_types().await, ["reminder.scheduled", "notification.created", "reminder.sent"]);
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn what_the_server_cannot_take_now_is_tried_again_under_the_same_name() {
    let server = MailServer::start().await;
    let service = with_mail(&server, &["busy-2"]).await;
    let mut event = at_ten(1, &json!(["email"]));
    event["task_data"]["user_id"] = json!("busy-2");
    event["task_data"]["reporter"] = json!("busy-2");
    service.learn(&event).await;
    service.is("10:00");
    let bell = service.reminder().await;
    service.post("/jobs/reminder", &payload_of("busy-2", &bell)).await;
    for attempt in 1..=2 {
        let waits = "SELECT coalesce(max(attempts), 0)::bigint FROM notification.deliveries WHERE status = 'pending' AND claimed_until IS NULL";
        eventually(DEADLINE, || async { (service.number(waits).await == attempt).then_some(()) }).await;
        service.clock.advance(TimeDelta::minutes(1));
    }
    service.becomes("sent").await;
    assert_eq!(server.mails_to("busy-2@example.org").len(), 1);
}

#[tokio::test]
async fn what_is_refused_for_good_is_told_in_the_application() {
    let server = MailServer::start().await;
    let service = with_mail(&server, &["refused"]).await;
    let mut event = at_ten(1, &json!(["email", "in_app"]));
    event["task_data"]["user_id"] = json!("refused");
    event["task_data"]["reporter"] = json!("refused");
    service.learn(&event).await;
    service.is("10:00");
    let bell = service.reminder().await;
    service.post("/jobs/reminder", &payload_of("refused", &bell)).await;
    let failed = service.becomes("failed").await;
    assert!(failed["reason"].as_str().unwrap().starts_with("email: "), "{failed}");
    // The server named the address, which is nobody's business but the user's: everybody in the workspace reads this, and the history.
    let history = json!(service.told().await).to_string();
    assert!(failed["results"][0]["detail"].as_str().unwrap().contains("550"), "{failed}");
    assert!(!failed.to_string().contains("refused@") && !history.contains("refused@"), "{failed} {history}");
    let list = service.lists("refused", 2).await;
    assert_eq!((&list[0]["kind"], &list[1]["kind"]), (&json!("delivery_failed"), &json!("reminder")));
    assert_eq!(service.told_types().await.last().unwrap(), "notification.created");
    assert!(service.told_types().await.contains(&"reminder.failed".to_owned()));
}

#[tokio::test]
async fn in_quiet_hours_e_mail_waits_and_the_application_does_not() {
    let server = MailServer::start().await;
    let service = with_mail(&server, &["alice"]).await;
    // By the clock of Berlin, ten o'clock here is eleven.
    let changes = json!({"user_id": "alice", "changes": {"quiet_hours": {"from": "11:00", "to": "12:30"}}});
    service.ask(Method::PATCH, "/internal/preferences", Some(&changes)).await;
    service.learn(&at_ten(1, &json!(["email", "in_app"]))).await;
    service.is("10:00");
    service.ring(&service.reminder().await).await;
    service.lists("alice", 1).await;
    let waiting = service.reminder().await;
    assert_eq!(waiting["status"], "scheduled", "not all of it has left");
    assert!(server.mails().is_empty());
    service.is("11:30");
    // Another bell makes it look.
    service.learn(&at_ten(2, &json!(["in_app"]))).await;
    service.lists("alice", 2).await;
    server.expect_to("alice@example.org", 1).await;
}

#[tokio::test]
async fn a_link_in_the_mail_switches_that_kind_of_mail_off() {
    let server = MailServer::start().await;
    let service = with_mail(&server, &["alice"]).await;
    service.learn(&at_ten(1, &json!(["email", "in_app"]))).await;
    service.is("10:00");
    service.ring(&service.reminder().await).await;
    let mail = server.expect_to("alice@example.org", 1).await.remove(0);
    let link = mail.header("List-Unsubscribe").trim_matches(['<', '>']);
    let token = link.rsplit('/').next().unwrap();
    let answer = service.post("/internal/unsubscribe", &json!({ "token": token })).await;
    assert_eq!(answer, (200, json!({"kind": "reminder", "channel": "email"})));
    let (status, problem) = service.post("/internal/unsubscribe", &json!({"token": &token[1..]})).await;
    assert_eq!((status, &problem["code"]), (404, &json!("not_found")));

    let chosen = service.get("/internal/preferences?user_id=alice").await;
    assert_eq!(chosen["events"]["reminder"], json!({"email": false, "sms": true, "in_app": true}));
    assert_eq!(chosen["channels"]["email"]["configured"], true);
    service.learn(&at_ten(2, &json!(["email", "in_app"]))).await;
    service.lists("alice", 2).await;
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn a_digest_tells_once_a_day_what_did_not_go_by_e_mail() {
    let server = MailServer::start().await;
    let service = with_mail(&server, &["alice"]).await;
    let changes = json!({"user_id": "alice", "changes": {"digest": {"hour": 12}}});
    assert_eq!(service.ask(Method::PATCH, "/internal/preferences", Some(&changes)).await.0, 200);
    service.learn(&at_ten(1, &json!(["in_app"]))).await;
    service.learn(&at_ten(2, &json!(["in_app"]))).await;
    service.is("10:00");
    service.ring(&service.reminders().await[0]).await;
    service.lists("alice", 2).await;
    // Noon in Berlin.
    service.is("11:00");
    for _ in 0..2 {
        assert_eq!(service.post("/job/digest", &json!({})).await.0, 200);
    }
    let mail = server.expect_to("alice@example.org", 1).await.remove(0);
    assert_eq!(mail.header("Subject"), "Your day in Tidings: 2 new");
    assert!(mail.text().contains("Reminder: Water the plants"), "{}", mail.text());
    assert_eq!(service.list("alice").await.len(), 2, "the digest itself is not on the list");
    service.clock.advance(TimeDelta::days(1));
    service.post("/job/digest", &json!({})).await;
    let moved = "SELECT count(*) FROM notification.preferences WHERE next_digest_at > '2026-02-01T12:00:00Z'";
    eventually(DEADLINE, || async { (service.number(moved).await == 1).then_some(()) }).await;
    assert_eq!(server.mails().len(), 1, "a day without news needs none");
}
