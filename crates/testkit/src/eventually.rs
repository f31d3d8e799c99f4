//! Waiting for what happens elsewhere.

use std::future::Future;
use std::panic::Location;
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How long between two looks.
const POLL: Duration = Duration::from_millis(10);

/// Asks `look` until it answers with something, at most until `deadline` has passed.
///
/// # Panics
/// When the deadline passes first; the message names the line that waited.
#[track_caller]
pub fn eventually<T, F: Future<Output = Option<T>>>(
    deadline: Duration,
    mut look: impl FnMut() -> F,
) -> impl Future<Output = T> {
    let waiting = Location::caller();
    async move {
        let end = Instant::now() + deadline;
        loop {
            // A look that hangs must not outlast the deadline either.
            match tokio::time::timeout_at(end, look()).await {
                Ok(Some(found)) => return found,
                Ok(None) if Instant::now() < end => sleep(POLL).await,
                _ => panic!("what {waiting} waits for did not happen within {deadline:?}"),
            }
        }
    }
}
