//! What becomes of a tick that the app did not take.

use chrono::TimeDelta;
use serde_json::{Value, json};

/// The policy of a job that brings none: three more attempts, a second apart.
pub(crate) const DEFAULT: FailurePolicy =
    FailurePolicy::Constant { interval: TimeDelta::seconds(1), max_retries: Some(3) };

/// What becomes of a tick that the app did not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailurePolicy {
    /// It is given up.
    Drop,
    /// It is tried again.
    Constant {
        /// The pause before each further attempt.
        interval: TimeDelta,
        /// Attempts after the first; without a number, for ever.
        max_retries: Option<u32>,
    },
}

impl FailurePolicy {
    /// The pause before another attempt of a tick that has failed `attempts` times; `None` when it is given up.
    pub(super) fn retry(&self, attempts: i64) -> Option<TimeDelta> {
        match self {
            Self::Drop => None,
            Self::Constant { interval, max_retries } => {
                max_retries.is_none_or(|most| attempts <= i64::from(most)).then_some(*interval)
            }
        }
    }

    /// As JSON of the protocol: `{"drop": {}}` or `{"constant": {"interval": "2s", "maxRetries": 4}}`.
    pub(crate) fn to_json(self) -> Value {
        match self {
            Self::Drop => json!({"drop": {}}),
            Self::Constant { interval, max_retries: Some(most) } => {
                json!({"constant": {"interval": seconds(interval), "maxRetries": most}})
            }
            Self::Constant { interval, max_retries: None } => json!({"constant": {"interval": seconds(interval)}}),
        }
    }

    /// Reads the same; `null` and an object without a policy are none.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn from_json(value: &Value) -> Result<Option<Self>, String> {
        let (drop, constant) = (&value["drop"], &value["constant"]);
        if !(value.is_object() || value.is_null()) || !(drop.is_null() || constant.is_null()) {
            return Err("failurePolicy must be {\"drop\": {}} or {\"constant\": {…}}".to_owned());
        }
        if drop.is_object() {
            return Ok(Some(Self::Drop));
        }
        if !constant.is_object() {
            return if drop.is_null() && constant.is_null() {
                Ok(None)
            } else {
                Err("failurePolicy holds no object".to_owned())
            };
        }
        let interval = match &constant["interval"] {
            Value::Null => TimeDelta::zero(),
            Value::String(text) => {
                duration(text).ok_or_else(|| format!("{text:?} is no number of seconds, such as 2s"))?
            }
            _ => return Err("interval must be a text such as \"2s\"".to_owned()),
        };
        let most = if constant["maxRetries"].is_null() { &constant["max_retries"] } else { &constant["maxRetries"] };
        Ok(Some(Self::Constant { interval, max_retries: count(most)? }))
    }
}

/// A count in JSON of the protocol: a number, or a text that holds one; `null` is none.
///
/// # Errors
/// When it is negative, broken or too large.
pub(crate) fn count(value: &Value) -> Result<Option<u32>, String> {
    let number = match value {
        Value::Null => return Ok(None),
        Value::Number(number) => number.to_string().parse().ok(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    number.map(Some).ok_or_else(|| format!("{value} is no count"))
}

/// Seconds with at most nine decimals and an `s`, as JSON of the protocol has durations; not below zero.
fn duration(text: &str) -> Option<TimeDelta> {
    let seconds = text.strip_suffix('s')?;
    let plain = seconds.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    crate::duration::signed(text).filter(|_| plain)
}

fn seconds(interval: TimeDelta) -> String {
    let text = format!("{}.{:06}", interval.num_seconds(), interval.subsec_nanos() / 1_000);
    format!("{}s", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_read_and_written() {
        for (json, policy) in [
            (json!({"drop": {}}), FailurePolicy::Drop),
            (
                json!({"constant": {"interval": "2s", "maxRetries": 4}}),
                FailurePolicy::Constant { interval: TimeDelta::seconds(2), max_retries: Some(4) },
            ),
            (
                json!({"constant": {"interval": "0.25s"}}),
                FailurePolicy::Constant { interval: TimeDelta::milliseconds(250), max_retries: None },
            ),
        ] {
            assert_eq!(FailurePolicy::from_json(&json), Ok(Some(policy)));
            assert_eq!(policy.to_json(), json);
        }
        let snake = json!({"constant": {"interval": "10s", "max_retries": "1"}});
        let policy = FailurePolicy::Constant { interval: TimeDelta::seconds(10), max_retries: Some(1) };
        assert_eq!(FailurePolicy::from_json(&snake), Ok(Some(policy)));
        assert_eq!(policy.to_json()["constant"]["interval"], "10s");
        for none in [json!(null), json!({}), json!({"other": 1})] {
            assert_eq!(FailurePolicy::from_json(&none), Ok(None));
        }
    }

    #[test]
    fn what_is_wrong_is_told() {
        for wrong in [
            json!("drop"),
            json!({"drop": 1}),
            json!({"constant": []}),
            json!({"drop": {}, "constant": {}}),
            json!({"constant": {"interval": "1m"}}),
            json!({"constant": {"interval": 1}}),
            json!({"constant": {"interval": "-1s"}}),
            json!({"constant": {"maxRetries": -1}}),
            json!({"constant": {"maxRetries": 1.5}}),
            json!({"constant": {"maxRetries": "x"}}),
        ] {
            assert!(FailurePolicy::from_json(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn retries_are_counted_from_the_first_failure() {
        let attempts = |policy: FailurePolicy| (1..20).take_while(|failed| policy.retry(*failed).is_some()).count() + 1;
        let constant = |max_retries| FailurePolicy::Constant { interval: TimeDelta::zero(), max_retries };
        assert_eq!((attempts(DEFAULT), attempts(FailurePolicy::Drop), attempts(constant(Some(4)))), (4, 1, 5));
        assert_eq!((attempts(constant(Some(0))), attempts(constant(None))), (1, 20));
    }
}
