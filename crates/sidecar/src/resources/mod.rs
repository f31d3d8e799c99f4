//! The components folder: which pub/sub components, secret stores, declarative subscriptions and resiliency policies there are.

mod breaker;
mod component;
mod component_type;
mod document;
mod property;
mod resiliency;
mod retry;
mod scopes;
mod secrets;
mod subscription;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use resiliency::Resiliency;

pub(crate) use breaker::BreakerPolicy;
pub(crate) use component::{Beginning, Component, Pubsub};
pub(crate) use document::{Kind, Problem};
pub(crate) use resiliency::{AppPolicy, InboundPolicy};
pub(crate) use retry::{Pauses, Retry};
pub(crate) use secrets::SecretStore;
pub(crate) use subscription::{BulkSubscribe, DeclaredSubscription, Routes};

/// A folder, file or document that cannot be used. The text names the file and the document, counted from 1.
#[derive(Debug, thiserror::Error)]
pub enum ResourceError {
    /// A file or the folder cannot be read.
    #[error("{path}: cannot be read: {source}")]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A document is not what its kind asks for, or asks for what the embedded sidecar does not do.
    #[error("{path}, document {document}: {problem}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Which document of the file, counted from 1.
        document: usize,
        /// What is wrong.
        problem: String,
    },
}

/// The folder within the components folder that is read too. A real daprd does not look into it: it is named to it as another
/// `--resources-path`.
pub const SUBSCRIPTIONS: &str = "subscriptions";

/// What the components folder says.
#[derive(Debug, Default)]
pub struct Resources {
    pub(crate) components: Vec<Component>,
    pub(crate) pubsubs: Vec<Pubsub>,
    pub(crate) secret_stores: Vec<SecretStore>,
    pub(crate) subscriptions: Vec<DeclaredSubscription>,
    resiliencies: Vec<Resiliency>,
}

impl Resources {
    /// Reads every `.yaml` and `.yml` file of `folder` and of its folder [`SUBSCRIPTIONS`], in the order of their names. Relative paths in a component are
    /// taken as given, else from the folder's parent. A component of a type that is not known is passed over with a
    /// warning.
    ///
    /// # Errors
    /// When a file cannot be read, or a document cannot be used.
    pub fn load(folder: impl AsRef<Path>) -> Result<Self, ResourceError> {
        let folder = folder.as_ref();
        let unreadable = |path: &Path| {
            let path = path.to_owned();
            move |source| ResourceError::Unreadable { path, source }
        };
        let mut files = yaml_files(folder).map_err(unreadable(folder))?;
        let subscriptions = folder.join(SUBSCRIPTIONS);
        if subscriptions.is_dir() {
            files.extend(yaml_files(&subscriptions).map_err(unreadable(&subscriptions))?);
        }
        let base = folder.parent().unwrap_or(folder);
        let mut resources = Self::default();
        for path in files {
            let text = std::fs::read_to_string(&path).map_err(unreadable(&path))?;
            resources.add_file(&path, &text, base)?;
        }
        resources.share_logs(&BTreeSet::new());
        Ok(resources)
    }

    /// Lets components that name one broker share its topics, as they do with a real one. They are kept under the name of the
    /// first of the components that is `known` to the log, so that a component that is added later does not hide what is
    /// there; else of the first, by name.
    pub(crate) fn share_logs(&mut self, known: &BTreeSet<String>) {
        let mut logs = BTreeMap::new();
        self.pubsubs.sort_by_cached_key(|pubsub| (!known.contains(&pubsub.name), pubsub.name.clone()));
        for pubsub in &mut self.pubsubs {
            if let Some(broker) = &pubsub.broker {
                pubsub.log.clone_from(logs.entry(broker.clone()).or_insert_with(|| pubsub.name.clone()));
            }
        }
    }

    fn add_file(&mut self, path: &Path, text: &str, base: &Path) -> Result<(), ResourceError> {
        for (index, parsed) in document::split(text).enumerate() {
            let added = parsed.and_then(|kind| self.add(kind, base));
            added.map_err(|Problem(problem)| ResourceError::Invalid {
                path: path.to_owned(),
                document: index + 1,
                problem,
            })?;
        }
        Ok(())
    }

    fn add(&mut self, kind: Kind, base: &Path) -> Result<(), Problem> {
        match kind {
            Kind::Component(document) => {
                let component = Component::from_document(*document)?;
                if self.components.iter().any(|known| known.name == component.name) {
                    return Err(Problem(format!("there are two components called {}", component.name)));
                }
                if component.kind.starts_with("pubsub.") {
                    self.pubsubs.push(Pubsub::of(&component)?);
                } else if component.kind.starts_with("secretstores.local.") {
                    match SecretStore::open(&component, base) {
                        Ok(store) => self.secret_stores.push(store),
                        Err(Problem(problem)) if component.ignore_errors => {
                            tracing::info!(component = component.name, problem, "a component is left out");
                            return Ok(());
                        }
                        Err(problem) => return Err(problem),
                    }
                } else {
                    tracing::warn!(component = component.name, kind = component.kind, "no such type of component here");
                    return Ok(());
                }
                self.components.push(component);
            }
            Kind::Subscription(document) => self.subscriptions.push(DeclaredSubscription::from_document(*document)?),
            Kind::Resiliency(document) => self.resiliencies.push(Resiliency::from_document(*document)?),
            Kind::Other(kind) => tracing::debug!(kind, "resource is of no concern to the embedded sidecar"),
            Kind::Nothing => {}
        }
        Ok(())
    }

    /// The topics that subscriptions in files name, and those of their dead letters: what a broker has to have.
    pub fn declared_topics(&self) -> impl Iterator<Item = &str> {
        let topics = self.subscriptions.iter();
        topics.flat_map(|declared| [Some(declared.topic.as_str()), declared.dead_letter_topic.as_deref()]).flatten()
    }

    /// The pub/sub component called `name`, when `app` may use it.
    pub(crate) fn pubsub(&self, name: &str, app: &str) -> Option<&Pubsub> {
        self.pubsubs.iter().find(|pubsub| pubsub.name == name && in_scope(&pubsub.scopes, app))
    }

    /// How deliveries from a pub/sub component to `app` are tried.
    pub(crate) fn inbound_policy(&self, pubsub: &str, app: &str) -> InboundPolicy {
        InboundPolicy::of(pubsub, self.resiliencies.iter().filter(|resiliency| in_scope(&resiliency.scopes, app)))
    }

    /// How invocations of `callee` by `caller` are tried.
    pub(crate) fn app_policy(&self, callee: &str, caller: &str) -> AppPolicy {
        AppPolicy::of(callee, self.resiliencies.iter().filter(|resiliency| in_scope(&resiliency.scopes, caller)))
    }

    /// The secret stores that `app` may use.
    pub(crate) fn secret_stores_of<'a>(&'a self, app: &'a str) -> impl Iterator<Item = &'a SecretStore> {
        self.secret_stores.iter().filter(move |store| in_scope(&store.scopes, app))
    }

    /// The components that `app` may use.
    pub(crate) fn components_of<'a>(&'a self, app: &'a str) -> impl Iterator<Item = &'a Component> {
        self.components.iter().filter(move |component| in_scope(&component.scopes, app))
    }
}

/// The YAML files of a folder, in the order of their names.
fn yaml_files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let yaml = path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
        if yaml && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Whether `app` is among the app ids of `scopes`; no scopes means everybody.
pub(crate) fn in_scope(scopes: &[String], app: &str) -> bool {
    scopes.is_empty() || scopes.iter().any(|scope| scope == app)
}
