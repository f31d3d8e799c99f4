//! `tidings watch` when there is nothing to watch.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use crate::place::{Place, refusal};

#[tokio::test]
async fn why_there_is_no_socket_is_told_once() {
    let told = refusal(Place::new().tidings(&["watch", "--user", "alice"])).await;
    assert!(told.contains("start the system with ./scripts/up"), "{told}");
    assert_eq!(told.matches("Connection refused").count(), 1, "{told}");
}

#[tokio::test]
async fn a_token_that_is_refused_is_told_as_such() {
    let place = Place::new();
    let listener = TcpListener::bind(("127.0.0.1", place.port(8005))).unwrap();
    let system = thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        assert_ne!(client.read(&mut [0; 4096]).unwrap(), 0);
        client.write_all(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n").unwrap();
    });
    let told = refusal(place.tidings(&["watch", "--user", "alice"])).await;
    assert!(told.contains("refuses the token") && !told.contains("./scripts/up"), "{told}");
    system.join().unwrap();
}
