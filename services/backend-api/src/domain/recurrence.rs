//! How a task repeats: the shape of a recurrence; computing occurrences is recurring-task-service's work.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::date;
use super::invalid::Invalid;

/// How often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Frequency {
    /// Each day.
    Daily,
    /// Each week.
    Weekly,
    /// Each month.
    Monthly,
    /// Each year.
    Yearly,
}

/// From where the next occurrence is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// From the last due date.
    Schedule,
    /// From the moment of completion.
    Completion,
}

/// A recurrence in one of three forms: by `frequency`, as an RFC 5545 `rrule`, or as `text`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Recurrence {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    frequency: Option<Frequency>,
    /// Every how many days, weeks, months or years; 1 unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1000)]
    interval: Option<u32>,
    /// `MO` … `SU` (RFC 5545 §3.3.10), with a number for the nth of a month: `3FR`, `-1SU`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 1)]
    by_weekday: Option<Vec<String>>,
    /// 1 to 31, or -1 to -31 from the end of the month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 1)]
    by_month_day: Option<Vec<i32>>,
    /// After how many occurrences it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    count: Option<u32>,
    /// When it ends (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    until: Option<String>,
    /// An RFC 5545 rule such as `FREQ=WEEKLY;BYDAY=MO`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1000)]
    rrule: Option<String>,
    /// Plain words such as `every Monday`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mode: Option<Mode>,
}

impl Recurrence {
    /// Checks the shape, and writes its moment in UTC.
    ///
    /// # Errors
    /// `recurrence_form`, `recurrence_invalid` and `date_invalid`, each at its place.
    pub fn check(mut self) -> Result<Self, Invalid> {
        let forms = [self.frequency.is_some(), self.rrule.is_some(), self.text.is_some()];
        if forms.into_iter().filter(|given| *given).count() != 1 {
            return Err(Invalid::new("recurrence_form", "Give exactly one of frequency, rrule and text."));
        }
        if self.frequency.is_none() && self.has_parts() {
            return Err(Invalid::new(
                "recurrence_form",
                "interval, by_weekday, by_month_day, count and until go with frequency.",
            ));
        }
        let checks = [
            (
                self.interval.is_none_or(|interval| (1..=1000).contains(&interval)),
                "/interval",
                "An interval is 1 to 1000.",
            ),
            (self.count.is_none_or(|count| count >= 1), "/count", "A count is at least 1."),
            (self.count.is_none() || self.until.is_none(), "/until", "Give count or until, not both."),
            (self.rrule.as_deref().is_none_or(is_rule), "/rrule", "A rule is as in RFC 5545: FREQ=WEEKLY;BYDAY=MO."),
            (within(self.text.as_deref(), 200), "/text", "Words have 1 to 200 characters on one line."),
            (self.weekdays_valid(), "/by_weekday", "Weekdays are MO, TU, WE, TH, FR, SA and SU, as in 3FR or -1SU."),
            (self.month_days_valid(), "/by_month_day", "Days of the month are 1 to 31 or -31 to -1."),
        ];
        if let Some((_, pointer, detail)) = checks.into_iter().find(|(valid, ..)| !valid) {
            return Err(Invalid::new("recurrence_invalid", detail).at(pointer));
        }
        let until = self.until.as_deref().map(date::parse).transpose().map_err(|invalid| invalid.at("/until"))?;
        self.until = until.map(date::write);
        Ok(self)
    }

    fn has_parts(&self) -> bool {
        self.interval.is_some()
            || self.by_weekday.is_some()
            || self.by_month_day.is_some()
            || self.count.is_some()
            || self.until.is_some()
    }

    fn weekdays_valid(&self) -> bool {
        let valid = |days: &[String]| each_once(days) && days.iter().all(|day| is_weekday(day));
        self.by_weekday.as_deref().is_none_or(valid)
    }

    fn month_days_valid(&self) -> bool {
        let valid = |days: &[i32]| each_once(days) && days.iter().all(|day| (1..=31).contains(&day.unsigned_abs()));
        self.by_month_day.as_deref().is_none_or(valid)
    }
}

