//! The way to the sidecar's gRPC API, shared by what is sent over it.

use std::time::Duration;

use dapr::dapr::proto::runtime::v1::dapr_client::DaprClient;
use tonic::Request;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};

use super::API_TOKEN;
use crate::config::ServiceConfig;

/// How long one call may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// This service's sidecar; connects when it is first needed, and again when the sidecar comes back. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Sidecar {
    client: DaprClient<Channel>,
    token: Option<MetadataValue<Ascii>>,
}

impl Sidecar {
    /// The sidecar of `config`.
    ///
    /// # Errors
    /// When the token of the sidecar cannot be a header value.
    pub(super) fn new(config: &ServiceConfig) -> anyhow::Result<Self> {
        let endpoint = Endpoint::from_shared(format!("http://127.0.0.1:{}", config.dapr_grpc_port))?
            .connect_timeout(Duration::from_secs(3))
            .timeout(TIMEOUT);
        let token = config.dapr_api_token.as_ref().map(|token| token.expose().parse()).transpose()?;
        Ok(Self { client: DaprClient::new(endpoint.connect_lazy()), token })
    }

    /// The client for one call.
    pub(super) fn client(&self) -> DaprClient<Channel> {
        self.client.clone()
    }

    /// A request that shows the sidecar's token.
    pub(super) fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(token) = &self.token {
            request.metadata_mut().insert(API_TOKEN, token.clone());
        }
        request
    }
}
