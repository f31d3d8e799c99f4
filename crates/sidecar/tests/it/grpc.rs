//! The gRPC API.

use std::collections::HashMap;

use dapr::dapr::proto::runtime::v1;
use dapr::dapr::proto::runtime::v1::dapr_client::DaprClient;
use platform::config::{Reader, ServiceConfig, Variables};
use platform::dapr::jobs::{FailurePolicy, Job, Jobs};
use serde_json::json;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request};

use crate::app::TestApp;
use crate::rig::{Base, Plan, Rig, database, subscribe_to};

fn client(base: &Base) -> DaprClient<Channel> {
    DaprClient::new(Endpoint::from_shared(base.grpc.clone()).unwrap().connect_lazy())
}

fn publication(pubsub: &str, topic: &str) -> v1::PublishEventRequest {
    v1::PublishEventRequest {
        pubsub_name: pubsub.to_owned(),
        topic: topic.to_owned(),
        data: br#"{"n":1.0}"#.to_vec(),
        data_content_type: "application/json".to_owned(),
        metadata: HashMap::from([("partitionKey".to_owned(), "k".to_owned())]),
    }
}

#[tokio::test]
async fn an_event_published_by_grpc_is_the_same_as_by_http() {
    let app = TestApp::start(&subscribe_to(&["orders"])).await;
    let (_rig, base, _database) = Rig::with(&app).await;
    let mut request = Request::new(publication("pubsub", "orders"));
    request.metadata_mut().insert("traceparent", "00-a-b-01".parse().unwrap());
    client(&base).publish_event(request).await.unwrap();
    let received = app.wait_for("/events/orders", 1).await.remove(0);
    assert!(String::from_utf8_lossy(&received.body).contains(r#""data":{"n":1.0}"#));
    assert_eq!((received.header("partitionkey"), received.header("traceparent")), (Some("k"), Some("00-a-b-01")));
}

#[tokio::test]
#[expect(deprecated, reason = "the alpha name is one that daprd answers too")]
async fn a_bulk_publication_keeps_order_and_refuses_twins() {
    let app = TestApp::start(&subscribe_to(&["orders"])).await;
    let (_rig, base, _database) = Rig::with(&app).await;
    let entry = |n: usize| v1::BulkPublishRequestEntry {
        entry_id: n.to_string(),
        event: json!({"id": format!("e{n}"), "data": n, "traceparent": "00-t", "specversion": "1.0"})
            .to_string()
            .into(),
        content_type: "application/cloudevents+json".to_owned(),
        metadata: HashMap::from([("partitionKey".to_owned(), "k".to_owned())]),
    };
    let bulk = |entries: Vec<_>| v1::BulkPublishRequest {
        pubsub_name: "pubsub".to_owned(),
        topic: "orders".to_owned(),
        entries,
        metadata: HashMap::new(),
    };
    let answer = client(&base).bulk_publish_event(bulk((0..300).map(entry).collect())).await.unwrap();
    assert!(answer.into_inner().failed_entries.is_empty());
    client(&base).bulk_publish_event_alpha1(bulk(vec![entry(300)])).await.unwrap();
    let twins = client(&base).bulk_publish_event(bulk(vec![entry(1), entry(1)])).await.unwrap_err();
    assert_eq!(twins.code(), Code::InvalidArgument);
    let received = app.wait_for("/events/orders", 301).await;
    for (n, one) in received.iter().enumerate() {
        assert_eq!((one.data(), one.event()["id"].as_str()), (json!(n), Some(format!("e{n}").as_str())));
    }
    assert_eq!((received[0].header("traceparent"), received[0].header("__offset")), (Some("00-t"), Some("0")));
}

#[tokio::test]
async fn refusals_have_their_codes() {
    let app = TestApp::start(&json!([])).await;
    let (_rig, base, _database) = Rig::with(&app).await;
    let mut client = client(&base);
    for (pubsub, topic) in [("other", "t"), ("", "t"), ("pubsub", "")] {
        let refused = client.publish_event(publication(pubsub, topic)).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{pubsub}/{topic}");
    }
    let secret = v1::GetSecretRequest { store_name: "none".to_owned(), ..Default::default() };
    assert_eq!(client.get_secret(secret).await.unwrap_err().code(), Code::FailedPrecondition);
}

#[tokio::test]
async fn metadata_and_shutdown_are_there() {
    let app = TestApp::start(&subscribe_to(&["orders"])).await;
    let (mut rig, base, _database) = Rig::with(&app).await;
    let mut client = client(&base);
    let label = v1::SetMetadataRequest { key: "colour".to_owned(), value: "red".to_owned() };
    client.set_metadata(label).await.unwrap();
    let metadata = client.get_metadata(v1::GetMetadataRequest {}).await.unwrap().into_inner();
    assert_eq!((metadata.id.as_str(), metadata.extended_metadata["colour"].as_str()), ("shop", "red"));
    assert_eq!(metadata.subscriptions[0].topic, "orders");
    assert_eq!(metadata.registered_components[0].name, "pubsub");
    client.shutdown(v1::ShutdownRequest {}).await.unwrap();
    rig.ended().await;
}

#[tokio::test]
async fn what_is_not_supported_says_so_by_name() {
    let app = TestApp::start(&json!([])).await;
    let (_rig, base, _database) = Rig::with(&app).await;
    let mut client = client(&base);
    let refused = client.get_state(v1::GetStateRequest::default()).await.unwrap_err();
    assert_eq!((refused.code(), refused.message().contains("GetState")), (Code::Unimplemented, true));
    let refused = client.invoke_service(v1::InvokeServiceRequest::default()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unimplemented);
}

/// Configuration of a service whose sidecar is at `base`.
fn service(base: &Base) -> ServiceConfig {
    let port = base.grpc.rsplit_once(':').unwrap().1;
    let variables = Variables::default().with("DAPR_GRPC_PORT", port);
    let mut reader = Reader::new(&variables);
    let config = ServiceConfig::read(&mut reader, 1, 1, 1);
    reader.finish(config).unwrap()
}

#[tokio::test]
async fn a_service_schedules_sees_and_deletes_its_jobs() {
    let app = TestApp::start(&json!([])).await;
    let (_rig, base, _database) = Rig::with(&app).await;
    let jobs = Jobs::new(&service(&base)).unwrap();
    let data = json!({"n": 9_007_199_254_740_993_u64});
    let soon = Job { due_time: Some("0s".to_owned()), ..Job::named("soon", data.clone()) };
    jobs.schedule(soon).await.unwrap();
    let received = app.wait_for("/job/soon", 1).await.remove(0);
    assert_eq!((received.event(), received.header("content-type")), (data.clone(), Some("application/json")));

    let failure_policy =
        Some(FailurePolicy::Constant { interval: std::time::Duration::from_secs(2), max_retries: None });
    let daily =
        Job { schedule: Some("@daily".to_owned()), failure_policy, overwrite: false, ..Job::named("daily", data) };
    jobs.schedule(daily.clone()).await.unwrap();
    assert_eq!(jobs.get("daily").await.unwrap(), daily);
    assert_eq!(jobs.schedule(daily.clone()).await.unwrap_err().code(), Code::AlreadyExists);
    let wrong = Job { schedule: Some("daily".to_owned()), ..daily };
    assert_eq!(jobs.schedule(wrong).await.unwrap_err().code(), Code::Internal);
    jobs.delete("daily").await.unwrap();
    jobs.delete("daily").await.unwrap();
    assert_eq!(jobs.get("daily").await.unwrap_err().code(), Code::Internal);
}

#[tokio::test]
#[expect(deprecated, reason = "the alpha names are ones that daprd answers too")]
async fn jobs_are_listed_and_deleted_by_prefix() {
    let app = TestApp::start(&json!([])).await;
    let (_rig, base, _database) = Rig::with(&app).await;
    let mut client = client(&base);
    for name in ["a_1", "a_2", "ab", "b"] {
        let value = prost_types::Value { kind: Some(prost_types::value::Kind::StringValue(name.to_owned())) };
        let type_url = "type.googleapis.com/google.protobuf.Value".to_owned();
        let data = prost_types::Any { type_url, value: prost::Message::encode_to_vec(&value) };
        let job =
            v1::Job { name: name.to_owned(), due_time: Some("1h".to_owned()), data: Some(data), ..Default::default() };
        client.schedule_job_alpha1(v1::ScheduleJobRequest { job: Some(job), overwrite: false }).await.unwrap();
    }
    let shown = base.get("/v1.0/jobs/ab").send().await.unwrap().json::<serde_json::Value>().await.unwrap();
    assert_eq!(shown["data"]["value"], "ab");
    client.delete_jobs_by_prefix(v1::DeleteJobsByPrefixRequest { name_prefix: Some("a_".to_owned()) }).await.unwrap();
    let list = client.list_jobs(v1::ListJobsRequest {}).await.unwrap().into_inner().jobs;
    assert_eq!(list.iter().map(|job| job.name.as_str()).collect::<Vec<_>>(), ["ab", "b"]);
    client.delete_jobs_by_prefix_alpha1(v1::DeleteJobsByPrefixRequestAlpha1 { name_prefix: None }).await.unwrap();
    assert!(client.list_jobs_alpha1(v1::ListJobsRequestAlpha1 {}).await.unwrap().into_inner().jobs.is_empty());
    let nothing = client.schedule_job(v1::ScheduleJobRequest::default()).await.unwrap_err();
    assert_eq!(nothing.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn the_token_is_asked_for() {
    let app = TestApp::start(&json!([])).await;
    let database = database().await;
    let change =
        |settings: &mut sidecar::Settings| settings.dapr_api_token = Some(platform::config::Secret::new("ours"));
    let rig = Rig::start(&database, &[("shop", app.port)], Plan { change, ..Plan::default() }).await;
    let mut client = client(&rig.base("shop"));
    let refused = client.publish_event(publication("pubsub", "t")).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    let mut request = Request::new(publication("pubsub", "t"));
    request.metadata_mut().insert("dapr-api-token", "ours".parse().unwrap());
    client.publish_event(request).await.unwrap();
}
