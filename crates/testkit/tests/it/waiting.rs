use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use testkit::eventually;

#[tokio::test]
async fn what_happens_later_is_found() {
    let looks = AtomicUsize::new(0);
    let look = || async { (looks.fetch_add(1, Ordering::Relaxed) >= 3).then_some("here") };
    assert_eq!(eventually(Duration::from_secs(10), look).await, "here");
}

#[tokio::test]
async fn what_never_happens_names_the_line_that_waited() {
    for hangs in [false, true] {
        let look = move || async move { if hangs { std::future::pending().await } else { None::<()> } };
        let waiting = tokio::spawn(async move { eventually(Duration::from_millis(50), look).await });
        let panic = waiting.await.unwrap_err().into_panic();
        let text = panic.downcast_ref::<String>().unwrap();
        assert!(text.contains("waiting.rs:") && text.ends_with("did not happen within 50ms"), "{text}");
    }
}

#[tokio::test]
async fn the_clock_stands_still() {
    let clock = testkit::clock();
    assert_eq!(clock.now().to_rfc3339(), "2026-01-31T09:00:00+00:00");
    clock.advance(chrono::Duration::hours(1));
    assert_eq!(clock.now().to_rfc3339(), "2026-01-31T10:00:00+00:00");
}
