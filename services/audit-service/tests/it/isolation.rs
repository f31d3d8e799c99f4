//! The history of a workspace is there only for who names the workspace.

use audit_service::SCHEMA;
use testkit::isolation::assert_tenants_are_kept_apart;

use crate::fact::{body, created};
use crate::service::Service;

#[tokio::test]
async fn without_a_workspace_there_is_no_history() {
    let service = Service::start().await;
    service.deliver("task-events", body(&created(1))).await;
    // Dead letters are the operator's; the workspace is what a broken message claims.
    assert_tenants_are_kept_apart(&service.database.connect().await, SCHEMA.name, &["dead_letters"]).await;
}
