//! `tidings watch` when there is nothing to watch.

use crate::place::{Place, refusal};

#[tokio::test]
async fn why_there_is_no_socket_is_told_once() {
    let told = refusal(Place::new().tidings(&["watch", "--user", "alice"])).await;
    assert!(told.contains("start the system with ./scripts/up"), "{told}");
    assert_eq!(told.matches("Connection refused").count(), 1, "{told}");
}
