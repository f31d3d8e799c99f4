//! The table of the gRPC API: what is answered, and everything else by name.

use dapr::dapr::proto::common;
use dapr::dapr::proto::runtime::v1;
use dapr::dapr::proto::runtime::v1::dapr_server::Dapr;
use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status, Streaming};

use super::{jobs, metadata, publish, secrets};
use crate::sidecar::Sidecar;

/// Answers for one app.
pub(super) struct Api(pub(super) Sidecar);

/// Writes the implementation: the methods that are answered as they stand, the others as `UNIMPLEMENTED`.
macro_rules! serve {
    (answered { $($answered:tt)* } unsupported { $($method:ident: $request:ty => $response:ty;)* }) => {
        #[tonic::async_trait]
        impl Dapr for Api {
            $($answered)*
            $(async fn $method(&self, _: Request<$request>) -> Result<Response<$response>, Status> {
                Err(unsupported(stringify!($method)))
            })*
        }
    };
}

fn unsupported(method: &str) -> Status {
    let words = method.split('_').map(|word| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    });
    Status::unimplemented(format!("the embedded sidecar does not support {}", words.collect::<String>()))
}

serve! {
    answered {
        type SubscribeTopicEventsAlpha1Stream = BoxStream<v1::SubscribeTopicEventsResponseAlpha1>;
        type SubscribeConfigurationAlpha1Stream = BoxStream<v1::SubscribeConfigurationResponse>;
        type SubscribeConfigurationStream = BoxStream<v1::SubscribeConfigurationResponse>;
        type EncryptAlpha1Stream = BoxStream<v1::EncryptResponse>;
        type DecryptAlpha1Stream = BoxStream<v1::DecryptResponse>;

        async fn publish_event(&self, request: Request<v1::PublishEventRequest>) -> Result<Response<()>, Status> {
            publish::one(&self.0, request).await.map(Response::new)
        }

        async fn bulk_publish_event(
            &self,
            request: Request<v1::BulkPublishRequest>,
        ) -> Result<Response<v1::BulkPublishResponse>, Status> {
            publish::bulk(&self.0, request).await.map(Response::new)
        }

        async fn bulk_publish_event_alpha1(
            &self,
            request: Request<v1::BulkPublishRequest>,
        ) -> Result<Response<v1::BulkPublishResponse>, Status> {
            publish::bulk(&self.0, request).await.map(Response::new)
        }

        async fn get_secret(
            &self,
            request: Request<v1::GetSecretRequest>,
        ) -> Result<Response<v1::GetSecretResponse>, Status> {
            secrets::one(&self.0, request.get_ref()).map(Response::new)
        }

        async fn get_bulk_secret(
            &self,
            request: Request<v1::GetBulkSecretRequest>,
        ) -> Result<Response<v1::GetBulkSecretResponse>, Status> {
            secrets::all(&self.0, request.get_ref()).map(Response::new)
        }

        async fn schedule_job(&self, request: Request<v1::ScheduleJobRequest>) -> Result<Response<v1::ScheduleJobResponse>, Status> {
            jobs::schedule(&self.0, request.into_inner()).await.map(Response::new)
        }

        async fn get_job(&self, request: Request<v1::GetJobRequest>) -> Result<Response<v1::GetJobResponse>, Status> {
            jobs::get(&self.0, request.get_ref()).await.map(Response::new)
        }

        async fn delete_job(&self, request: Request<v1::DeleteJobRequest>) -> Result<Response<v1::DeleteJobResponse>, Status> {
            jobs::delete(&self.0, request.get_ref()).await.map(Response::new)
        }

        async fn delete_jobs_by_prefix(&self, request: Request<v1::DeleteJobsByPrefixRequest>) -> Result<Response<v1::DeleteJobsByPrefixResponse>, Status> {
            jobs::delete_by_prefix(&self.0, request.into_inner().name_prefix).await?;
            Ok(Response::new(v1::DeleteJobsByPrefixResponse {}))
        }

        async fn list_jobs(&self, _: Request<v1::ListJobsRequest>) -> Result<Response<v1::ListJobsResponse>, Status> {
            jobs::list(&self.0).await.map(|jobs| Response::new(v1::ListJobsResponse { jobs }))
        }

        async fn schedule_job_alpha1(&self, request: Request<v1::ScheduleJobRequest>) -> Result<Response<v1::ScheduleJobResponse>, Status> {
            jobs::schedule(&self.0, request.into_inner()).await.map(Response::new)
        }

        async fn get_job_alpha1(&self, request: Request<v1::GetJobRequest>) -> Result<Response<v1::GetJobResponse>, Status> {
            jobs::get(&self.0, request.get_ref()).await.map(Response::new)
        }

        async fn delete_job_alpha1(&self, request: Request<v1::DeleteJobRequest>) -> Result<Response<v1::DeleteJobResponse>, Status> {
            jobs::delete(&self.0, request.get_ref()).await.map(Response::new)
        }

        async fn delete_jobs_by_prefix_alpha1(&self, request: Request<v1::DeleteJobsByPrefixRequestAlpha1>) -> Result<Response<v1::DeleteJobsByPrefixResponseAlpha1>, Status> {
            jobs::delete_by_prefix(&self.0, request.into_inner().name_prefix).await?;
            Ok(Response::new(v1::DeleteJobsByPrefixResponseAlpha1 {}))
        }

        async fn list_jobs_alpha1(&self, _: Request<v1::ListJobsRequestAlpha1>) -> Result<Response<v1::ListJobsResponseAlpha1>, Status> {
            jobs::list(&self.0).await.map(|jobs| Response::new(v1::ListJobsResponseAlpha1 { jobs }))
        }

        async fn get_metadata(
            &self,
            _: Request<v1::GetMetadataRequest>,
        ) -> Result<Response<v1::GetMetadataResponse>, Status> {
            Ok(Response::new(metadata::show(&self.0)))
        }

        async fn set_metadata(&self, request: Request<v1::SetMetadataRequest>) -> Result<Response<()>, Status> {
            let v1::SetMetadataRequest { key, value } = request.into_inner();
            self.0.set_label(key, value);
            Ok(Response::new(()))
        }

        async fn shutdown(&self, _: Request<v1::ShutdownRequest>) -> Result<Response<()>, Status> {
            self.0.stop.cancel();
            Ok(Response::new(()))
        }
    }
    unsupported {
        invoke_service: v1::InvokeServiceRequest => common::v1::InvokeResponse;
        get_state: v1::GetStateRequest => v1::GetStateResponse;
        get_bulk_state: v1::GetBulkStateRequest => v1::GetBulkStateResponse;
        save_state: v1::SaveStateRequest => ();
        query_state_alpha1: v1::QueryStateRequest => v1::QueryStateResponse;
        delete_state: v1::DeleteStateRequest => ();
        delete_bulk_state: v1::DeleteBulkStateRequest => ();
        execute_state_transaction: v1::ExecuteStateTransactionRequest => ();
        subscribe_topic_events_alpha1: Streaming<v1::SubscribeTopicEventsRequestAlpha1> => Self::SubscribeTopicEventsAlpha1Stream;
        invoke_binding: v1::InvokeBindingRequest => v1::InvokeBindingResponse;
        register_actor_timer: v1::RegisterActorTimerRequest => ();
        unregister_actor_timer: v1::UnregisterActorTimerRequest => ();
        register_actor_reminder: v1::RegisterActorReminderRequest => ();
        unregister_actor_reminder: v1::UnregisterActorReminderRequest => ();
        unregister_actor_reminders_by_type: v1::UnregisterActorRemindersByTypeRequest => v1::UnregisterActorRemindersByTypeResponse;
        list_actor_reminders: v1::ListActorRemindersRequest => v1::ListActorRemindersResponse;
        get_actor_state: v1::GetActorStateRequest => v1::GetActorStateResponse;
        get_actor_reminder: v1::GetActorReminderRequest => v1::GetActorReminderResponse;
        execute_actor_state_transaction: v1::ExecuteActorStateTransactionRequest => ();
        invoke_actor: v1::InvokeActorRequest => v1::InvokeActorResponse;
        get_configuration_alpha1: v1::GetConfigurationRequest => v1::GetConfigurationResponse;
        get_configuration: v1::GetConfigurationRequest => v1::GetConfigurationResponse;
        subscribe_configuration_alpha1: v1::SubscribeConfigurationRequest => Self::SubscribeConfigurationAlpha1Stream;
        subscribe_configuration: v1::SubscribeConfigurationRequest => Self::SubscribeConfigurationStream;
        unsubscribe_configuration_alpha1: v1::UnsubscribeConfigurationRequest => v1::UnsubscribeConfigurationResponse;
        unsubscribe_configuration: v1::UnsubscribeConfigurationRequest => v1::UnsubscribeConfigurationResponse;
        try_lock_alpha1: v1::TryLockRequest => v1::TryLockResponse;
        unlock_alpha1: v1::UnlockRequest => v1::UnlockResponse;
        encrypt_alpha1: Streaming<v1::EncryptRequest> => Self::EncryptAlpha1Stream;
        decrypt_alpha1: Streaming<v1::DecryptRequest> => Self::DecryptAlpha1Stream;
        subtle_get_key_alpha1: v1::SubtleGetKeyRequest => v1::SubtleGetKeyResponse;
        subtle_encrypt_alpha1: v1::SubtleEncryptRequest => v1::SubtleEncryptResponse;
        subtle_decrypt_alpha1: v1::SubtleDecryptRequest => v1::SubtleDecryptResponse;
        subtle_wrap_key_alpha1: v1::SubtleWrapKeyRequest => v1::SubtleWrapKeyResponse;
        subtle_unwrap_key_alpha1: v1::SubtleUnwrapKeyRequest => v1::SubtleUnwrapKeyResponse;
        subtle_sign_alpha1: v1::SubtleSignRequest => v1::SubtleSignResponse;
        subtle_verify_alpha1: v1::SubtleVerifyRequest => v1::SubtleVerifyResponse;
        start_workflow_alpha1: v1::StartWorkflowRequest => v1::StartWorkflowResponse;
        get_workflow_alpha1: v1::GetWorkflowRequest => v1::GetWorkflowResponse;
        purge_workflow_alpha1: v1::PurgeWorkflowRequest => ();
        terminate_workflow_alpha1: v1::TerminateWorkflowRequest => ();
        pause_workflow_alpha1: v1::PauseWorkflowRequest => ();
        resume_workflow_alpha1: v1::ResumeWorkflowRequest => ();
        raise_event_workflow_alpha1: v1::RaiseEventWorkflowRequest => ();
        start_workflow_beta1: v1::StartWorkflowRequest => v1::StartWorkflowResponse;
        get_workflow_beta1: v1::GetWorkflowRequest => v1::GetWorkflowResponse;
        purge_workflow_beta1: v1::PurgeWorkflowRequest => ();
        terminate_workflow_beta1: v1::TerminateWorkflowRequest => ();
        pause_workflow_beta1: v1::PauseWorkflowRequest => ();
        resume_workflow_beta1: v1::ResumeWorkflowRequest => ();
        raise_event_workflow_beta1: v1::RaiseEventWorkflowRequest => ();
        converse_alpha1: v1::ConversationRequest => v1::ConversationResponse;
        converse_alpha2: v1::ConversationRequestAlpha2 => v1::ConversationResponseAlpha2;
        create_index_alpha1: v1::CreateIndexRequestAlpha1 => ();
        get_index_alpha1: v1::GetIndexRequestAlpha1 => v1::GetIndexResponseAlpha1;
        list_indexes_alpha1: v1::ListIndexesRequestAlpha1 => v1::ListIndexesResponseAlpha1;
        delete_index_alpha1: v1::DeleteIndexRequestAlpha1 => ();
        index_documents_alpha1: v1::IndexDocumentsRequestAlpha1 => v1::IndexDocumentsResponseAlpha1;
        get_documents_alpha1: v1::GetDocumentsRequestAlpha1 => v1::GetDocumentsResponseAlpha1;
        delete_documents_alpha1: v1::DeleteDocumentsRequestAlpha1 => v1::DeleteDocumentsResponseAlpha1;
        search_alpha1: v1::SearchRequestAlpha1 => v1::SearchResponseAlpha1;
        create_collection_alpha1: v1::CreateCollectionRequestAlpha1 => ();
        get_collection_alpha1: v1::GetCollectionRequestAlpha1 => v1::GetCollectionResponseAlpha1;
        list_collections_alpha1: v1::ListCollectionsRequestAlpha1 => v1::ListCollectionsResponseAlpha1;
        delete_collection_alpha1: v1::DeleteCollectionRequestAlpha1 => ();
        upsert_vectors_alpha1: v1::UpsertVectorsRequestAlpha1 => v1::UpsertVectorsResponseAlpha1;
        delete_vectors_alpha1: v1::DeleteVectorsRequestAlpha1 => v1::DeleteVectorsResponseAlpha1;
        get_vectors_alpha1: v1::GetVectorsRequestAlpha1 => v1::GetVectorsResponseAlpha1;
        query_vectors_alpha1: v1::QueryVectorsRequestAlpha1 => v1::QueryVectorsResponseAlpha1;
        batch_query_vectors_alpha1: v1::BatchQueryVectorsRequestAlpha1 => v1::BatchQueryVectorsResponseAlpha1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_named_as_in_the_protocol() {
        assert!(unsupported("get_state").message().ends_with("does not support GetState"));
    }
}
