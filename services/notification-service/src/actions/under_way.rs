//! Messages under way: as long as this process lives it says so of them, again and again, so that nobody else sends them; and when it is killed, somebody
//! does in a moment.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

use crate::app::App;
use crate::store::deliveries;

/// How often claims are renewed: twice may fail before they end.
const RENEWAL: Duration = Duration::from_secs(1);

/// The messages that this process has claimed and not let go. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct UnderWay(Arc<Mutex<HashSet<Uuid>>>);

/// A message is under way until this is dropped.
#[derive(Debug)]
pub(super) struct Held {
    all: UnderWay,
    id: Uuid,
}

impl UnderWay {
    /// The message `id` is under way.
    pub(super) fn hold(&self, id: Uuid) -> Held {
        self.set().insert(id);
        Held { all: self.clone(), id }
    }

    /// Those that are.
    pub(super) fn ids(&self) -> Vec<Uuid> {
        self.set().iter().copied().collect()
    }

    /// Renews their claims, without end. Apart from whoever claims and sends: these may have to wait for a connection.
    pub(super) async fn renew(self, app: App) {
        let mut ticks = interval(RENEWAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let ids = self.ids();
            if ids.is_empty() {
                continue;
            }
            if let Err(error) = deliveries::renew(&app.db, ids).await {
                tracing::warn!(%error, "claims could not be renewed; messages under way may be sent by another replica too");
            }
        }
    }

    fn set(&self) -> MutexGuard<'_, HashSet<Uuid>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.all.set().remove(&self.id);
    }
}
