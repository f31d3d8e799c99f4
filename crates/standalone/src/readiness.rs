//! Waiting until the services and their sidecars are ready.

use std::time::Duration;

use anyhow::{Context as _, bail};
use futures::future::try_join_all;
use reqwest::Client;
use tokio::time::{Instant, sleep};

/// How long a system may take to be ready: long, because one that starts while everybody comes back to it is slow, and giving
/// up would only bring them back to the next start.
const PATIENCE: Duration = Duration::from_mins(1);

/// How often what is not ready yet is asked again.
const PAUSE: Duration = Duration::from_millis(20);

/// A client for the loopback address, whatever proxy the environment names.
///
/// # Errors
/// When the TLS set-up of the machine cannot be read.
pub fn loopback_client() -> anyhow::Result<Client> {
    // A second installation in the same process is refused and means that the first one is in force.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().no_proxy().timeout(Duration::from_secs(10)).build();
    client.context("the HTTP client cannot be made")
}

/// Waits until every address answers with a success; each comes with the name of who answers there.
///
/// # Errors
/// When one does not within a minute; says what it said.
pub async fn wait_for(addresses: &[(String, String)]) -> anyhow::Result<()> {
    let client = loopback_client()?;
    let deadline = Instant::now() + PATIENCE;
    let each = addresses.iter().map(|(name, url)| wait_for_one(&client, name, url, deadline));
    try_join_all(each).await.map(drop)
}

async fn wait_for_one(client: &Client, name: &str, url: &str, deadline: Instant) -> anyhow::Result<()> {
    loop {
        let said = match client.get(url).send().await {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            Ok(answer) => format!("{}: {}", answer.status(), answer.text().await.unwrap_or_default()),
            Err(error) => error.to_string(),
        };
        if Instant::now() >= deadline {
            bail!("{name} was not ready within {} s; it said {said}", PATIENCE.as_secs());
        }
        sleep(PAUSE).await;
    }
}
