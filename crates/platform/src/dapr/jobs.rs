//! Jobs: asking the sidecar to call this service at `POST /job/<name>`, once or again and again.
//!
//! A job is kept by the sidecar and called for at least once, so its handler must be idempotent; ticks that were missed while
//! nobody could be called come in a burst. The route belongs behind [`super::guard::sidecar_only`].

use std::time::Duration;

use dapr::dapr::proto::common::v1::job_failure_policy::Policy;
use dapr::dapr::proto::common::v1::{JobFailurePolicy, JobFailurePolicyConstant, JobFailurePolicyDrop};
use dapr::dapr::proto::runtime::v1;
use prost_types::Any;
use serde_json::{Value, json};
use tonic::Status;

use super::grpc::Sidecar;
use crate::config::ServiceConfig;

/// A job. Times are as Dapr takes them: RFC 3339, a duration from now (`1h30m`), or ISO 8601 (`PT1H30M`).
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Its name, unique within this service, and the last part of the path that is called.
    pub name: String,
    /// When it recurs: six cron fields, seconds first and optionally behind `TZ=<zone> `; `@every 1h`; or `@hourly`, `@daily`,
    /// `@weekly`, `@monthly`, `@yearly`. The first tick is one interval from now, unless there is a due time.
    pub schedule: Option<String>,
    /// When it is called first, and without a schedule the only time.
    pub due_time: Option<String>,
    /// How many times it is called at most; needs a schedule.
    pub repeats: Option<u32>,
    /// When it ends, from the due time on; needs a schedule.
    pub ttl: Option<String>,
    /// The body of each call.
    pub data: Value,
    /// Whether it takes the place of a job of the same name, and begins anew. Otherwise such a job is an error.
    pub overwrite: bool,
    /// What becomes of a call that fails; unless set, three further attempts, a second apart.
    pub failure_policy: Option<FailurePolicy>,
}

/// What becomes of a call that fails: answered with neither 2xx nor 404, or not in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailurePolicy {
    /// It is given up.
    Drop,
    /// It is repeated.
    Constant {
        /// The pause before each further attempt.
        interval: Duration,
        /// Attempts after the first; without a number, for ever.
        max_retries: Option<u32>,
    },
}

impl Job {
    /// A job that takes the place of one of the same name, to which a schedule, a due time or both have to be added.
    pub fn named(name: impl Into<String>, data: Value) -> Self {
        Self {
            name: name.into(),
            schedule: None,
            due_time: None,
            repeats: None,
            ttl: None,
            data,
            overwrite: true,
            failure_policy: None,
        }
    }

    /// A job that clears up, again and again. A tick that fails is tried again every minute for an hour; the next one finds what is left.
    pub fn housekeeping(name: impl Into<String>, schedule: &str) -> Self {
        let policy = FailurePolicy::Constant { interval: Duration::from_mins(1), max_retries: Some(60) };
        let schedule = Some(schedule.to_owned());
        Self { schedule, failure_policy: Some(policy), ..Self::named(name, json!({})) }
    }
}

/// The jobs of this service.
#[derive(Clone, Debug)]
pub struct Jobs {
    sidecar: Sidecar,
}

impl Jobs {
    /// The jobs at the sidecar of `config`.
    ///
    /// # Errors
    /// When the token of the sidecar cannot be a header value.
    pub fn new(config: &ServiceConfig) -> anyhow::Result<Self> {
        Ok(Self { sidecar: Sidecar::new(config)? })
    }

    /// Schedules a job; when this returns, the sidecar has stored it.
    ///
    /// # Errors
    /// When the sidecar is away or refuses the job: `AlreadyExists` for a name that is taken.
    pub async fn schedule(&self, job: Job) -> Result<(), Status> {
        let overwrite = job.overwrite;
        let request = self.sidecar.request(v1::ScheduleJobRequest { job: Some(message(job)?), overwrite });
        self.sidecar.client().schedule_job(request).await.map(|_| ())
    }

    /// The job called `name`, as it was scheduled.
    ///
    /// # Errors
    /// When the sidecar is away, or knows no such job: `Internal` both times with Dapr.
    pub async fn get(&self, name: &str) -> Result<Job, Status> {
        let request = self.sidecar.request(v1::GetJobRequest { name: name.to_owned() });
        let found = self.sidecar.client().get_job(request).await?.into_inner().job;
        found.map(read).ok_or_else(|| Status::internal("the sidecar answered without a job"))
    }

    /// Deletes the job called `name`, if there is one.
    ///
    /// # Errors
    /// When the sidecar is away.
    pub async fn delete(&self, name: &str) -> Result<(), Status> {
        let request = self.sidecar.request(v1::DeleteJobRequest { name: name.to_owned() });
        self.sidecar.client().delete_job(request).await.map(|_| ())
    }
}

fn message(job: Job) -> Result<v1::Job, Status> {
    let policy = job.failure_policy.map(|policy| match policy {
        FailurePolicy::Drop => Ok(Policy::Drop(JobFailurePolicyDrop {})),
        FailurePolicy::Constant { interval, max_retries } => {
            let interval = prost_types::Duration::try_from(interval);
            interval
                .map(|interval| Policy::Constant(JobFailurePolicyConstant { interval: Some(interval), max_retries }))
        }
    });
    let policy = policy.transpose().map_err(|error| Status::invalid_argument(error.to_string()))?;
    Ok(v1::Job {
        name: job.name,
        schedule: job.schedule,
        repeats: job.repeats,
        due_time: job.due_time,
        ttl: job.ttl,
        // Bytes without a type reach an app as they are, also through daprd; a `google.protobuf.Value` would make every number a
        // double.
        data: Some(Any { type_url: String::new(), value: job.data.to_string().into_bytes() }),
        failure_policy: policy.map(|policy| JobFailurePolicy { policy: Some(policy) }),
    })
}

fn read(job: v1::Job) -> Job {
    let failure_policy = job.failure_policy.and_then(|given| given.policy).map(|policy| match policy {
        Policy::Drop(_) => FailurePolicy::Drop,
        Policy::Constant(JobFailurePolicyConstant { interval, max_retries }) => {
            let interval = interval.and_then(|interval| Duration::try_from(interval).ok()).unwrap_or_default();
            FailurePolicy::Constant { interval, max_retries }
        }
    });
    Job {
        name: job.name,
        schedule: job.schedule,
        due_time: job.due_time,
        repeats: job.repeats,
        ttl: job.ttl,
        data: job.data.and_then(|data| serde_json::from_slice(&data.value).ok()).unwrap_or_default(),
        overwrite: false,
        failure_policy,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_job_comes_back_as_it_was_sent() {
        let constant = FailurePolicy::Constant { interval: Duration::from_millis(1_500), max_retries: Some(4) };
        for failure_policy in [None, Some(FailurePolicy::Drop), Some(constant)] {
            let job = Job {
                schedule: Some("@daily".to_owned()),
                due_time: Some("10s".to_owned()),
                repeats: Some(3),
                ttl: Some("P1Y".to_owned()),
                overwrite: false,
                failure_policy,
                ..Job::named("n", json!({"a": [1, 2.5, null], "big": 9_007_199_254_740_993_u64}))
            };
            assert_eq!(read(message(job.clone()).unwrap()), job);
        }
    }

    #[test]
    fn a_pause_that_cannot_be_told_is_refused() {
        let failure_policy = Some(FailurePolicy::Constant { interval: Duration::MAX, max_retries: None });
        let refused = message(Job { failure_policy, ..Job::named("n", json!(1)) }).unwrap_err();
        assert_eq!(refused.code(), tonic::Code::InvalidArgument);
    }
}
