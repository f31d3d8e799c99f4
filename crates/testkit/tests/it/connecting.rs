//! The first connection of a pool to a server that is slow to answer.

use std::time::Duration;

use platform::database::{PoolOptions, connect};
use testkit::{Database, Proxy};
use tokio::net::TcpListener;

#[tokio::test]
async fn a_start_outlasts_a_server_that_is_slow_at_first() {
    let database = Database::create_with(&[]).await;
    let proxy = Proxy::slow_to(&database.owner_url()).await;
    let impatient = PoolOptions { acquire_timeout: Duration::from_millis(300), ..PoolOptions::default() };
    connect(proxy.url(), &impatient).await.unwrap().ping().await.unwrap();
}

#[tokio::test]
async fn a_server_that_never_answers_is_told() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("postgres://nobody:nothing@{}/nowhere", silent.local_addr().unwrap());
    let (acquire_timeout, first_connection) = (Duration::from_millis(50), Duration::from_millis(100));
    let options = PoolOptions { acquire_timeout, first_connection, ..PoolOptions::default() };
    assert!(connect(&url, &options).await.unwrap_err().to_string().contains("timed out"));
}
