//! A private server: started, restarted, refused, ended with its owner.
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "these are tests, and what serves them")]

mod directory;
mod owner;
mod refusal;
mod restart;

use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

/// Whether something accepts connections on this port of 127.0.0.1.
fn is_listening(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// Waits for `condition`, at most half a minute.
fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
