//! Secrets over HTTP.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::error::legacy;
use crate::resources::SecretStore;
use crate::sidecar::Sidecar;

/// `GET /v1.0/secrets/{store}/{key}`
pub(super) fn one(sidecar: &Sidecar, store: &str, key: &str) -> Response {
    match find(sidecar, store).map(|found| found.get(key)) {
        Ok(Ok(secret)) => Json(secret).into_response(),
        Ok(Err(error)) => {
            let message = format!("failed getting secret with key {key} from secret store {store}: {error}");
            legacy(StatusCode::INTERNAL_SERVER_ERROR, "ERR_SECRET_GET", &message)
        }
        Err(refusal) => *refusal,
    }
}

/// `GET /v1.0/secrets/{store}/bulk`
pub(super) fn all(sidecar: &Sidecar, store: &str) -> Response {
    find(sidecar, store).map_or_else(|refusal| *refusal, |found| Json(found.all()).into_response())
}

fn find<'a>(sidecar: &'a Sidecar, name: &str) -> Result<&'a SecretStore, Box<Response>> {
    let mut stores = sidecar.shared.resources.secret_stores_of(&sidecar.app_id).peekable();
    if stores.peek().is_none() {
        let (code, message) = ("ERR_SECRET_STORES_NOT_CONFIGURED", "secret store is not configured");
        return Err(Box::new(legacy(StatusCode::INTERNAL_SERVER_ERROR, code, message)));
    }
    stores.find(|store| store.name == name).ok_or_else(|| {
        let message = format!("failed finding secret store with key {name}");
        Box::new(legacy(StatusCode::UNAUTHORIZED, "ERR_SECRET_STORE_NOT_FOUND", &message))
    })
}
