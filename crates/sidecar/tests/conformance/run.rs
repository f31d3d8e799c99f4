//! Putting a row to a sidecar.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::app::{App, LAST, Received};
use crate::case::{Ask, Case, Check, Setup, Step};
use crate::target::{Process, Target};

/// A sidecar, its app, and what outlives it.
pub(crate) struct Bench<'t, T: Target> {
    target: &'t T,
    setup: Setup,
    app: App,
    store: T::Store,
    process: Option<Process>,
    http: String,
    client: reqwest::Client,
}

impl<'t, T: Target> Bench<'t, T> {
    /// Sets up what rows with this setup share.
    pub(crate) async fn set_up(target: &'t T, setup: Setup) -> anyhow::Result<Self> {
        let app = App::bind(setup.clone())?;
        if !setup.late {
            app.listen()?;
        }
        let store = target.store(&setup).await?;
        let client = client(target.patience())?;
        let mut bench = Self { target, setup, app, store, process: None, http: String::new(), client };
        bench.start().await?;
        if !bench.setup.late {
            bench.until_ready().await?;
        }
        Ok(bench)
    }

    /// Puts a case to it; the error says what is otherwise.
    pub(crate) async fn put(&mut self, case: &Case) -> anyhow::Result<()> {
        self.app.begin(&case.answers);
        self.walk(&case.steps).await
    }

    /// Ends the sidecar and the app.
    pub(crate) async fn tear_down(mut self) {
        if let Some(process) = self.process.take() {
            let _ = process.stop(self.target.patience()).await;
        }
        self.app.stop(self.target.patience()).await;
    }

    async fn start(&mut self) -> anyhow::Result<()> {
        let process = self.target.start(&self.setup, self.app.port, &self.store).await?;
        self.http.clone_from(&process.http);
        self.process = Some(process);
        Ok(())
    }

    async fn walk(&mut self, steps: &[Step]) -> anyhow::Result<()> {
        let mut expected: BTreeMap<&str, usize> = BTreeMap::new();
        for (place, step) in steps.iter().enumerate() {
            if let Step::Receives { path, times, .. } = step {
                expected.insert(path, *times);
            }
            self.take(step).await.with_context(|| format!("step {}", place + 1))?;
        }
        for (path, times) in expected {
            let came = self.app.received(path).len();
            ensure!(came == times, "{path} was called {came} times and not {times}");
        }
        Ok(())
    }

    async fn take(&mut self, step: &Step) -> anyhow::Result<()> {
        let patience = self.target.patience();
        match step {
            Step::Ask(ask) => self.ask(ask).await,
            Step::Receives { path, times, checks } => {
                self.until(|| async { self.app.received(path).len() >= *times }).await.with_context(|| {
                    format!("{path} was called {} times and not {times}", self.app.received(path).len())
                })?;
                let received = self.app.received(path);
                checks.iter().try_for_each(|check| check_received(check, &received).context(path.clone()))
            }
            Step::Last { topic, path } => {
                let before = self.app.last(path);
                let url = format!("{}/v1.0/publish/pubsub/{topic}?metadata.partitionKey=k", self.http);
                let answer = self.client.post(url).json(&LAST).send().await?;
                ensure!(answer.status() == 204, "the last event was answered {}", answer.status());
                self.until(|| async { self.app.last(path) > before }).await.context("the last event did not come")
            }
            Step::JobIsGone(name) => {
                let url = format!("{}/v1.0/jobs/{name}", self.http);
                let gone = || async { self.client.get(&url).send().await.is_ok_and(|answer| answer.status() == 500) };
                self.until(gone).await.with_context(|| format!("the job {name} is still there"))
            }
            Step::AppIsWell(well) => {
                self.app.is_well(*well);
                Ok(())
            }
            Step::Becomes(ask) => {
                let became = self.until(|| async { self.ask(ask).await.is_ok() }).await;
                became.with_context(|| format!("{} did not become {}", ask.path, ask.gives))
            }
            Step::NothingAt(path) => {
                let came = self.app.received(path).len();
                ensure!(came == 0, "{path} was called {came} times already");
                Ok(())
            }
            Step::AppListens => self.app.listen(),
            Step::AppLeaves => {
                self.app.stop(patience).await;
                Ok(())
            }
            Step::IsReady => self.until_ready().await,
            Step::SidecarStops => self.process.take().context("no sidecar runs")?.stop(patience).await,
            Step::SidecarEnds => self.process.take().context("no sidecar runs")?.ended(patience).await,
            Step::SidecarStarts => {
                self.start().await?;
                self.until_ready().await
            }
            Step::Passes(milliseconds) => {
                tokio::time::sleep(Duration::from_millis(*milliseconds)).await;
                Ok(())
            }
        }
    }

