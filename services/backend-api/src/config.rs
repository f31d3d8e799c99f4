//! The settings of backend-api.

use axum::http::HeaderValue;
use platform::auth::TrustedIssuer;
use platform::config::{ConfigErrors, Reader, Secret, ServiceConfig, Variables};

/// Everything that can be set.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens and where its sidecar is.
    pub service: ServiceConfig,
    /// `DATABASE_URL`, as the role of schema `core`.
    pub database_url: String,
    /// `DATABASE_POOL`: connections at most.
    pub database_pool: u32,
    /// `AUTH_SECRET`: what the built-in issuer's keys, refresh tokens and list cursors are derived from.
    pub auth_secret: Secret,
    /// `AUTH_ISSUER`: the name of the built-in issuer, `iss` and `aud` of its tokens.
    pub auth_issuer: String,
    /// `TRUSTED_ISSUERS`: others whose tokens are accepted, such as Better Auth.
    pub trusted_issuers: Vec<TrustedIssuer>,
    /// `ALLOWED_ORIGINS`: browsers' pages that may call the API (CORS).
    pub allowed_origins: Vec<HeaderValue>,
}

impl Config {
    /// Reads and checks the variables.
    ///
    /// # Errors
    /// Every mistake at once.
    pub fn read(variables: &Variables) -> Result<Self, ConfigErrors> {
        let mut reader = Reader::new(variables);
        let config = Self {
            service: ServiceConfig::read(&mut reader, 8000, 3500, 50_001),
            database_url: reader.required("DATABASE_URL", "the postgres:// address of the service's database"),
            database_pool: reader.parse_or("DATABASE_POOL", 16),
            auth_secret: Secret::new(
                reader.required("AUTH_SECRET", "at least 32 random bytes: openssl rand -base64 48"),
            ),
            auth_issuer: reader.optional("AUTH_ISSUER").unwrap_or("http://localhost:8000").to_owned(),
            trusted_issuers: TrustedIssuer::read(&mut reader),
            allowed_origins: origins(&mut reader),
        };
        if reader.optional("AUTH_SECRET").is_some_and(|secret| secret.len() < 32) {
            reader.mistake("AUTH_SECRET", "is too short: at least 32 random bytes, openssl rand -base64 48");
        }
        reader.finish(config)
    }
}

fn origins(reader: &mut Reader<'_>) -> Vec<HeaderValue> {
    let list = reader.optional("ALLOWED_ORIGINS").unwrap_or("http://localhost:3000,http://127.0.0.1:3000");
    let mut origins = Vec::new();
    for origin in list.split(',').map(str::trim).filter(|origin| !origin.is_empty()) {
        match HeaderValue::from_str(origin) {
            Ok(value) if origin.contains("://") => origins.push(value),
            _ => reader.mistake("ALLOWED_ORIGINS", "lists origins such as http://localhost:3000, comma-separated"),
        }
    }
    origins
}
