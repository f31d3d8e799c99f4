//! Secrets over gRPC.

use dapr::dapr::proto::runtime::v1;
use tonic::Status;

use crate::resources::SecretStore;
use crate::sidecar::Sidecar;

pub(super) fn one(sidecar: &Sidecar, request: &v1::GetSecretRequest) -> Result<v1::GetSecretResponse, Status> {
    let v1::GetSecretRequest { store_name, key, .. } = request;
    let secret = find(sidecar, store_name)?.get(key).map_err(|error| {
        Status::internal(format!("failed getting secret with key {key} from secret store {store_name}: {error}"))
    })?;
    Ok(v1::GetSecretResponse { data: secret.into_iter().collect() })
}

pub(super) fn all(sidecar: &Sidecar, request: &v1::GetBulkSecretRequest) -> Result<v1::GetBulkSecretResponse, Status> {
    let secrets = find(sidecar, &request.store_name)?.all().into_iter();
    let data = secrets.map(|(name, secret)| (name, v1::SecretResponse { secrets: secret.into_iter().collect() }));
    Ok(v1::GetBulkSecretResponse { data: data.collect() })
}

fn find<'a>(sidecar: &'a Sidecar, name: &str) -> Result<&'a SecretStore, Status> {
    let mut stores = sidecar.shared.resources.secret_stores_of(&sidecar.app_id).peekable();
    if stores.peek().is_none() {
        return Err(Status::failed_precondition("secret store is not configured"));
    }
    stores
        .find(|store| store.name == name)
        .ok_or_else(|| Status::invalid_argument(format!("failed finding secret store with key {name}")))
}