fn within(text: Option<&str>, most: usize) -> bool {
    text.is_none_or(|text| {
        !text.trim().is_empty() && text.chars().count() <= most && !text.chars().any(char::is_control)
    })
}

/// `NAME=value` parts with a `FREQ` among them, in up to 1,000 characters. What the parts mean is not looked at here.
fn is_rule(rule: &str) -> bool {
    let parts = rule.strip_prefix("RRULE:").unwrap_or(rule).split(';');
    let named = |part: &str| part.split_once('=').is_some_and(|(name, value)| !name.is_empty() && !value.is_empty());
    within(Some(rule), 1000) && rule.contains("FREQ=") && parts.into_iter().all(named)
}

/// At least one, none twice, and so no more than there are.
fn each_once<T: PartialEq>(values: &[T]) -> bool {
    const MOST: usize = 400;
    let repeated = || values.iter().enumerate().any(|(index, value)| values[..index].contains(value));
    !values.is_empty() && values.len() <= MOST && !repeated()
}

fn is_weekday(day: &str) -> bool {
    let Some(at) = day.len().checked_sub(2).filter(|at| day.is_char_boundary(*at)) else { return false };
    let (number, name) = day.split_at(at);
    let nth = number.is_empty() || number.parse::<i8>().is_ok_and(|nth| (1..=53).contains(&nth.unsigned_abs()));
    nth && ["MO", "TU", "WE", "TH", "FR", "SA", "SU"].contains(&name)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn check(recurrence: Value) -> Result<Recurrence, Invalid> {
        serde_json::from_value::<Recurrence>(recurrence).unwrap().check()
    }

    #[test]
    fn each_of_the_three_forms_is_taken() {
        for good in [
            json!({"frequency": "weekly", "interval": 2, "by_weekday": ["MO", "3FR", "-1SU"], "count": 10}),
            json!({"frequency": "monthly", "by_month_day": [1, -1], "until": "2027-01-01T00:00:00Z", "mode": "schedule"}),
            json!({"rrule": "FREQ=WEEKLY;BYDAY=MO"}),
            json!({"text": "every Monday", "mode": "completion"}),
        ] {
            assert_eq!(json!(check(good.clone()).unwrap()), good);
        }
    }

    #[test]
    fn a_wrong_shape_is_told_by_its_place() {
        for (bad, code, pointer) in [
            (json!({}), "recurrence_form", ""),
            (json!({"text": "daily", "rrule": "FREQ=DAILY"}), "recurrence_form", ""),
            (json!({"text": "daily", "count": 3}), "recurrence_form", ""),
            (json!({"frequency": "daily", "interval": 0}), "recurrence_invalid", "/interval"),
            (json!({"frequency": "daily", "count": 0}), "recurrence_invalid", "/count"),
            (
                json!({"frequency": "daily", "count": 1, "until": "2027-01-01T00:00:00Z"}),
                "recurrence_invalid",
                "/until",
            ),
            (json!({"frequency": "daily", "until": "soon"}), "date_invalid", "/until"),
            (json!({"frequency": "weekly", "by_weekday": ["é"]}), "recurrence_invalid", "/by_weekday"),
            (json!({"frequency": "weekly", "by_weekday": []}), "recurrence_invalid", "/by_weekday"),
            (json!({"frequency": "monthly", "by_month_day": [32]}), "recurrence_invalid", "/by_month_day"),
            (json!({"frequency": "monthly", "by_month_day": [1, 1]}), "recurrence_invalid", "/by_month_day"),
            (json!({"rrule": "garbage"}), "recurrence_invalid", "/rrule"),
            (json!({"rrule": "FREQ=DAILY;"}), "recurrence_invalid", "/rrule"),
            (json!({"text": "a\u{0}b"}), "recurrence_invalid", "/text"),
        ] {
            let invalid = check(bad.clone()).unwrap_err();
            assert_eq!((invalid.code, invalid.pointer.as_str()), (code, pointer), "{bad}");
        }
    }
}
