//! Credentials as they are handed out. They are made from a grant at the last moment, so that the answers that are kept for
//! idempotency keys hold no secrets.

use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use platform::auth::Claims;
use platform::problem::Problem;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::respond::{no_store, replayed};
use crate::actions::issue_token::Grant;
use crate::actions::refresh_token::check_grant;
use crate::app::App;
use crate::store::reply::Reply;
use crate::store::users::User;

/// How long an access token is good for.
const ACCESS: TimeDelta = TimeDelta::minutes(15);

/// What somebody shows us from now on.
#[derive(Serialize, ToSchema)]
pub struct Tokens {
    /// A JWT, for `Authorization: Bearer …`.
    access_token: String,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds for which the access token is good.
    #[schema(example = 900)]
    expires_in: i64,
    /// Opaque; good for one use at `POST /api/auth/token` within 30 days.
    refresh_token: String,
}

/// A new user with their first tokens.
#[derive(Serialize, ToSchema)]
pub struct Registration {
    user: User,
    #[serde(flatten)]
    tokens: Tokens,
}

/// What the response to a request for tokens tells with them.
#[derive(Clone, Copy)]
pub enum TokenResponse {
    /// The tokens alone.
    Tokens,
    /// The user too.
    User,
}

impl TokenResponse {
    /// The response to a request that was carried out: `reply`, with credentials in the place of the grant in it.
    ///
    /// # Errors
    /// When there is no grant in it.
    pub fn respond(self, app: &App, reply: Reply) -> Result<Response, Problem> {
        let grant = reply.read_body()?;
        Ok(no_store(self.fill(app, reply, grant).into_response()))
    }

    /// The response to its repetition. The credentials are made again, and they work: their refresh token is the same as
    /// before.
    ///
    /// # Errors
    /// 401 when the refresh token was used or revoked in the meantime: somebody has got the first answer.
    pub async fn respond_again(self, app: &App, reply: Reply) -> Result<Response, Problem> {
        let grant = reply.read_body()?;
        check_grant(&app.changes.db, &grant, app.changes.clock.now()).await?;
        Ok(no_store(replayed(self.fill(app, reply, grant))))
    }

    fn fill(self, app: &App, reply: Reply, Grant { user, refresh_token_id }: Grant) -> Reply {
        let tokens = Tokens {
            access_token: app.keys.mint(&claims(&user), ACCESS),
            token_type: "Bearer",
            expires_in: ACCESS.num_seconds(),
            refresh_token: app.refresh_tokens.seal(refresh_token_id),
        };
        let body = match self {
            Self::Tokens => json!(tokens),
            Self::User => json!(Registration { user, tokens }),
        };
        Reply { body: Some(body), ..reply }
    }
}

fn claims(user: &User) -> Claims {
    Claims {
        user_id: user.id.clone(),
        email: user.email.clone(),
        first_name: Some(user.first_name.clone()),
        last_name: Some(user.last_name.clone()),
        timezone: Some(user.timezone.clone()),
    }
}
