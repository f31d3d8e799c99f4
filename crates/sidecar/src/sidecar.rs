//! One app's sidecar, and what the sidecars of a process share.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use platform::clock::Clock;
use platform::config::Secret;
use platform::random::Random;
use subtle::ConstantTimeEq as _;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::breaker::Breaker;
use crate::delivery::{AppHealth, Subscription};
use crate::jobs::Jobs;
use crate::log::{Log, Positions};
use crate::resources::{AppPolicy, Resources};
use crate::settings::{AppHealthCheck, Backoff};

/// What the metadata API gives as the version of the runtime.
pub(crate) const RUNTIME_VERSION: &str = concat!("tidings-", env!("CARGO_PKG_VERSION"));

/// Breakers that are kept: methods may have ids in them.
const MOST_BREAKERS: usize = 1_000;

/// Where an app is and whether it may be called.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) port: u16,
    pub(crate) health: AppHealth,
    /// Cancelled when this app's sidecar is to end.
    pub(crate) stop: CancellationToken,
}

/// What the sidecars of a process share.
pub(crate) struct Shared {
    pub(crate) log: Log,
    pub(crate) positions: Positions,
    pub(crate) jobs: Jobs,
    pub(crate) resources: Resources,
    pub(crate) peers: HashMap<String, Peer>,
    /// For calls to apps. What takes longer than the callback timeout is given up, unless the request says otherwise.
    pub(crate) client: reqwest::Client,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) health_check: Option<AppHealthCheck>,
    /// Cancelled when the apps are about to stop.
    pub(crate) apps_stop: CancellationToken,
    pub(crate) backoff: Backoff,
    pub(crate) dapr_api_token: Option<Secret>,
    pub(crate) app_api_token: Option<Secret>,
}

/// One app's sidecar; cheap to clone.
#[derive(Clone)]
pub(crate) struct Sidecar(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) app_id: String,
    pub(crate) app_port: u16,
    pub(crate) shared: Arc<Shared>,
    pub(crate) stop: CancellationToken,
    /// Whether the app may be called.
    pub(crate) health: AppHealth,
    /// Set once the app was asked for them.
    pub(crate) subscriptions: OnceLock<Vec<Subscription>>,
    /// How each app is invoked.
    policies: HashMap<String, AppPolicy>,
    /// By app and method.
    breakers: Mutex<HashMap<(String, String), Arc<Breaker>>>,
    extended: Mutex<BTreeMap<String, String>>,
}

impl std::ops::Deref for Sidecar {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Sidecar {
    /// The sidecar of the app `app_id`, which is one of the peers.
    pub(crate) fn new(app_id: String, peer: &Peer, shared: &Arc<Shared>) -> Self {
        let policy = |callee: &String| (callee.clone(), shared.resources.app_policy(callee, &app_id));
        let policies = shared.peers.keys().map(policy).collect();
        Self(Arc::new(Inner {
            policies,
            breakers: Mutex::default(),
            app_id,
            app_port: peer.port,
            shared: Arc::clone(shared),
            stop: peer.stop.clone(),
            health: peer.health.clone(),
            subscriptions: OnceLock::new(),
            extended: Mutex::default(),
        }))
    }
}

impl Inner {
    /// Whether a call that brings `token` may use the API.
    pub(crate) fn admits(&self, token: Option<&[u8]>) -> bool {
        let Some(expected) = &self.shared.dapr_api_token else { return true };
        token.is_some_and(|token| token.ct_eq(expected.expose().as_bytes()).into())
    }

    /// Whether the app may be called now: by deliveries, jobs and invocations.
    pub(crate) fn app_is_healthy(&self) -> bool {
        self.health.is_healthy()
    }

    /// Waits until the app may be called.
    pub(crate) async fn until_app_is_healthy(&self) {
        self.health.until_healthy().await;
    }

    /// How invocations of `app`, which is a peer, are tried.
    pub(crate) fn policy_for(&self, app: &str) -> Option<&AppPolicy> {
        self.policies.get(app)
    }

    /// The breaker of a method of `app`, if there is to be one.
    pub(crate) fn breaker(&self, app: &str, method: &str) -> Option<Arc<Breaker>> {
        let policy = self.policies.get(app)?.breaker?;
        let mut breakers = self.breakers.lock().unwrap_or_else(PoisonError::into_inner);
        if breakers.len() >= MOST_BREAKERS {
            // Those that are open are few, and find out again.
            breakers.clear();
        }
        let breaker = breakers.entry((app.to_owned(), method.to_owned()));
        Some(Arc::clone(breaker.or_insert_with(|| Arc::new(Breaker::new(policy, Instant::now())))))
    }

    /// Whether the app was seen and its subscriptions are in place.
    pub(crate) fn is_ready(&self) -> bool {
        self.subscriptions.get().is_some()
    }

    /// The labels that were set through the metadata API.
    pub(crate) fn labels(&self) -> BTreeMap<String, String> {
        self.extended.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets a label.
    pub(crate) fn set_label(&self, name: String, value: String) {
        self.extended.lock().unwrap_or_else(PoisonError::into_inner).insert(name, value);
    }

    /// The address of a path of the app.
    pub(crate) fn app_url(&self, path: &str) -> String {
        let slash = if path.starts_with('/') { "" } else { "/" };
        format!("http://127.0.0.1:{}{slash}{path}", self.app_port)
    }
}
