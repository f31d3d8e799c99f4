//! The user that a newcomer tries the system with, made through the public API.

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use standalone::{System, loopback_client};

/// The address that the demo user signs in with. `.local` is nobody's (RFC 6762 §3).
const EMAIL: &str = "demo@tidings.local";

/// A user who can sign in.
#[derive(Debug)]
pub(crate) struct DemoUser {
    pub(crate) id: String,
    pub(crate) email: &'static str,
    pub(crate) password: String,
}

/// Signs in as the demo user, who is registered where there is none.
pub(crate) async fn find_or_make(system: &System) -> anyhow::Result<DemoUser> {
    let client = loopback_client()?;
    let base = system.base_url(backend_api::APP_ID)?;
    let password = system.secrets().demo_password()?.expose().to_owned();
    let id = match sign_in(&client, &base, &password).await? {
        Some(id) => id,
        None => register(&client, &base, &password).await?,
    };
    Ok(DemoUser { id, email: EMAIL, password })
}

/// The id of the user, unless there is none with this password.
async fn sign_in(client: &Client, base: &str, password: &str) -> anyhow::Result<Option<String>> {
    let request = client.post(format!("{base}/api/auth/token")).json(&json!({"email": EMAIL, "password": password}));
    let answer = request.send().await.context("signing in")?;
    match answer.status() {
        StatusCode::UNAUTHORIZED => Ok(None),
        StatusCode::OK => {
            let body: Value = answer.json().await.context("signing in")?;
            subject(&body["access_token"]).context("the access token names nobody").map(Some)
        }
        status => bail!("signing in was answered with {status}"),
    }
}

async fn register(client: &Client, base: &str, password: &str) -> anyhow::Result<String> {
    let user = json!({"email": EMAIL, "password": password, "first_name": "Demo", "last_name": "User"});
    let answer = client.post(format!("{base}/api/auth/register")).json(&user).send().await.context("registering")?;
    match answer.status() {
        StatusCode::CREATED => {
            let body: Value = answer.json().await.context("registering")?;
            body["user"]["id"].as_str().map(str::to_owned).context("the answer names nobody")
        }
        // Another data directory was used with this database before.
        StatusCode::CONFLICT => bail!("{EMAIL} is registered with a password that is not known here"),
        status => bail!("registering was answered with {status}"),
    }
}

/// The claim `sub` of a token (RFC 7519 §4.1.2) that comes straight from its issuer.
fn subject(token: &Value) -> Option<String> {
    let payload = URL_SAFE_NO_PAD.decode(token.as_str()?.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&payload).ok()?;
    claims["sub"].as_str().map(str::to_owned)
}
