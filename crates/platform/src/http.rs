//! The one way in which services make outgoing HTTP requests.

use std::time::Duration;

/// A pooled client that follows no redirects and gives up after `timeout`.
///
/// # Errors
/// When the TLS set-up of the machine cannot be read.
pub fn client(timeout: Duration) -> Result<reqwest::Client, reqwest::Error> {
    // A second installation in the same process is refused and means that the first one is in force.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(3))
        .timeout(timeout)
        .build()
}
