//! What a sidecar says of itself over gRPC.

use dapr::dapr::proto::runtime::v1;

use crate::delivery::{Origin, Subscription};
use crate::sidecar::{RUNTIME_VERSION, Sidecar};

pub(super) fn show(sidecar: &Sidecar) -> v1::GetMetadataResponse {
    let components = sidecar.shared.resources.components_of(&sidecar.app_id).map(|known| v1::RegisteredComponents {
        name: known.name.clone(),
        r#type: known.kind.clone(),
        version: known.version.clone(),
        capabilities: Vec::new(),
    });
    v1::GetMetadataResponse {
        id: sidecar.app_id.clone(),
        registered_components: components.collect(),
        extended_metadata: sidecar.labels().into_iter().collect(),
        subscriptions: sidecar.subscriptions.get().into_iter().flatten().map(subscription).collect(),
        app_connection_properties: Some(v1::AppConnectionProperties {
            port: i32::from(sidecar.app_port),
            protocol: "http".to_owned(),
            channel_address: "127.0.0.1".to_owned(),
            ..v1::AppConnectionProperties::default()
        }),
        runtime_version: RUNTIME_VERSION.to_owned(),
        ..v1::GetMetadataResponse::default()
    }
}

fn subscription(subscription: &Subscription) -> v1::PubsubSubscription {
    let rule = v1::PubsubSubscriptionRule { path: subscription.route.clone(), ..v1::PubsubSubscriptionRule::default() };
    let origin = match subscription.origin {
        Origin::Programmatic => v1::PubsubSubscriptionType::Programmatic,
        Origin::Declarative => v1::PubsubSubscriptionType::Declarative,
    };
    v1::PubsubSubscription {
        pubsub_name: subscription.topic.pubsub.clone(),
        topic: subscription.topic.name.clone(),
        metadata: subscription.metadata.clone().into_iter().collect(),
        rules: Some(v1::PubsubSubscriptionRules { rules: vec![rule] }),
        dead_letter_topic: subscription.dead_letter_topic.clone().unwrap_or_default(),
        r#type: origin.into(),
    }
}
