//! What a recurrence would do: its dates, before anybody has to live with them.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::{DateTime, Utc};
use platform::extract::{Object, RawJson};
use platform::problem::{FieldError, Problem};
use recurrence::next_due;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::Caller;
use super::docs::{OnceHeader, UserPath};
use super::once::{ask_once, once};
use super::refusals::{BodyRefusals, CallerRefusals, OnceRefusals};
use super::task_input::{Check, checked_recurrence};
use crate::app::App;
use crate::domain::date;
use crate::domain::invalid::Invalid;
use crate::domain::recurrence::{Recurrence, Written, first_due, series};
use crate::domain::timezone::TimeZone;
use crate::store::reply::Reply;

/// How many occurrences are shown unless the request says.
const DEFAULT_LIMIT: usize = 10;

/// A recurrence to look at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RecurrencePreviewRequest, example = json!({
    "recurrence": {"text": "every 2 weeks on Friday"}, "timezone": "Europe/Berlin", "first_due": "2030-01-04T09:00:00+01:00", "limit": 5
}))]
pub struct PreviewRequest {
    #[schema(value_type = Written)]
    recurrence: Object<Written>,
    /// The IANA time zone whose wall clock it keeps; the user's unless given.
    #[schema(example = "Europe/Berlin")]
    timezone: Option<String>,
    /// When the first instance is due; `due` unless given, else when the rule first says.
    #[schema(value_type = Option<DateTime<Utc>>)]
    first_due: Option<String>,
    /// How many occurrences to show; 10 unless given.
    #[schema(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// When an instance is due that is completed at `completed_at`.
    #[schema(value_type = Option<DateTime<Utc>>)]
    due: Option<String>,
    /// When it is completed: goes with `due`.
    #[schema(value_type = Option<DateTime<Utc>>)]
    completed_at: Option<String>,
    /// Which instance of the series that is, from 1.
    #[schema(minimum = 1, maximum = 2_147_483_647)]
    occurrence: Option<u32>,
}

/// What a recurrence does.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecurrencePreview)]
pub struct Preview {
    /// The canonical rule (RFC 5545 §3.3.10).
    pub rrule: String,
    /// The rule in plain English.
    pub text: String,
    /// Its first dates, in order.
    pub occurrences: Vec<DateTime<Utc>>,
    /// When the next instance is due after the completion; `null` when the series ends. Only when `due` and `completed_at` were
    /// given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<DateTime<Utc>>)]
    pub next_due: Option<Option<DateTime<Utc>>>,
}

/// Shows the dates of a recurrence, in its canonical form and in plain English. Nothing is stored, but for the answer to a request
/// with an `Idempotency-Key`.
#[utoipa::path(post, path = "/api/{user_id}/recurrence/preview", tag = "recurrence", operation_id = "preview_recurrence",
    request_body = PreviewRequest, params(UserPath, OnceHeader),
    responses((status = 200, body = Preview, description = "What the recurrence does"), CallerRefusals, BodyRefusals, OnceRefusals))]
pub async fn preview(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    RawJson { value: request, bytes }: RawJson<PreviewRequest>,
) -> Result<Response, Problem> {
    let user_id = &caller.actor.user_id;
    let once = once(&headers, user_id, "recurrence/preview", &bytes)?;
    let valid = request.validate(caller.actor.timezone)?;
    let preview = async { valid.preview(app.changes.clock.now()).map(|shown| Reply::ok(&shown)) };
    ask_once(&app.changes, user_id, once, preview).await
}

/// The request, valid.
struct Valid {
    recurrence: Recurrence,
    timezone: TimeZone,
    first_due: Option<DateTime<Utc>>,
    limit: usize,
    due: Option<DateTime<Utc>>,
    completed_at: Option<DateTime<Utc>>,
    occurrence: Option<u32>,
}

impl PreviewRequest {
    fn validate(self, timezone: TimeZone) -> Result<Valid, Problem> {
        let mut check = Check::default();
        let recurrence = check.field("/recurrence", checked_recurrence(self.recurrence));
        let given = check.optional("/timezone", self.timezone.as_deref(), TimeZone::parse);
        let first_due = check.optional("/first_due", self.first_due.as_deref(), date::parse);
        let limit = check.optional("/limit", self.limit, checked_limit);
        let due = check.optional("/due", self.due.as_deref(), date::parse);
        let completed_at = check.optional("/completed_at", self.completed_at.as_deref(), date::parse);
        let occurrence = check.optional("/occurrence", self.occurrence, checked_occurrence);
        if self.completed_at.is_some() && self.due.is_none() {
            let missing = Invalid::new("due_missing", "completed_at goes with due: say when the instance was due.");
            check.field::<()>("/due", Err(missing));
        }
        check.finish()?;
        let recurrence = recurrence.ok_or_else(|| Problem::internal(&"a broken rule was not told"))?;
        let (timezone, limit) = (given.unwrap_or(timezone), limit.unwrap_or(DEFAULT_LIMIT));
        Ok(Valid { recurrence, timezone, first_due, limit, due, completed_at, occurrence })
    }
}

impl Valid {
    fn preview(self, now: DateTime<Utc>) -> Result<Preview, Problem> {
        let Self { recurrence, timezone, first_due: first, limit, due, completed_at, occurrence } = self;
        let starts = first_due(&recurrence, timezone, first.or(due), now);
        let series = starts.and_then(|starts| series(&recurrence, timezone, starts)).map_err(|invalid| {
            let Invalid { pointer, code, detail } = invalid.within("/recurrence");
            Problem::validation(vec![FieldError::new(pointer, code, detail)])
        })?;
        let next = |(due, completed_at)| next_due(&recurrence, timezone.zone(), first, due, completed_at, occurrence);
        let next_due = due.zip(completed_at).map(next);
        let occurrences = series.first(limit);
        Ok(Preview { rrule: recurrence.rrule, text: recurrence.text, occurrences, next_due })
    }
}

fn checked_limit(limit: usize) -> Result<usize, Invalid> {
    let valid = (1..=200).contains(&limit);
    valid.then_some(limit).ok_or_else(|| Invalid::new("limit_invalid", "A limit is 1 to 200."))
}

fn checked_occurrence(occurrence: u32) -> Result<u32, Invalid> {
    let valid = (1..=i32::MAX.unsigned_abs()).contains(&occurrence);
    valid
        .then_some(occurrence)
        .ok_or_else(|| Invalid::new("occurrence_invalid", "Occurrences count from 1 to 2147483647."))
}
