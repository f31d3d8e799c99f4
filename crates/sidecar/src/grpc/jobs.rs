//! Jobs over gRPC.

use chrono::TimeDelta;
use dapr::dapr::proto::common::v1::job_failure_policy::Policy;
use dapr::dapr::proto::common::v1::{JobFailurePolicy, JobFailurePolicyConstant, JobFailurePolicyDrop};
use dapr::dapr::proto::runtime::v1;
use tonic::{Code, Status};

use crate::jobs::{Data, FailurePolicy, Job, Reason, Refusal};
use crate::sidecar::Sidecar;

pub(super) async fn schedule(
    sidecar: &Sidecar,
    request: v1::ScheduleJobRequest,
) -> Result<v1::ScheduleJobResponse, Status> {
    let job = request.job.ok_or_else(|| Status::invalid_argument("Job is empty"))?;
    sidecar.shared.jobs.schedule(&sidecar.app_id, read(job)?, request.overwrite).await?;
    Ok(v1::ScheduleJobResponse {})
}

pub(super) async fn get(sidecar: &Sidecar, request: &v1::GetJobRequest) -> Result<v1::GetJobResponse, Status> {
    let job = sidecar.shared.jobs.get(&sidecar.app_id, &request.name).await?;
    Ok(v1::GetJobResponse { job: Some(shown(job)) })
}

pub(super) async fn list(sidecar: &Sidecar) -> Result<Vec<v1::Job>, Status> {
    Ok(sidecar.shared.jobs.list(&sidecar.app_id).await?.into_iter().map(shown).collect())
}

pub(super) async fn delete(sidecar: &Sidecar, request: &v1::DeleteJobRequest) -> Result<v1::DeleteJobResponse, Status> {
    sidecar.shared.jobs.delete(&sidecar.app_id, &request.name).await?;
    Ok(v1::DeleteJobResponse {})
}

/// Without a prefix, every job of the app goes.
pub(super) async fn delete_by_prefix(sidecar: &Sidecar, prefix: Option<String>) -> Result<(), Status> {
    Ok(sidecar.shared.jobs.delete_by_prefix(&sidecar.app_id, &prefix.unwrap_or_default()).await?)
}

fn read(job: v1::Job) -> Result<Job, Status> {
    let data = job.data.map(Data::from_any).transpose().map_err(Status::invalid_argument)?;
    let failure_policy = job.failure_policy.and_then(|given| given.policy).map(policy).transpose()?;
    let v1::Job { name, schedule, due_time, ttl, repeats, .. } = job;
    Ok(Job { name, schedule, due_time, ttl, repeats, data, failure_policy })
}

fn policy(policy: Policy) -> Result<FailurePolicy, Status> {
    let Policy::Constant(constant) = policy else { return Ok(FailurePolicy::Drop) };
    let interval = constant.interval.unwrap_or_default();
    let nanoseconds = u32::try_from(interval.nanos).ok().filter(|_| interval.seconds >= 0);
    let interval = nanoseconds.and_then(|nanoseconds| TimeDelta::new(interval.seconds, nanoseconds));
    // As long as any duration that can be written: 292 years.
    let interval = interval.filter(|interval| interval.num_nanoseconds().is_some());
    let interval =
        interval.ok_or_else(|| Status::invalid_argument("the interval of the failure policy is no pause"))?;
    Ok(FailurePolicy::Constant { interval, max_retries: constant.max_retries })
}

fn shown(job: Job) -> v1::Job {
    let policy = job.failure_policy.map(|policy| match policy {
        FailurePolicy::Drop => Policy::Drop(JobFailurePolicyDrop {}),
        FailurePolicy::Constant { interval, max_retries } => {
            let interval = prost_types::Duration { seconds: interval.num_seconds(), nanos: interval.subsec_nanos() };
            Policy::Constant(JobFailurePolicyConstant { interval: Some(interval), max_retries })
        }
    });
    v1::Job {
        name: job.name,
        schedule: job.schedule,
        repeats: job.repeats,
        due_time: job.due_time,
        ttl: job.ttl,
        data: job.data.map(|data| data.to_any()),
        failure_policy: policy.map(|policy| JobFailurePolicy { policy: Some(policy) }),
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal.reason {
            Reason::Malformed | Reason::NameInBody | Reason::NameEmpty | Reason::ScheduleEmpty => Code::InvalidArgument,
            Reason::Exists => Code::AlreadyExists,
            Reason::Schedule | Reason::Get | Reason::Delete | Reason::List => Code::Internal,
        };
        Self::new(code, refusal.message)
    }
}
