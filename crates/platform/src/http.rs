//! The one way in which services make outgoing HTTP requests.

use std::time::Duration;

/// A pooled client for other machines. It follows no redirects, gives up after `timeout`, and goes through the proxy that the
/// environment names (`HTTPS_PROXY`, `NO_PROXY`).
///
/// # Errors
/// When the TLS set-up of the machine cannot be read.
pub fn client(timeout: Duration) -> Result<reqwest::Client, reqwest::Error> {
    builder(timeout).build()
}

/// The same for this machine, such as the sidecar: never through a proxy.
///
/// # Errors
/// When the TLS set-up of the machine cannot be read.
pub fn loopback_client(timeout: Duration) -> Result<reqwest::Client, reqwest::Error> {
    builder(timeout).no_proxy().build()
}

fn builder(timeout: Duration) -> reqwest::ClientBuilder {
    // A second installation in the same process is refused and means that the first one is in force.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .tcp_nodelay(true)
        .connect_timeout(Duration::from_secs(3))
        .timeout(timeout)
}
