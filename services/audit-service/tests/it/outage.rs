//! The database goes away and comes back.

use std::net::SocketAddr;
use std::time::Duration;

use audit_service::{Migrator, SCHEMA};
use reqwest::Url;
use testkit::Database;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::fact::{WORKSPACE, body, created};
use crate::service::Service;

/// The way to the database, which can be cut.
struct Road {
    url: String,
    open: watch::Sender<bool>,
}

impl Road {
    async fn to(url: &str) -> Self {
        let mut url = Url::parse(url).unwrap();
        let database = (url.host_str().unwrap().to_owned(), url.port().unwrap_or(5432));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let SocketAddr::V4(here) = listener.local_addr().unwrap() else { unreachable!("bound to IPv4") };
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(here.port())).unwrap();
        let (open, state) = watch::channel(true);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, database.clone(), state.clone()));
            }
        });
        Self { url: url.into(), open }
    }
}

async fn carry(mut client: TcpStream, database: (String, u16), mut open: watch::Receiver<bool>) {
    if *open.borrow() {
        let mut server = TcpStream::connect((database.0.as_str(), database.1)).await.unwrap();
        tokio::select! {
            _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
            _ = open.wait_for(|open| !open) => {}
        }
    }
}

async fn readiness(service: &Service) -> u16 {
    service.request("GET", "/readyz").send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn events_wait_while_the_database_is_away() {
    let database = Database::create::<Migrator>(SCHEMA).await;
    let road = Road::to(&database.url()).await;
    let service = Service::start_with(database, road.url.clone()).await;
    assert_eq!(service.deliver("task-events", body(&created(1))).await, "SUCCESS");

    road.open.send_replace(false);
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

    road.open.send_replace(true);
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
async fn without_a_database_it_does_not_start() {
    let database = Database::create::<Migrator>(SCHEMA).await;
    let road = Road::to(&database.url()).await;
    road.open.send_replace(false);
    let failure = Service::start_with(database, road.url.clone()).await.stop().await.unwrap_err();
    assert_eq!(failure.to_string(), "the database is out of reach");
}
