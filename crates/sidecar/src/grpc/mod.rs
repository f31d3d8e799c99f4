//! The gRPC API.

mod jobs;
mod metadata;
mod publish;
mod secrets;
mod service;

use dapr::dapr::proto::runtime::v1::dapr_server::DaprServer;
use platform::dapr::API_TOKEN;
use tokio::net::TcpListener;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Status};

use crate::sidecar::Sidecar;
use service::Api;

/// The largest message, in bytes.
const MAX_MESSAGE: usize = 4 * 1024 * 1024;

/// Serves the gRPC API until the sidecar stops; calls under way are finished.
pub(crate) async fn serve(sidecar: Sidecar, listener: TcpListener) {
    let stop = sidecar.stop.clone();
    let door = sidecar.clone();
    let admit = move |request: Request<()>| {
        let token = request.metadata().get(API_TOKEN).map(tonic::metadata::MetadataValue::as_encoded_bytes);
        if door.admits(token) { Ok(request) } else { Err(Status::unauthenticated("invalid api token")) }
    };
    let api = DaprServer::new(Api(sidecar)).max_decoding_message_size(MAX_MESSAGE);
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let served = Server::builder()
        .add_service(InterceptedService::new(api, admit))
        .serve_with_incoming_shutdown(incoming, async move { stop.cancelled().await });
    if let Err(error) = served.await {
        tracing::error!(%error, "the gRPC API of a sidecar failed");
    }
}
