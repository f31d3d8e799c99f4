//! Group commit: what many callers want stored at once is stored by one statement, so that they share a round trip and a flush.
//!
//! Nobody waits for company. While one group is being stored, the next one gathers: alone, an item goes at once; under load,
//! groups grow by themselves. (DeWitt et al., "Implementation Techniques for Main Memory Database Systems", 1984.)

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt as _;
use sea_orm::DbErr;
use tokio::sync::{mpsc, oneshot};

use crate::database::refuses_data;

/// How long a group may take, so that a server that fell silent does not hold up all that come after.
const PATIENCE: Duration = Duration::from_secs(30);

/// Stores a group in one transaction.
pub trait StoreGroup: Send + Sync + 'static {
    /// What one caller wants stored.
    type Item: Send + Sync;
    /// What became of it.
    type Answer: Send;

    /// Stores all of `items`, or none; the answers are in their order.
    ///
    /// # Errors
    /// When the database refuses or is away.
    fn store(&self, items: &[Self::Item]) -> impl Future<Output = Result<Vec<Self::Answer>, DbErr>> + Send;
}

/// The way to a [`StoreGroup`]; cheap to clone. Its work ends with the last clone.
pub struct GroupCommit<S: StoreGroup> {
    queue: mpsc::Sender<Waiting<S>>,
}

struct Waiting<S: StoreGroup> {
    item: S::Item,
    answer: oneshot::Sender<Result<S::Answer, DbErr>>,
}

impl<S: StoreGroup> GroupCommit<S> {
    /// Starts the work, on the runtime of the caller; a group has `most` items at most, which is 1 or more.
    pub fn start(store: S, most: usize) -> Self {
        Self::start_with(store, most, PATIENCE)
    }

    fn start_with(store: S, most: usize, patience: Duration) -> Self {
        let (queue, mut waiting) = mpsc::channel(most);
        tokio::spawn(async move {
            let mut group = Vec::with_capacity(most);
            while let Some(first) = waiting.recv().await {
                group.push(first);
                // Whoever else is ready to come, comes along: a task that is woken goes before those that were waiting.
                tokio::task::yield_now().await;
                while group.len() < most
                    && let Ok(next) = waiting.try_recv()
                {
                    group.push(next);
                }
                // Whoever gave up was promised nothing, and may have stored it by another way since: after what followed it.
                let wanted = group.drain(..).filter(|Waiting { answer, .. }| !answer.is_closed());
                let (items, callers): (Vec<_>, Vec<_>) = wanted.map(|Waiting { item, answer }| (item, answer)).unzip();
                if items.is_empty() {
                    continue;
                }
                for (caller, answer) in callers.into_iter().zip(answers(&store, &items, patience).await) {
                    // Whoever broke off does not want to know.
                    drop(caller.send(answer));
                }
            }
        });
        Self { queue }
    }

    /// Stores `item`, with others or alone; returns when it is durable. Once its group has begun, it is stored also if the caller
    /// breaks off.
    ///
    /// # Errors
    /// When the database refuses it or is away.
    pub async fn store(&self, item: S::Item) -> Result<S::Answer, DbErr> {
        let gone = || DbErr::Custom("what stores for all has ended".to_owned());
        let (answer, answered) = oneshot::channel();
        self.queue.send(Waiting { item, answer }).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

/// One for each item. An item that the database refuses for what it is does not take its group with it.
async fn answers<S: StoreGroup>(store: &S, items: &[S::Item], patience: Duration) -> Vec<Result<S::Answer, DbErr>> {
    match store_within(patience, store, items).await {
        Ok(answers) => answers.into_iter().map(Ok).collect(),
        Err(error) if items.len() > 1 && refuses_data(&error) => one_by_one(patience, store, items).await,
        Err(error) => items.iter().map(|_| Err(error.clone())).collect(),
    }
}

/// Each by itself, until the database refuses something for another reason than what it is: then that is so for the rest too.
async fn one_by_one<S: StoreGroup>(patience: Duration, store: &S, items: &[S::Item]) -> Vec<Result<S::Answer, DbErr>> {
    let mut answers = Vec::with_capacity(items.len());
    for item in items {
        let one = store_within(patience, store, std::slice::from_ref(item)).await;
        let one = one.and_then(|mut answers| answers.pop().ok_or_else(unanswered));
        let away = one.as_ref().err().filter(|error| !refuses_data(error)).cloned();
        answers.push(one);
        if let Some(error) = away {
            answers.extend(items.iter().skip(answers.len()).map(|_| Err(error.clone())));
            break;
        }
    }
    answers
}

/// A panic is the failure of its group, not the end of the work.
async fn store_within<S: StoreGroup>(
    patience: Duration,
    store: &S,
    items: &[S::Item],
) -> Result<Vec<S::Answer>, DbErr> {
    let stored = tokio::time::timeout(patience, AssertUnwindSafe(store.store(items)).catch_unwind()).await;
    let stored = stored.map_err(|_| DbErr::Custom(format!("no answer within {patience:?}")))?;
    let answers = stored.map_err(|_| DbErr::Custom("what stores for all has panicked".to_owned()))??;
    if answers.len() == items.len() { Ok(answers) } else { Err(unanswered()) }
}

fn unanswered() -> DbErr {
    DbErr::Custom("a group was stored without an answer for each of its items".to_owned())
}

impl<S: StoreGroup> Clone for GroupCommit<S> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone() }
    }
}

