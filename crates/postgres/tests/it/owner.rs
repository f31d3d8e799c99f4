//! The server ends when its owner does, even when the owner is killed.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::directory::Directory;
use crate::{is_listening, wait_until};

const DIRECTORY: &str = "OWNED_DIRECTORY";

/// Not a test of its own: the process that the tests below start and end. Without the variable it does nothing.
#[tokio::test]
async fn owner_process() {
    let Some(data) = std::env::var_os(DIRECTORY) else { return };
    let server = postgres::Server::builder(data).settings([("fsync", "off")]).start().await.unwrap();
    println!("\nserver on {}", server.port());
    tokio::time::sleep(Duration::from_mins(10)).await;
}

/// Starts an owner and returns it with the port of its server.
fn start_owner(directory: &Directory) -> (Child, u16) {
    let mut owner = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "owner::owner_process", "--nocapture"])
        .env(DIRECTORY, directory.data())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(owner.stdout.take().unwrap()).lines();
    let port = lines.find_map(|line| line.unwrap().strip_prefix("server on ")?.parse().ok());
    (owner, port.expect("the owner says which port its server has"))
}

#[test]
fn a_killed_owner_takes_its_server_along() {
    let directory = Directory::new();
    let (mut owner, port) = start_owner(&directory);
    assert!(is_listening(port));
    owner.kill().unwrap();
    owner.wait().unwrap();
    wait_until("the server has ended", || !is_listening(port));
    wait_until("the data is released", || !directory.data().join("postmaster.pid").exists());
}

#[tokio::test]
async fn a_start_right_after_the_owner_was_killed_succeeds() {
    let directory = Directory::new();
    let (mut owner, _) = start_owner(&directory);
    owner.kill().unwrap();
    owner.wait().unwrap();
    directory.server().start().await.unwrap().stop().await.unwrap();
}
