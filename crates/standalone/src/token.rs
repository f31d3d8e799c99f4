//! Tokens of the built-in issuer, made with the secret of the data directory; no system needs to run.

use anyhow::Context as _;
use chrono::TimeDelta;
use platform::auth::{Claims, SigningKeys};
use platform::clock::Clock;
use platform::config::Variables;

use crate::environment;
use crate::ports::Ports;
use crate::secrets::Secrets;
use crate::services::service_port;

/// A token that names `user` and is valid for `lifetime`, as a system with these ports accepts it.
///
/// # Errors
/// When the secrets cannot be read or made.
pub fn mint(
    variables: &Variables,
    secrets: &Secrets,
    ports: Ports,
    user: &str,
    lifetime: TimeDelta,
) -> anyhow::Result<String> {
    let port = service_port(backend_api::APP_ID, ports)?;
    mint_for(variables, secrets, port, user, lifetime)
}

/// The same for a backend that listens on `port`.
pub(crate) fn mint_for(
    variables: &Variables,
    secrets: &Secrets,
    port: u16,
    user: &str,
    lifetime: TimeDelta,
) -> anyhow::Result<String> {
    let issuer = environment::issuer(variables, port);
    let secret = environment::auth_secret(variables, secrets)?;
    let keys = SigningKeys::new(&secret, &issuer, &issuer, Clock::system()).context("AUTH_SECRET")?;
    Ok(keys.mint(&Claims { user_id: user.to_owned(), ..Claims::default() }, lifetime))
}
