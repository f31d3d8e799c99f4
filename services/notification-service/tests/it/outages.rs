//! What should ring or answer does not, for a while.

use chrono::TimeDelta;
use platform::database::begin;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use serde_json::json;
use testkit::{MailServer, eventually};

use crate::fact::created;
use crate::mails::with_mail;
use crate::service::{DEADLINE, Service};

#[tokio::test]
async fn a_reminder_that_no_bell_rings_for_is_sent_a_moment_later() {
    let service = Service::start().await;
    let remind = async |n, at: &str| {
        let id = uuid::Uuid::from_u128(n);
        service.learn(&created(n, json!({"id": id, "reminders": [{"at": at, "channels": ["in_app"]}]}))).await;
    };
    remind(1, "2026-01-31T09:00:10Z").await;
    service.clock.advance(TimeDelta::seconds(10));
    service.ring(&service.reminder().await).await;
    service.lists("alice", 1).await;
    // It has looked, and learns of an earlier one when it waits for a later one.
    remind(2, "2026-01-31T09:00:50Z").await;
    remind(3, "2026-01-31T09:00:12Z").await;
    service.clock.advance(TimeDelta::seconds(3));
    service.lists("alice", 2).await;
    let reminders = service.reminders().await;
    assert_eq!((&reminders[1]["status"], &reminders[2]["status"]), (&json!("sent"), &json!("scheduled")));
}

#[tokio::test]
async fn a_new_task_without_reminders_costs_nothing() {
    let service = Service::start().await;
    let owner = service.database.connect_as_owner().await;
    let transaction = begin(&owner).await.unwrap();
    transaction.execute_unprepared("LOCK TABLE notification.reminders").await.unwrap();
    // Nobody can look whether it has any.
    service.learn(&created(1, json!({"reminders": []}))).await;
    transaction.rollback().await.unwrap();
}

#[tokio::test]
async fn what_the_database_refuses_for_a_while_happens_without_another_bell() {
    let server = MailServer::start().await;
    for table in ["reminders", "deliveries"] {
        let service = with_mail(&server, &["alice"]).await;
        service.learn(&created(1, json!({"reminders": [{"at": "2026-01-31T10:00:00Z"}]}))).await;
        let obstacle = Obstacle::before(&service, table).await;
        service.is("10:00");
        service.ring(&service.reminder().await).await;
        obstacle.is_met().await;
        assert_eq!(service.reminder().await["status"], "scheduled");
        obstacle.remove().await;
        service.becomes("sent").await;
    }
    assert_eq!(server.mails().len(), 2);
}

/// Nothing of a table can be changed while it is there.
struct Obstacle<'a> {
    service: &'a Service,
    table: &'static str,
}

impl<'a> Obstacle<'a> {
    async fn before(service: &'a Service, table: &'static str) -> Self {
        // A sequence remembers also what was rolled back.
        let sql = format!(
            "CREATE SEQUENCE public.met MINVALUE 0; SELECT nextval('public.met'); \
             CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS \
             $$ BEGIN PERFORM nextval('public.met'); RAISE 'not now'; END $$; \
             CREATE TRIGGER refused BEFORE UPDATE ON notification.{table} FOR EACH ROW EXECUTE FUNCTION public.refuse()"
        );
        service.database.connect_as_owner().await.execute_unprepared(&sql).await.unwrap();
        Self { service, table }
    }

    async fn is_met(&self) {
        let owner = self.service.database.connect_as_owner().await;
        let times = Statement::from_string(DbBackend::Postgres, "SELECT last_value FROM public.met");
        eventually(DEADLINE, || async {
            let row = owner.query_one_raw(times.clone()).await.unwrap().unwrap();
            (row.try_get_by_index::<i64>(0).unwrap() > 0).then_some(())
        })
        .await;
    }

    async fn remove(self) {
        let sql = format!("DROP TRIGGER refused ON notification.{}", self.table);
        self.service.database.connect_as_owner().await.execute_unprepared(&sql).await.unwrap();
    }
}
