//! A job as an app asks for it, and what is refused.

use chrono::{DateTime, Utc};

use super::data::Data;
use super::failure_policy::{DEFAULT, FailurePolicy};
use super::moment;
use super::schedule::Schedule;

/// The longest name, in bytes, together with what makes it unique.
const MAX_NAME: usize = 512;

/// A job as an app asks for it.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) name: String,
    pub(crate) schedule: Option<String>,
    pub(crate) due_time: Option<String>,
    pub(crate) ttl: Option<String>,
    pub(crate) repeats: Option<u32>,
    pub(crate) data: Option<Data>,
    pub(crate) failure_policy: Option<FailurePolicy>,
}

/// A job with its times worked out.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) job: Job,
    pub(super) failure_policy: FailurePolicy,
    pub(super) first_tick: DateTime<Utc>,
    pub(super) expires_at: Option<DateTime<Utc>>,
}

/// Why nothing was done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) reason: Reason,
    pub(crate) message: String,
}

/// The kinds of refusal, which both protocols translate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The request cannot be read.
    Malformed,
    /// The name is in the body, where it does not belong.
    NameInBody,
    /// There is no name.
    NameEmpty,
    /// There is neither a schedule nor a due time.
    ScheduleEmpty,
    /// There is a job of this name.
    Exists,
    /// It cannot be scheduled.
    Schedule,
    /// It cannot be shown, which is so also when there is none.
    Get,
    /// It cannot be deleted.
    Delete,
    /// They cannot be listed.
    List,
}

impl Refusal {
    pub(crate) fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into() }
    }

    fn schedule(message: impl std::fmt::Display) -> Self {
        Self::new(Reason::Schedule, format!("failed to schedule job due to: {message}"))
    }
}

impl Job {
    /// Checks the job of `app` and works out its times, where a relative time counts from `now`.
    pub(super) fn plan(self, app: &str, now: DateTime<Utc>) -> Result<Planned, Refusal> {
        if self.name.is_empty() || self.name.contains('|') {
            return Err(Refusal::new(Reason::NameEmpty, "Name is empty or holds a |"));
        }
        let schedule = self.schedule.as_deref().map(Schedule::parse);
        if schedule.is_none() && self.due_time.is_none() {
            return Err(Refusal::new(Reason::ScheduleEmpty, "Schedule is empty: give a schedule, a dueTime or both"));
        }
        check_name(app, &self.name)?;
        if schedule.is_none() && self.repeats.is_some_and(|repeats| repeats > 1) {
            return Err(Refusal::schedule("job must have a schedule to repeat"));
        }
        if self.repeats == Some(0) {
            return Err(Refusal::schedule("defined repeats must be greater than 0"));
        }
        if schedule.is_none() && self.ttl.is_some() {
            return Err(Refusal::schedule("job must have a schedule to have a ttl"));
        }
        let schedule = schedule.transpose().map_err(Refusal::schedule)?;
        let due = self.due_time.as_deref().map(|due| moment::parse(due, now)).transpose().map_err(Refusal::schedule)?;
        let expires_at = self.ttl.as_deref().map(|ttl| moment::parse(ttl, due.unwrap_or(now)));
        let expires_at = expires_at.transpose().map_err(Refusal::schedule)?;
        let first_tick = due.or_else(|| schedule?.next(now));
        let first_tick = first_tick.ok_or_else(|| Refusal::schedule("the schedule names a time that never comes"))?;
        if expires_at.is_some_and(|end| end < first_tick) {
            return Err(Refusal::schedule("ttl ends before the first tick"));
        }
        Ok(Planned { failure_policy: self.failure_policy.unwrap_or(DEFAULT), first_tick, expires_at, job: self })
    }
}

fn check_name(app: &str, name: &str) -> Result<(), Refusal> {
    if name.chars().any(|letter| matches!(letter, '/' | '\\' | '#' | '?') || letter.is_control()) {
        return Err(Refusal::schedule(format!(
            "job name is invalid {name:?}: it holds / \\ # ? or a control character"
        )));
    }
    if format!("app||default||{app}||{name}").len() > MAX_NAME {
        return Err(Refusal::schedule("job name is too long"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-01-31T09:00:00Z";

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }

    fn job(schedule: &str, due_time: &str) -> Job {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Job {
            name: "n".to_owned(),
            schedule: text(schedule),
            due_time: text(due_time),
            ttl: None,
            repeats: None,
            data: None,
            failure_policy: None,
        }
    }

    fn refused(job: Job) -> Reason {
        job.plan("shop", at(NOW)).unwrap_err().reason
    }

    #[test]
    fn the_first_tick_is_at_the_due_time_or_after_one_interval() {
        for (schedule, due_time, first) in [
            ("@every 10s", "", "2026-01-31T09:00:10Z"),
            ("@every 10s", "3s", "2026-01-31T09:00:03Z"),
            ("@daily", "", "2026-02-01T00:00:00Z"),
            ("", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        ] {
            let planned = job(schedule, due_time).plan("shop", at(NOW)).unwrap();
            assert_eq!((planned.first_tick, planned.expires_at, planned.failure_policy), (at(first), None, DEFAULT));
        }
    }

    #[test]
    fn a_ttl_counts_from_the_due_time() {
        let with = |due_time: &str, ttl: &str| Job { ttl: Some(ttl.to_owned()), ..job("@every 1s", due_time) };
        let end = |job: Job| job.plan("shop", at(NOW)).unwrap().expires_at;
        assert_eq!(end(with("", "10s")), Some(at("2026-01-31T09:00:10Z")));
        assert_eq!(end(with("1h", "PT10S")), Some(at("2026-01-31T10:00:10Z")));
        assert_eq!(refused(with("1h", "2026-01-31T09:30:00Z")), Reason::Schedule);
        assert_eq!(refused(with("", "soon")), Reason::Schedule);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let named = |name: &str| Job { name: name.to_owned(), ..job("", "1s") };
        assert_eq!((refused(named("")), refused(named("a||b"))), (Reason::NameEmpty, Reason::NameEmpty));
        for name in ["a/b", "a\\b", "a#", "a?", "a\n", "a\0", &"n".repeat(500)] {
            assert_eq!(refused(named(name)), Reason::Schedule, "{name}");
        }
        assert!(named("Any name: with-1_blank.é").plan("shop", at(NOW)).is_ok());
        assert_eq!(refused(job("", "")), Reason::ScheduleEmpty);
        assert_eq!(refused(Job { repeats: Some(2), ..job("", "1s") }), Reason::Schedule);
        assert_eq!(refused(Job { repeats: Some(0), ..job("@daily", "") }), Reason::Schedule);
        assert_eq!(refused(Job { ttl: Some("1s".to_owned()), ..job("", "1s") }), Reason::Schedule);
        assert_eq!(refused(job("0 0 0 31 4 *", "")), Reason::Schedule);
        assert_eq!(refused(job("every minute", "")), Reason::Schedule);
        assert_eq!(refused(job("@daily", "tomorrow")), Reason::Schedule);
    }
}
