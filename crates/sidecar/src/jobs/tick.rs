//! What follows a tick: the next one, another attempt, or the end of the job.

use chrono::{DateTime, Utc};

use super::failure_policy::FailurePolicy;
use super::schedule::Schedule;

/// How far a job has come, and what rules it.
#[derive(Clone, Debug)]
pub(super) struct Tick {
    pub(super) schedule: Option<Schedule>,
    pub(super) repeats: Option<i64>,
    pub(super) expires_at: Option<DateTime<Utc>>,
    pub(super) failure_policy: FailurePolicy,
    /// The time of this tick.
    pub(super) at: DateTime<Utc>,
    /// Ticks before this one.
    pub(super) before: i64,
    /// Attempts of this tick that failed.
    pub(super) attempts: i64,
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The app took it.
    Done,
    /// The app did not, for this reason.
    Failed(String),
    /// Nothing listens at the app's port, so that it was not asked.
    Absent,
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The job is over.
    End,
    /// The next tick.
    Tick(DateTime<Utc>),
    /// The same tick again at this time, after so many failed attempts.
    Again { at: DateTime<Utc>, attempts: i64 },
}

impl Tick {
    /// What follows `outcome`, which came at `now`.
    pub(super) fn next(&self, outcome: &Outcome, now: DateTime<Utc>) -> Next {
        match outcome {
            Outcome::Done => self.following(),
            Outcome::Absent => Next::Again { at: now, attempts: self.attempts },
            Outcome::Failed(_) => {
                let attempts = self.attempts + 1;
                let pause = self.failure_policy.retry(attempts);
                pause.map_or_else(|| self.following(), |pause| Next::Again { at: now + pause, attempts })
            }
        }
    }

    /// Ticks that were missed are caught up one by one: each counts from the time of the one before.
    fn following(&self) -> Next {
        if self.repeats.is_some_and(|repeats| self.before + 1 >= repeats) {
            return Next::End;
        }
        let next = self.schedule.as_ref().and_then(|schedule| schedule.next(self.at));
        next.filter(|next| self.expires_at.is_none_or(|end| *next <= end)).map_or(Next::End, Next::Tick)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::super::failure_policy::DEFAULT;
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn tick(schedule: Option<&str>) -> Tick {
        Tick {
            schedule: schedule.map(|text| Schedule::parse(text).unwrap()),
            repeats: None,
            expires_at: None,
            failure_policy: DEFAULT,
            at: at(0),
            before: 0,
            attempts: 0,
        }
    }

    fn failed() -> Outcome {
        Outcome::Failed("no".to_owned())
    }

    #[test]
    fn a_job_without_a_schedule_ends_with_its_tick() {
        assert_eq!(tick(None).next(&Outcome::Done, at(0)), Next::End);
        let last = Tick { attempts: 3, ..tick(None) };
        assert_eq!(last.next(&failed(), at(3)), Next::End);
    }

    #[test]
    fn ticks_count_from_the_tick_and_not_from_now() {
        assert_eq!(tick(Some("@every 10s")).next(&Outcome::Done, at(500)), Next::Tick(at(10)));
        let given_up = Tick { attempts: 3, ..tick(Some("@every 10s")) };
        assert_eq!(given_up.next(&failed(), at(500)), Next::Tick(at(10)));
    }

    #[test]
    fn repeats_and_time_to_live_end_it() {
        let counted = |before| Tick { repeats: Some(3), before, ..tick(Some("@every 10s")) };
        assert_eq!(counted(1).next(&Outcome::Done, at(0)), Next::Tick(at(10)));
        assert_eq!(counted(2).next(&Outcome::Done, at(0)), Next::End);
        let until = |end| Tick { expires_at: Some(at(end)), ..tick(Some("@every 10s")) };
        assert_eq!(until(10).next(&Outcome::Done, at(0)), Next::Tick(at(10)));
        assert_eq!(until(9).next(&Outcome::Done, at(0)), Next::End);
    }

    #[test]
    fn a_failure_comes_again_until_the_policy_ends() {
        let second = Tick { attempts: 1, ..tick(None) };
        assert_eq!(second.next(&failed(), at(5)), Next::Again { at: at(6), attempts: 2 });
        let drop = Tick { failure_policy: FailurePolicy::Drop, ..tick(Some("@every 10s")) };
        assert_eq!(drop.next(&failed(), at(5)), Next::Tick(at(10)));
        let for_ever = FailurePolicy::Constant { interval: TimeDelta::seconds(2), max_retries: None };
        let again = Tick { failure_policy: for_ever, attempts: 1_000, ..tick(None) };
        assert_eq!(again.next(&failed(), at(5)), Next::Again { at: at(7), attempts: 1_001 });
    }

    #[test]
    fn an_absent_app_costs_no_attempt() {
        assert_eq!(tick(None).next(&Outcome::Absent, at(5)), Next::Again { at: at(5), attempts: 0 });
    }
}
