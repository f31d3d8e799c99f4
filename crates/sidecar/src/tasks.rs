//! The tasks of a process' sidecars: waited for at the end, and cut off when they take too long.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Tasks under way; cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tasks {
    tracker: TaskTracker,
    cut: CancellationToken,
}

impl Tasks {
    /// Runs a task; it is expected to end by itself at shutdown.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let cut = self.cut.clone();
        self.tracker.spawn(async move {
            tokio::select! { () = cut.cancelled() => {}, () = task => {} }
        });
    }

    /// Waits for all tasks, after `shutdown` for `drain` only; whether that was enough.
    pub(crate) async fn end(&self, shutdown: &CancellationToken, drain: Duration) -> bool {
        self.tracker.close();
        let too_long = async {
            shutdown.cancelled().await;
            tokio::time::sleep(drain).await;
        };
        let ended = tokio::select! { () = self.tracker.wait() => true, () = too_long => false };
        self.cut.cancel();
        self.tracker.wait().await;
        ended
    }
}
