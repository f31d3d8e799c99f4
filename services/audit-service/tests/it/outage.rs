//! The database goes away and comes back.

use std::time::Duration;

use audit_service::{Migrator, SCHEMA};
use testkit::{Database, Proxy};

use crate::fact::{WORKSPACE, body, created};
use crate::service::Service;

async fn readiness(service: &Service) -> u16 {
    service.request("GET", "/readyz").send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn events_wait_while_the_database_is_away() {
    let database = Database::create::<Migrator>(SCHEMA).await;
    let proxy = Proxy::to(&database.url()).await;
    let service = Service::start_with(database, proxy.url().to_owned()).await;
    assert_eq!(service.deliver("task-events", body(&created(1))).await, "SUCCESS");

    proxy.cut();
    for n in [1, 2] {
        assert_eq!(service.deliver("task-events", body(&created(n))).await, "RETRY");
    }
    assert_eq!(service.deliver("task-events", "poison").await, "DROP", "which needs no database");
    assert_eq!(service.deliver("task-events.dead", "poison").await, "RETRY", "for nothing else keeps it");
    let (status, problem) = service.dead_letters("").await;
    assert_eq!((status, &problem["code"]), (503, &"database_unavailable".into()));
    assert_eq!(readiness(&service).await, 503);
    let (status, problem) = service.history(&[("workspace_ids", &WORKSPACE.to_string())]).await;
    assert_eq!((status.as_u16(), &problem["code"]), (503, &"database_unavailable".into()));

    proxy.mend();
    let back = async {
        while service.deliver("task-events", body(&created(2))).await != "SUCCESS" {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), back).await.expect("the database is found again");
    assert_eq!(service.deliver("task-events", body(&created(1))).await, "SUCCESS");
    assert_eq!(service.entries().await, 2);
    assert_eq!(service.deliver("task-events.dead", "poison").await, "SUCCESS");
    assert_eq!(service.count("dead_letters_stored").await, 1);
    assert_eq!(readiness(&service).await, 200);
}

#[tokio::test]
async fn begun_without_a_database_it_lives_and_is_ready_once_there_is_one() {
    let database = Database::create::<Migrator>(SCHEMA).await;
    let proxy = Proxy::to(&database.url()).await;
    proxy.cut();
    let service = Service::start_with(database, proxy.url().to_owned()).await;
    assert_eq!(service.request("GET", "/livez").send().await.unwrap().status(), 200);
    assert_eq!(readiness(&service).await, 503);
    proxy.mend();
    testkit::eventually(Duration::from_secs(20), async || (readiness(&service).await == 200).then_some(())).await;
    assert_eq!(service.deliver("task-events", body(&created(1))).await, "SUCCESS");
}
