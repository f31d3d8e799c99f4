//! Hashes passwords and checks them, a few at a time.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use platform::problem::Problem;
use platform::random::Random;
use tokio::sync::Semaphore;

use crate::domain::password::{self, Password};

/// Hashes at the same time: each takes 19 MiB and a core, and sign-ins must not starve the rest of the service.
const PLACES: usize = 2;
/// How long a request waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// Hashes passwords and checks them, on a few threads of their own.
#[derive(Clone, Debug)]
pub struct PasswordHasher {
    places: Arc<Semaphore>,
    patience: Duration,
}

impl Default for PasswordHasher {
    fn default() -> Self {
        Self::new(PLACES, PATIENCE)
    }
}

impl PasswordHasher {
    /// A hasher with so many places, for each of which a request waits so long.
    pub fn new(places: usize, patience: Duration) -> Self {
        Self { places: Arc::new(Semaphore::new(places)), patience }
    }

    /// The hash of a password, for storage.
    ///
    /// # Errors
    /// 503 `busy` when too many others are waiting.
    pub async fn hash(&self, password: Password, random: &Random) -> Result<String, Problem> {
        let salt = random.bytes();
        self.work(move || password.hash(&salt)).await?.map_err(|error| Problem::internal(&error))
    }

    /// Whether `text` is the password of which `hash` was made.
    ///
    /// # Errors
    /// 503 `busy` when too many others are waiting.
    pub async fn matches(&self, text: String, hash: String) -> Result<bool, Problem> {
        self.work(move || password::matches(&text, &hash)).await?.map_err(|error| Problem::internal(&error))
    }

    /// Does `work` on a thread of its own. The place goes with it: a client who hangs up does not make room for another
    /// while the work goes on.
    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        let turn = tokio::time::timeout(self.patience, Arc::clone(&self.places).acquire_owned()).await;
        let place = turn.map_err(|_| busy())?.map_err(|closed| Problem::internal(&closed))?;
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(place);
            done
        });
        done.await.map_err(|error| Problem::internal(&error))
    }
}

fn busy() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "Temporarily unavailable")
        .detail("Too many people are signing in right now. Try again shortly.")
        .header(header::RETRY_AFTER, HeaderValue::from_static("5"))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn waiting_is_bounded_and_hanging_up_makes_no_room() {
        let hasher = PasswordHasher::new(1, Duration::from_millis(20));
        let (finish, wait) = mpsc::channel::<()>();
        let (started, begun) = tokio::sync::oneshot::channel();
        let first = tokio::spawn({
            let hasher = hasher.clone();
            async move {
                let work = move || started.send(()).is_ok() && wait.recv().is_ok();
                hasher.work(work).await
            }
        });
        begun.await.unwrap();
        first.abort();
        assert!(first.await.unwrap_err().is_cancelled());

        let refused = hasher.matches("password".to_owned(), password::NOBODYS_HASH.to_owned()).await.unwrap_err();
        assert_eq!((refused.status(), refused.code()), (StatusCode::SERVICE_UNAVAILABLE, "busy"));

        finish.send(()).unwrap();
        let patient = PasswordHasher { patience: Duration::from_secs(30), ..hasher };
        assert!(!patient.matches("password".to_owned(), password::NOBODYS_HASH.to_owned()).await.unwrap());
    }

    #[tokio::test]
    async fn each_hash_has_its_own_salt() {
        let hasher = PasswordHasher::default();
        let hash = || async {
            let password = Password::parse("correct horse".to_owned()).unwrap();
            hasher.hash(password, &Random::system()).await.unwrap()
        };
        let (one, other) = (hash().await, hash().await);
        assert_ne!(one, other);
        assert!(hasher.matches("correct horse".to_owned(), one).await.unwrap());
    }
}
