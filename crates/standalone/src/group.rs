//! Tasks that run until they are stopped together; one that ends before that has failed.

use std::time::Duration;

use anyhow::{Context as _, anyhow};
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Tasks that are started and stopped together. They are cut off when this is dropped.
#[derive(Debug, Default)]
pub(crate) struct Group {
    tasks: JoinSet<(&'static str, anyhow::Result<()>)>,
    stop: CancellationToken,
}

impl Group {
    /// Runs a task that is expected to end when [`Group::token`] is cancelled.
    pub(crate) fn spawn(
        &mut self,
        name: &'static str,
        task: impl Future<Output = anyhow::Result<()>> + Send + 'static,
    ) {
        self.tasks.spawn(async move { (name, task.await) });
    }

    /// Cancelled when the tasks are to end.
    pub(crate) fn token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Waits until a task ends, which none should.
    pub(crate) async fn failure(&mut self) -> anyhow::Error {
        match self.tasks.join_next().await {
            None => std::future::pending().await,
            Some(Ok((name, Ok(())))) => anyhow!("{name} ended"),
            Some(ended) => outcome(ended).err().unwrap_or_else(|| anyhow!("a task of the system ended")),
        }
    }

    /// Tells the tasks to end, waits for them at most for `patience`, and cuts off those that take longer.
    pub(crate) async fn stop(&mut self, patience: Duration) -> anyhow::Result<()> {
        self.stop.cancel();
        let mut result = Ok(());
        let end = async {
            while let Some(ended) = self.tasks.join_next().await {
                let failure = outcome(ended);
                result = std::mem::replace(&mut result, Ok(())).and(failure);
            }
        };
        if timeout(patience, end).await.is_err() {
            tracing::warn!(?patience, "what did not stop in time was cut off");
        }
        self.tasks.shutdown().await;
        result
    }
}

/// How a task ended.
fn outcome(ended: Result<(&'static str, anyhow::Result<()>), JoinError>) -> anyhow::Result<()> {
    let (name, outcome) = ended.context("a task of the system broke off")?;
    outcome.with_context(|| format!("{name} failed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_ends_by_itself_is_a_failure_with_its_reason() {
        let mut group = Group::default();
        let stop = group.token();
        group.spawn("steady", async move {
            stop.cancelled().await;
            Ok(())
        });
        group.spawn("broken", async { Err(anyhow!("no paper")) });
        assert_eq!(format!("{:#}", group.failure().await), "broken failed: no paper");
        group.stop(Duration::from_secs(5)).await.unwrap();
    }

    #[tokio::test]
    async fn what_does_not_stop_is_cut_off_and_what_breaks_off_is_told() {
        let mut group = Group::default();
        group.spawn("deaf", std::future::pending());
        group.spawn("panicking", async { panic!("out of luck") });
        let error = group.stop(Duration::from_millis(100)).await.unwrap_err();
        assert!(format!("{error:#}").contains("broke off"), "{error:#}");
    }
}
