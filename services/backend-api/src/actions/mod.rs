//! What can be done: each file is one verb with its rule, its rows and its events, in one transaction.

pub mod apply_verb;
pub mod create_instance;
pub mod create_task;
pub mod delete_task;
mod edit;
mod find_recorded_deletion;
pub mod forget_expired;
pub mod issue_token;
pub mod issue_ws_ticket;
pub mod provision_user;
pub mod purge_deleted_tasks;
pub mod redeem_ws_ticket;
pub mod refresh_token;
pub mod register_user;
mod reinsert_task;
pub mod restore_task;
pub mod sync_tasks;
mod tell_update;
pub mod update_instances;
pub mod update_profile;
pub mod update_task;
pub mod verify_password;
pub mod withdraw_instance;
