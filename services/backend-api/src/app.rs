//! The state of backend-api, and everything that it answers.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::http::{HeaderName, Method, header};
use chrono::TimeDelta;
use platform::auth::{SigningKeys, Verifier};
use platform::clock::Clock;
use platform::dapr::invoke::Invoker;
use platform::dapr::jobs::Jobs;
use platform::dapr::publish::{Kept, Publisher};
use platform::dapr::timetable::announce;
use platform::dapr::{guard, sidecar_check};
use platform::database::Pool;
use platform::derived_key::DerivedKey;
use platform::health::{Check, Health};
use platform::layers;
use platform::lifecycle::Service;
use platform::metrics::Metrics;
use platform::outage::{Activity, OutageAlert};
use platform::outbox::{self, Relay, Wake, backlog_check};
use platform::overload;
use platform::random::Random;
use quick_cache::sync::Cache;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::{self, cursor::CursorSeal, limits::Limits};
use crate::config::Config;
use crate::domain::id_seal::IdSeal;
use crate::jobs;
use crate::password_hasher::PasswordHasher;
use crate::store::change::Changes;
use crate::store::series_turns::SeriesTurns;
use crate::store::users::KnownUser;
use crate::{APP_ID, SCHEMA};

/// Users that are remembered.
const REMEMBERED_USERS: usize = 10_000;

/// How long any outgoing request may take.
const HTTP_TIMEOUT: Duration = Duration::from_secs(10);

/// What handlers work with.
#[derive(Clone, Debug)]
pub struct App {
    /// The database, the clock and the outbox's bell, as one.
    pub changes: Changes,
    /// Secrets and nonces.
    pub random: Random,
    /// Says whom a token names.
    pub verifier: Verifier,
    /// The built-in issuer.
    pub keys: SigningKeys,
    /// Makes and reads its refresh tokens.
    pub refresh_tokens: IdSeal,
    /// Makes and reads tickets to WebSockets.
    pub ws_tickets: IdSeal,
    /// Hashes its users' passwords.
    pub passwords: PasswordHasher,
    /// Recognises requests that hold secrets.
    pub fingerprints: DerivedKey,
    /// Calls other services.
    pub invoker: Invoker,
    /// Lets series be changed one after the other.
    pub series_turns: SeriesTurns,
    /// How often users may ask.
    pub limits: Limits,
    /// Seals list cursors.
    pub cursors: CursorSeal,
    /// How long deleted tasks stay in the table.
    pub keep_deleted_tasks: TimeDelta,
    /// What is remembered of users that were seen before, by their ids.
    pub known_users: Arc<Cache<String, KnownUser>>,
}

/// Every route of the public API with its document.
pub fn routes() -> (Router<App>, OpenApi) {
    let (router, mut document) = OpenApiRouter::with_openapi(api::docs::Document::openapi())
        .routes(routes!(api::tasks::list, api::tasks::create))
        .routes(routes!(api::tasks::create_for_token))
        .routes(routes!(api::tasks::get, api::tasks::update, api::tasks::delete))
        .routes(routes!(api::task_verbs::complete))
        .routes(routes!(api::task_verbs::reopen))
        .routes(routes!(api::task_verbs::archive))
        .routes(routes!(api::task_restore::restore))
        .routes(routes!(api::audit_logs::list))
        .routes(routes!(api::sync::sync))
        .routes(routes!(api::ws_ticket::create))
        .routes(routes!(api::reminders::list))
        .routes(routes!(api::recurrence_preview::preview))
        .routes(routes!(api::recurrences::list))
        .routes(routes!(api::recurrences::get, api::recurrence_update::update, api::recurrences::stop))
        .routes(routes!(api::recurrences::skip))
        .routes(routes!(api::notifications::list))
        .routes(routes!(api::notifications::read))
        .routes(routes!(api::notifications::unread))
        .routes(routes!(api::notifications::read_all))
        .routes(routes!(api::notification_preferences::get, api::notification_preferences::update))
        .routes(routes!(api::unsubscribe::ask, api::unsubscribe::unsubscribe))
        .routes(routes!(api::profile::get, api::profile::update))
        .routes(routes!(api::auth::register))
        .routes(routes!(api::auth::token))
        .routes(routes!(api::auth::jwks))
        .split_for_parts();
    api::refusals::merge(&mut document);
    api::forms::add(&mut document);
    (api::parameters::check_all(router, &document), document)
}

/// What other services ask through the sidecar, and the jobs that it calls when [`jobs::timetable`] says.
fn internal_routes() -> Router<App> {
    Router::new()
        .route(&job_path(jobs::purge_deleted_tasks::NAME), axum::routing::post(jobs::purge_deleted_tasks::run))
        .route("/internal/ws-tickets/redeem", axum::routing::post(api::internal::redeem_ws_ticket))
        .route("/internal/memberships", axum::routing::post(api::internal::memberships))
        .route("/internal/sequences", axum::routing::post(api::changes::sequences))
        .route("/internal/recipients", axum::routing::post(api::recipients::recipients))
        .route("/internal/people", axum::routing::post(api::recipients::people))
        .route("/internal/instances", axum::routing::post(api::instances::create))
        .route("/internal/instances/withdraw", axum::routing::post(api::instances::withdraw))
        .route("/internal/changes", axum::routing::get(api::changes::changes))
}

