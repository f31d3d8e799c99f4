//! recurring-task-service against a real Postgres.