impl<S: StoreGroup> fmt::Debug for GroupCommit<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("GroupCommit").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use futures::future::join_all;
    use sea_orm::{ConnAcquireErr, DbErr};
    use tokio::sync::Semaphore;

    use super::*;

    /// Stores nothing, but keeps the groups, each of which waits for a permit.
    #[derive(Clone)]
    struct Groups {
        seen: Arc<Mutex<Vec<Vec<u32>>>>,
        gate: Arc<Semaphore>,
        fails: bool,
    }

    impl Groups {
        fn behind_a_gate() -> Self {
            Self { seen: Arc::default(), gate: Arc::new(Semaphore::new(0)), fails: false }
        }

        fn seen(&self) -> Vec<Vec<u32>> {
            self.seen.lock().unwrap().clone()
        }
    }

    impl StoreGroup for Groups {
        type Item = u32;
        type Answer = u32;

        async fn store(&self, items: &[u32]) -> Result<Vec<u32>, DbErr> {
            self.gate.acquire().await.unwrap().forget();
            self.seen.lock().unwrap().push(items.to_vec());
            assert!(!items.contains(&13), "13 is not for this store");
            if self.fails {
                return Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout));
            }
            Ok(items.iter().map(|item| item * 2).collect())
        }
    }

    #[tokio::test]
    async fn what_comes_while_a_group_is_stored_makes_the_next_one_and_each_caller_gets_its_own_answer() {
        let groups = Groups::behind_a_gate();
        let commit = GroupCommit::start(groups.clone(), 3);
        let callers = join_all((1..=5).map(|item| commit.store(item)));
        let opener = async {
            // The first is on its way alone before the others are told to come.
            tokio::task::yield_now().await;
            groups.gate.add_permits(9);
        };
        let (answers, ()) = tokio::join!(callers, opener);
        assert_eq!(answers.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [2, 4, 6, 8, 10]);
        let seen = groups.seen();
        assert_eq!(seen.concat(), [1, 2, 3, 4, 5]);
        assert!(seen.len() < 5 && seen.iter().all(|group| group.len() <= 3), "{seen:?}");
    }

    #[tokio::test]
    async fn a_caller_that_breaks_off_leaves_the_others_alone() {
        let groups = Groups::behind_a_gate();
        let commit = GroupCommit::start(groups.clone(), 8);
        let impatient = tokio::spawn({
            let commit = commit.clone();
            async move { commit.store(1).await }
        });
        tokio::task::yield_now().await;
        impatient.abort();
        groups.gate.add_permits(9);
        assert_eq!(commit.store(2).await.unwrap(), 4);
    }

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_is_not_stored() {
        let groups = Groups::behind_a_gate();
        let commit = GroupCommit::start(groups.clone(), 8);
        let store = |item| {
            let commit = commit.clone();
            tokio::spawn(async move { commit.store(item).await })
        };
        // While the first is being stored, the second comes, and gives up.
        let (first, second) = (store(1), store(2));
        tokio::task::yield_now().await;
        let third = store(3);
        for _ in 0..9 {
            tokio::task::yield_now().await;
        }
        third.abort();
        groups.gate.add_permits(9);
        assert_eq!((first.await.unwrap().unwrap(), second.await.unwrap().unwrap()), (2, 4));
        assert!(third.await.unwrap_err().is_cancelled());
        assert_eq!(commit.store(4).await.unwrap(), 8);
        assert_eq!(groups.seen().concat(), [1, 2, 4]);
    }

    #[tokio::test]
    async fn a_panic_is_the_failure_of_its_group_alone() {
        let groups = Groups::behind_a_gate();
        groups.gate.add_permits(9);
        let commit = GroupCommit::start(groups.clone(), 8);
        let error = commit.store(13).await.unwrap_err().to_string();
        assert!(error.contains("panicked"), "{error}");
        assert_eq!(commit.store(2).await.unwrap(), 4);
    }

    #[tokio::test]
    async fn a_database_that_is_away_is_told_to_all_and_asked_once() {
        let groups = Groups { fails: true, ..Groups::behind_a_gate() };
        groups.gate.add_permits(9);
        let commit = GroupCommit::start(groups.clone(), 8);
        let answers = join_all((1..=5).map(|item| commit.store(item))).await;
        assert!(answers.iter().all(|answer| matches!(answer, Err(DbErr::ConnectionAcquire(_)))), "{answers:?}");
        assert_eq!(groups.seen().concat().len(), 5, "{:?}", groups.seen());
    }

    #[tokio::test]
    async fn a_database_that_falls_silent_does_not_hold_up_all_that_come_after() {
        let groups = Groups::behind_a_gate();
        let commit = GroupCommit::start_with(groups.clone(), 8, Duration::from_millis(50));
        let error = commit.store(1).await.unwrap_err().to_string();
        assert!(error.contains("no answer within 50ms"), "{error}");
        groups.gate.add_permits(9);
        assert_eq!(commit.store(2).await.unwrap(), 4);
    }
}
