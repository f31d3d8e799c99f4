//! Messages under way: as long as this process lives it says so of them, again and again, so that nobody else sends them; and when it is killed, somebody
//! does in a moment.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

use crate::app::App;
use crate::store::deliveries::{self, Due, InHand};

/// How often claims are renewed: twice may fail before they end.
const RENEWAL: Duration = Duration::from_secs(1);

/// The messages that this process has claimed and not let go, and where they go. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct UnderWay(Arc<Mutex<HashMap<Uuid, String>>>);

/// A message is under way until this is dropped.
#[derive(Debug)]
pub(super) struct Held {
    all: UnderWay,
    id: Uuid,
}

impl UnderWay {
    /// The message is under way.
    pub(super) fn hold(&self, due: &Due) -> Held {
        let id = due.message.id;
        self.all().insert(id, due.written_to.clone());
        Held { all: self.clone(), id }
    }

    /// Those that are.
    pub(super) fn in_hand(&self) -> InHand {
        let (ids, addresses) = self.all().iter().map(|(id, address)| (*id, address.clone())).unzip();
        InHand { ids, addresses }
    }

    /// Renews their claims, without end. Apart from whoever claims and sends: these may have to wait for a connection.
    pub(super) async fn renew(self, app: App) {
        let mut ticks = interval(RENEWAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let ids = self.in_hand().ids;
            if ids.is_empty() {
                continue;
            }
            if let Err(error) = deliveries::renew(&app.db, ids).await {
                tracing::warn!(%error, "claims could not be renewed; messages under way may be sent by another replica too");
            }
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Uuid, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.all.all().remove(&self.id);
    }
}