fn job_path(name: &str) -> String {
    format!("/job/{name}")
}

/// Builds the service: its state, its routes, its background work.
///
/// # Errors
/// When a setting cannot be used.
pub fn build(config: &Config, db: Pool, clock: Clock, random: Random) -> anyhow::Result<Service> {
    let outbound = platform::http::client(HTTP_TIMEOUT)?;
    let loopback = platform::http::loopback_client(HTTP_TIMEOUT)?;
    let issuer = config.auth_issuer.as_str();
    let keys = SigningKeys::new(&config.auth_secret, issuer, issuer, clock.clone()).context("AUTH_SECRET")?;
    let changes = Changes { db: db.clone(), clock: clock.clone(), wake: Wake::default() };
    let app = App {
        changes: changes.clone(),
        random,
        verifier: Verifier::new(config.trusted_issuers.clone(), clock.clone(), &outbound).trusting_own(keys.clone()),
        keys,
        refresh_tokens: IdSeal::of_refresh_tokens(&config.auth_secret),
        ws_tickets: IdSeal::of_ws_tickets(&config.auth_secret),
        passwords: PasswordHasher::default(),
        fingerprints: DerivedKey::new(&config.auth_secret, "tidings-request-fingerprint"),
        invoker: Invoker::new(loopback.clone(), &config.service),
        series_turns: SeriesTurns::new(db.clone(), config.database.pool.max_connections),
        limits: Limits::new(&config.rate_limits, &clock),
        cursors: CursorSeal::new(&config.auth_secret),
        keep_deleted_tasks: config.keep_deleted_tasks,
        known_users: Arc::new(Cache::new(REMEMBERED_USERS)),
    };
    let metrics = Metrics::new(APP_ID);
    let checks = vec![
        Check::database(db.clone()),
        sidecar_check(loopback, &config.service),
        backlog_check(db.clone(), SCHEMA.name, clock.clone()),
    ];
    let health = Health::new(APP_ID, env!("CARGO_PKG_VERSION"), metrics.clone(), checks);
    let (public, document) = routes();
    let publisher = Publisher::new(&config.service)?;
    let published = publisher.kept().map(Kept::router).unwrap_or_default();
    let internal = internal_routes().with_state(app.clone()).merge(published);
    let internal = guard::sidecar_only(internal, config.service.app_api_token.clone());
    let public = public.with_state(app).merge(api::docs::router(document));
    let public = public.fallback(api::unsubscribe::not_found).method_not_allowed_fallback(layers::method_not_allowed);
    let public = overload::at_most(config.service.max_requests_in_progress, public);
    // CORS answers preflight requests, whose method no path knows: it must stand around that answer too. And it stands
    // around the limits, so that pages can read what they refuse.
    let public = config.rate_limits.address.around(public, &clock).layer(cors(config));

    let (background, background_stop) = (TaskTracker::new(), CancellationToken::new());
    let (wake, keep_published) = (changes.wake.clone(), config.change_history);
    let relay = Relay {
        db,
        schema: SCHEMA.name,
        app_id: APP_ID,
        publisher: publisher.clone(),
        wake,
        clock: clock.clone(),
        keep_published,
    };
    background.spawn(relay.clone().run(metrics.clone(), background_stop.clone()));
    let mut scheduling = OutageAlert::new(Activity::JobScheduling, APP_ID, clock, publisher, &metrics);
    background.spawn(outbox::watch(relay, metrics, background_stop.clone()));
    background.spawn(crate::actions::forget_expired::run(changes, background_stop.clone()));
    let (sidecar_jobs, stop) = (Jobs::new(&config.service)?, background_stop.clone());
    background
        .spawn(async move { announce(&sidecar_jobs, jobs::timetable::timetable(), &mut scheduling, &stop).await });
    Ok(Service { router: public.merge(internal), health, background, background_stop })
}

/// Lets the pages of the allowed origins call the API and read the headers that it speaks in.
fn cors(config: &Config) -> CorsLayer {
    let own = |name| HeaderName::from_static(name);
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(config.allowed_origins.header_values().to_vec()))
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
            header::IF_NONE_MATCH,
            own("idempotency-key"),
            own("traceparent"),
        ])
        .expose_headers([
            header::ETAG,
            header::LINK,
            header::LOCATION,
            header::RETRY_AFTER,
            own("idempotent-replayed"),
            own("ratelimit"),
            own("ratelimit-policy"),
            own("x-request-id"),
        ])
        .max_age(Duration::from_mins(10))
}
