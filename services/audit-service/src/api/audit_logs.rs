//! `GET /internal/audit-logs`: the history, for backend-api, which decides who may see what.

use axum::Json;
use axum::extract::State;
use platform::extract::Query;
use platform::problem::Problem;
use serde::Serialize;

use super::audit_logs_query::Parameters;
use crate::actions::list_entries::list_entries;
use crate::app::App;
use crate::domain::criteria::Page;
use crate::domain::entry::Entry;

/// A page of the history.
#[derive(Debug, Serialize)]
pub(crate) struct AuditLogs {
    /// Newest first; within one instant by descending event id.
    items: Vec<Entry>,
    /// `after` of the next page, `null` when this is the last.
    next: Option<String>,
}

/// The entries of some workspaces that meet the other parameters, newest first.
///
/// # Errors
/// 422 with a pointer for each parameter that is missing, unknown or unreadable; 503 while the database is away.
pub(crate) async fn list(
    State(app): State<App>,
    Query(parameters): Query<Parameters>,
) -> Result<Json<AuditLogs>, Problem> {
    let criteria = parameters.criteria().map_err(Problem::validation)?;
    let Page { entries, next } = list_entries(&app.db, &criteria).await?;
    Ok(Json(AuditLogs { items: entries, next: next.map(|position| position.to_string()) }))
}
