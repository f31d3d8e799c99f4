//! The built-in issuer: people register, prove who they are, and get tokens; whoever verifies the tokens gets the keys.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use platform::extract::RawJson;
use platform::problem::Problem;
use platform::rate_limit::Client;
use platform::trace::TraceContext;
use utoipa::ToSchema;

use super::auth_input::{Proof, Register, TokenRequest};
use super::credentials::{Registration, TokenResponse, Tokens};
use super::docs::OnceHeader;
use super::link::segment;
use super::once::once_in_secret;
use super::refusals::{BodyRefusals, CredentialsRefusals, OnceRefusals, refusals};
use super::trace::Trace;
use crate::actions::issue_token::issue_token;
use crate::actions::refresh_token::{Refreshed, read_refresh_token, refresh_token};
use crate::actions::register_user::register_user;
use crate::actions::verify_password::verify_password;
use crate::app::App;
use crate::store::change::Begun;
use crate::store::idempotency::Once;
use crate::store::isolation::Acting;
use crate::store::reply::Reply;

refusals! {
    /// What registering may answer besides.
    RegisterRefusals {
        "401" ["refresh_token_reused"] => "A repetition, after the tokens of the first answer were used",
        "409" ["email_taken"] => "The e-mail address is taken",
    }
    /// What signing in may answer besides.
    TokensRefusals {
        "401" ["credentials_invalid", "refresh_token_expired", "refresh_token_invalid", "refresh_token_reused", "refresh_token_revoked"]
            => "What was presented proves nothing, or no more",
    }
}

/// Makes a user with a password, and their personal workspace.
#[utoipa::path(post, path = "/api/auth/register", tag = "identity", operation_id = "register", security(()), request_body = Register,
    params(OnceHeader), responses(
        (status = 201, body = Registration, description = "The user with their first tokens", headers(("Location" = String), ("Cache-Control" = String))),
        RegisterRefusals, CredentialsRefusals, OnceRefusals, BodyRefusals))]
pub async fn register(
    State(app): State<App>,
    Trace(trace): Trace,
    client: Client,
    headers: HeaderMap,
    RawJson { value: input, bytes }: RawJson<Register>,
) -> Result<Response, Problem> {
    let (newcomer, password) = input.validate()?;
    app.limits.count_registration(&client)?;
    let once = once_in_secret(&headers, "auth:register", &newcomer.email.folded(), &app.fingerprints, &bytes)?;
    // Before the transaction: waiting for a turn must not hold a connection.
    let hash = app.passwords.hash(password, &app.random).await?;
    let mut change = match app.changes.begin_once(Acting::System, trace, once).await? {
        Begun::Fresh(change) => change,
        Begun::Replay(reply) => return TokenResponse::User.respond_again(&app, reply).await,
    };
    let grant = register_user(&mut change, newcomer, hash).await?;
    let location = format!("/api/{}/profile", segment(&grant.user.id));
    let reply = change.finish(Reply::created(location, &grant)).await?;
    TokenResponse::User.respond(&app, reply)
}

/// Gives tokens for a password, or for the refresh token that came with the last ones.
#[utoipa::path(post, path = "/api/auth/token", tag = "identity", operation_id = "get_tokens", security(()), request_body = TokenRequest,
    params(OnceHeader), responses((status = 200, body = Tokens, description = "New tokens", headers(("Cache-Control" = String))),
        TokensRefusals, CredentialsRefusals, OnceRefusals, BodyRefusals))]
pub async fn token(
    State(app): State<App>,
    Trace(trace): Trace,
    client: Client,
    headers: HeaderMap,
    RawJson { value: input, bytes }: RawJson<TokenRequest>,
) -> Result<Response, Problem> {
    let proof = input.validate()?;
    let subject = proof.subject();
    let once = once_in_secret(&headers, "auth:token", &subject, &app.fingerprints, &bytes)?;
    match proof {
        Proof::Password { email, password } => {
            app.limits.count_sign_in(&client, &subject)?;
            sign_in(&app, trace, once, &email, password).await
        }
        Proof::RefreshToken(token) => refresh(&app, trace, once, &token).await,
    }
}

async fn sign_in(
    app: &App,
    trace: Option<TraceContext>,
    once: Option<Once>,
    email: &str,
    password: String,
) -> Result<Response, Problem> {
    let user = verify_password(&app.changes.db, &app.passwords, email, password).await?;
    let change = match app.changes.begin_once(Acting::Nobody, trace, once).await? {
        Begun::Fresh(change) => change,
        Begun::Replay(reply) => return TokenResponse::Tokens.respond_again(app, reply).await,
    };
    let grant = issue_token(&change, user).await?;
    let reply = change.finish(Reply::ok(&grant)).await?;
    TokenResponse::Tokens.respond(app, reply)
}

async fn refresh(app: &App, trace: Option<TraceContext>, once: Option<Once>, token: &str) -> Result<Response, Problem> {
    let id = read_refresh_token(&app.refresh_tokens, token)?;
    let change = match app.changes.begin_once(Acting::Nobody, trace, once).await? {
        Begun::Fresh(change) => change,
        Begun::Replay(reply) => return TokenResponse::Tokens.respond_again(app, reply).await,
    };
    match refresh_token(&change, id).await? {
        Refreshed::Granted(grant) => {
            let reply = change.finish(Reply::ok(&grant)).await?;
            TokenResponse::Tokens.respond(app, reply)
        }
        Refreshed::Revoked(refusal) => {
            change.commit().await?;
            Err(refusal)
        }
    }
}

/// A key set (RFC 7517 §5).
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what SigningKeys::jwks makes")]
pub struct KeySet {
    /// The previous, the current and the next key, each an Ed25519 public key (RFC 8037 §2) with its `kid`.
    keys: Vec<serde_json::Value>,
}

/// The public keys with which the tokens are verified.
#[utoipa::path(get, path = "/api/auth/jwks", tag = "identity", operation_id = "list_keys", security(()),
    responses((status = 200, body = KeySet, description = "The keys", headers(("Cache-Control" = String)))))]
pub async fn jwks(State(app): State<App>) -> Response {
    ([(header::CACHE_CONTROL, "public, max-age=600")], axum::Json(app.keys.jwks())).into_response()
}