    async fn ask(&self, ask: &Ask) -> anyhow::Result<()> {
        let request = self.client.request(ask.method.clone(), format!("{}{}", self.http, ask.path));
        let request = ask.headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
        let answer = request.body(ask.body.clone()).send().await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = answer.bytes().await?;
        let (method, path, gives) = (&ask.method, &ask.path, ask.gives);
        let text = shown(&body);
        ensure!(status == gives, "{method} {path} gave {status} and not {gives}: {text}");
        let checked = ask.checks.iter().try_for_each(|check| check_one(check, &headers, &body));
        checked.with_context(|| format!("{method} {path} gave {text}"))
    }

    async fn until_ready(&self) -> anyhow::Result<()> {
        let url = format!("{}/v1.0/healthz", self.http);
        let ready = || async { self.client.get(&url).send().await.is_ok_and(|answer| answer.status() == 204) };
        self.until(ready).await.context("the sidecar did not become ready")
    }

    async fn until<F: Future<Output = bool>>(&self, condition: impl Fn() -> F) -> anyhow::Result<()> {
        let begun = Instant::now();
        while !condition().await {
            ensure!(begun.elapsed() < self.target.patience(), "it did not happen in time");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }
}

/// A client that keeps no connection: daprd's end waits for one that was opened and not used.
fn client(timeout: Duration) -> reqwest::Result<reqwest::Client> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let redirects = reqwest::redirect::Policy::none();
    reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).redirect(redirects).timeout(timeout).build()
}

/// What must be so of every one, or of all together.
fn check_received(check: &Check, received: &[Received]) -> anyhow::Result<()> {
    match check {
        Check::SameBody => {
            ensure!(received.windows(2).all(|pair| pair[0].body == pair[1].body), "the bodies differ");
        }
        Check::InOrder(place, values) => {
            let found: Vec<Value> = received.iter().filter_map(|one| one.json().pointer(place).cloned()).collect();
            ensure!(found == *values, "came as {found:?}");
        }
        Check::OneAtATime => {
            let overlap = |pair: &[Received]| pair[0].ended.is_none_or(|ended| ended > pair[1].began);
            ensure!(!received.windows(2).any(overlap), "two were under way at once");
        }
        Check::Method(method) => {
            ensure!(received.iter().all(|one| one.method.as_str() == *method), "not all came as {method}");
        }
        _ => received.iter().try_for_each(|one| check_one(check, &one.headers, &one.body))?,
    }
    Ok(())
}

/// The beginning of a body, for the table.
fn shown(body: &[u8]) -> String {
    String::from_utf8_lossy(body).chars().take(500).collect()
}

fn check_one(check: &Check, headers: &HeaderMap, body: &[u8]) -> anyhow::Result<()> {
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = shown(body);
    let header = |name: &str| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    match check {
        Check::Is(place, value) => {
            let found = json.pointer(place);
            ensure!(found == Some(value), "{place} is {found:?} and not {value} in {text}");
        }
        Check::Absent(place) => ensure!(json.pointer(place).is_none(), "{place} is there in {text}"),
        Check::Present(place) => ensure!(json.pointer(place).is_some(), "{place} is not there in {text}"),
        Check::Text(expected) => ensure!(body == expected.as_bytes(), "the body is {text:?} and not {expected:?}"),
        Check::Contains(part) => ensure!(String::from_utf8_lossy(body).contains(part), "{part} is not in {text}"),
        Check::Header(name, value) => {
            let found = header(name);
            ensure!(found.as_deref() == Some(*value), "the header {name} is {found:?} and not {value:?}");
        }
        Check::HeaderContains(name, part) => {
            let found = header(name);
            ensure!(found.as_deref().is_some_and(|value| value.contains(part)), "the header {name} is {found:?}");
        }
        Check::NoHeader(name) => ensure!(header(name).is_none(), "the header {name} is {:?}", header(name)),
        Check::SameBody | Check::InOrder(..) | Check::OneAtATime | Check::Method(_) => {
            anyhow::bail!("this can only be asked of what the app received")
        }
    }
    Ok(())
}
