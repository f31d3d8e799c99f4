//! Publishing over gRPC.

use dapr::dapr::proto::runtime::v1;
use tonic::metadata::MetadataMap;
use tonic::{Code, Request, Status};

use crate::publish::{BulkFailure, BulkPublication, Entry, Publication, Reason, Refusal, Trace};
use crate::sidecar::Sidecar;

pub(super) async fn one(sidecar: &Sidecar, request: Request<v1::PublishEventRequest>) -> Result<(), Status> {
    let trace = trace(sidecar, request.metadata());
    let request = request.into_inner();
    let publication = Publication {
        pubsub: request.pubsub_name,
        topic: request.topic,
        content_type: request.data_content_type,
        data: request.data.into(),
        metadata: request.metadata.into_iter().collect(),
        trace,
    };
    Ok(sidecar.publish(publication).await?)
}

pub(super) async fn bulk(
    sidecar: &Sidecar,
    request: Request<v1::BulkPublishRequest>,
) -> Result<v1::BulkPublishResponse, Status> {
    let trace = trace(sidecar, request.metadata());
    let request = request.into_inner();
    let entries = request.entries.into_iter().map(|entry| Entry {
        id: entry.entry_id,
        content_type: entry.content_type,
        event: entry.event.into(),
        metadata: (!entry.metadata.is_empty()).then(|| entry.metadata.into_iter().collect()),
    });
    let publication = BulkPublication {
        pubsub: request.pubsub_name,
        topic: request.topic,
        entries: entries.collect(),
        metadata: request.metadata.into_iter().collect(),
        trace,
    };
    match sidecar.publish_bulk(publication).await {
        Ok(()) => Ok(v1::BulkPublishResponse::default()),
        Err(BulkFailure::Refused(refused)) => Err(refused.into()),
        Err(BulkFailure::Failed { entry_ids, error }) => {
            let failed = entry_ids
                .into_iter()
                .map(|entry_id| v1::BulkPublishResponseFailedEntry { entry_id, error: error.clone() });
            Ok(v1::BulkPublishResponse { failed_entries: failed.collect() })
        }
    }
}

fn trace(sidecar: &Sidecar, metadata: &MetadataMap) -> Trace {
    let text = |name: &str| metadata.get(name).and_then(|value| value.to_str().ok());
    Trace::new(text("traceparent"), text("tracestate"), &sidecar.shared.random)
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal.reason {
            Reason::NotConfigured => Code::FailedPrecondition,
            Reason::Forbidden => Code::PermissionDenied,
            Reason::Publish => Code::Internal,
            Reason::NotFound
            | Reason::NameEmpty
            | Reason::TopicEmpty
            | Reason::Metadata
            | Reason::CloudEvent
            | Reason::Events => Code::InvalidArgument,
        };
        Self::new(code, refusal.message)
    }
}
