//! Each mistake ends in one line that says what to do.

use std::fs::{self, Permissions};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use postgres::{Builder, Error, Server};

use crate::directory::Directory;

async fn refused(server: Builder) -> Error {
    let error = server.start().await.expect_err("the start is refused");
    assert!(!error.to_string().contains('\n'), "one line: {error}");
    error
}

#[tokio::test]
async fn a_second_start_is_told_who_uses_the_data() {
    let directory = Directory::new();
    let first = directory.server().start().await.unwrap();
    let error = refused(directory.server()).await;
    assert!(matches!(error, Error::AlreadyRunning { pid, .. } if pid == first.pid()), "{error}");
    assert!(error.to_string().ends_with("stop it first"), "{error}");
    assert!(crate::is_listening(first.port()), "the first one goes on");
    first.stop().await.unwrap();
}

#[tokio::test]
async fn of_two_first_starts_at_once_one_wins() {
    let directory = Directory::new();
    let (one, other) = tokio::join!(directory.server().start(), directory.server().start());
    let (winner, loser) = if one.is_ok() { (one, other) } else { (other, one) };
    let winner = winner.unwrap();
    assert!(matches!(loser, Err(Error::AlreadyRunning { pid, .. }) if pid == winner.pid()), "{loser:?}");
    winner.stop().await.unwrap();
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let directory = Directory::new();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let taken = listener.local_addr().unwrap().port();
    let error = refused(directory.server().port(taken)).await;
    assert!(matches!(error, Error::PortInUse { port } if port == taken), "{error}");
}

#[tokio::test]
async fn a_directory_with_other_things_is_left_alone() {
    let directory = Directory::new();
    fs::create_dir(directory.data()).unwrap();
    fs::write(directory.data().join("thesis.txt"), "").unwrap();
    let error = refused(directory.server()).await;
    assert!(matches!(error, Error::NotADataDirectory { .. }), "{error}");
    assert!(directory.data().join("thesis.txt").exists());
}

#[tokio::test]
async fn data_without_its_password_is_told() {
    let directory = Directory::new();
    directory.server().start().await.unwrap().stop().await.unwrap();
    fs::remove_file(directory.path().join("postgres.password")).unwrap();
    let error = refused(directory.server()).await;
    assert!(matches!(error, Error::NoPassword { .. }), "{error}");
}

#[tokio::test]
async fn damaged_data_ends_in_what_the_server_said() {
    let directory = Directory::new();
    directory.server().start().await.unwrap().stop().await.unwrap();
    fs::remove_file(directory.data().join("global/pg_control")).unwrap();
    let error = refused(directory.server()).await;
    assert!(matches!(error, Error::Ended { .. }), "{error}");
    assert!(error.to_string().contains("pg_control"), "{error}");
}

const VERSION_17: &str = "echo 'postgres (PostgreSQL) 17.2'";

#[tokio::test]
async fn data_of_another_version_names_both() {
    let directory = Directory::new();
    fs::create_dir(directory.data()).unwrap();
    fs::write(directory.data().join("PG_VERSION"), "16\n").unwrap();
    let error = refused(directory.server().binaries(Some(directory.programs("exit 1", VERSION_17)))).await;
    assert!(matches!(error, Error::WrongVersion { data: 16, server: 17, .. }), "{error}");
}

#[tokio::test]
async fn a_named_directory_without_a_usable_server_is_told() {
    let directory = Directory::new();
    let text = refused(Server::throw_away().binaries(Some(directory.path().to_owned()))).await.to_string();
    assert!(text.contains("there is no initdb") && text.contains("POSTGRES_BIN"), "{text}");
    let old = directory.programs("exit 1", "echo 'postgres (PostgreSQL) 9.6.24'");
    let text = refused(Server::throw_away().binaries(Some(old))).await.to_string();
    assert!(text.contains("it is version 9, and 15 or newer is needed"), "{text}");
}

#[tokio::test]
async fn a_failing_initdb_is_quoted() {
    let directory = Directory::new();
    let programs = directory.programs("echo 'initdb: error: no luck' >&2; exit 1", VERSION_17);
    let error = refused(directory.server().binaries(Some(programs))).await;
    assert!(matches!(error, Error::Program { .. }), "{error}");
    assert!(error.to_string().ends_with("initdb: error: no luck"), "{error}");
    assert!(!directory.data().exists(), "nothing half-made is left");
}

#[tokio::test]
async fn a_server_that_is_never_ready_is_given_up_on() {
    let directory = Directory::new();
    let initdb = "while [ $# -gt 0 ]; do [ \"$1\" = --pgdata ] && mkdir \"$2\"; shift; done; exit 0";
    // It does not heed the signal that ends a server, and ends when its data is gone.
    let stuck = "echo waiting >&2; while [ -d \"$2\" ]; do sleep 0.05; done";
    let never = format!("[ \"$1\" = --version ] && {{ {VERSION_17}; exit; }}; {stuck}");
    let server = directory.server().binaries(Some(directory.programs(initdb, &never)));
    let error = refused(server.patience(Duration::from_millis(300))).await;
    assert!(matches!(error, Error::NotReady { .. }), "{error}");
    assert!(error.to_string().ends_with("it said: waiting"), "{error}");
}

#[tokio::test]
async fn a_server_that_is_just_leaving_is_waited_for() {
    let directory = Directory::new();
    fs::create_dir(directory.data()).unwrap();
    // The programs run as another account when this is run by root.
    fs::set_permissions(directory.data(), Permissions::from_mode(0o777)).unwrap();
    fs::write(directory.data().join("PG_VERSION"), "17\n").unwrap();
    fs::write(directory.path().join("postgres.password"), "secret").unwrap();
    fs::write(directory.data().join("postmaster.pid"), "4711\n\n\n\n\n\n\nstopping\n").unwrap();
    let taken = "touch \"$2/tried\"; echo 'HINT:  Is another postmaster (PID 4711) running?' >&2; exit 1";
    let postgres = format!(
        "[ \"$1\" = --version ] && {{ {VERSION_17}; exit; }}; [ -e \"$2/tried\" ] || {{ {taken}; }}; echo again >&2; exit 1"
    );
    let server = directory.server().binaries(Some(directory.programs("exit 1", &postgres)));
    let error = refused(server).await;
    assert!(matches!(error, Error::Ended { .. }), "{error}");
    assert!(error.to_string().ends_with("it said: again"), "{error}");
}
