//! Tasks that run until they are stopped together; one that ends before that has failed.

use std::time::Duration;

use anyhow::{Context as _, anyhow};
use tokio::task::JoinSet;
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
            Some(Err(error)) => anyhow!("a task of the system broke off: {error}"),
            Some(Ok((name, Ok(())))) => anyhow!("{name} ended"),
            Some(Ok((name, Err(error)))) => error.context(format!("{name} failed")),
        }
    }

    /// Tells the tasks to end, waits for them at most for `patience`, and cuts off those that take longer.
    pub(crate) async fn stop(&mut self, patience: Duration) -> anyhow::Result<()> {
        self.stop.cancel();
        let mut result = Ok(());
        let end = async {
            while let Some(ended) = self.tasks.join_next().await {
                let (name, outcome) = ended.context("a task of the system broke off")?;
                result = std::mem::replace(&mut result, Ok(())).and(outcome.with_context(|| format!("{name} failed")));
            }
            Ok(())
        };
        let in_time = timeout(patience, end).await;
        self.tasks.shutdown().await;
        in_time.unwrap_or_else(|_| {
            tracing::warn!(?patience, "what did not stop in time was cut off");
            Ok(())
        })?;
        result
    }
}
