//! A handler that answers when the test says so.

use std::sync::Arc;

use axum::Router;
use axum::routing::{MethodRouter, any};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::service::DEADLINE;

/// Held shut until it is opened.
#[derive(Clone)]
pub(crate) struct Gate {
    arrived: Arc<Semaphore>,
    open: Arc<Semaphore>,
}

impl Gate {
    pub(crate) fn shut() -> Self {
        Self { arrived: Arc::new(Semaphore::new(0)), open: Arc::new(Semaphore::new(0)) }
    }

    /// Waits at the gate, then answers `done`.
    pub(crate) fn handler(&self) -> MethodRouter {
        let gate = self.clone();
        any(move || {
            let gate = gate.clone();
            async move {
                gate.arrived.add_permits(1);
                gate.open.acquire().await.unwrap().forget();
                "done"
            }
        })
    }

    /// The same at a path.
    pub(crate) fn at(&self, path: &str) -> Router {
        Router::new().route(path, self.handler())
    }

    /// Waits until so many more requests stand before it.
    pub(crate) async fn arrivals(&self, requests: u32) {
        timeout(DEADLINE, self.arrived.acquire_many(requests)).await.expect("they arrive in time").unwrap().forget();
    }

    /// Lets so many through.
    pub(crate) fn open_for(&self, requests: usize) {
        self.open.add_permits(requests);
    }
}
