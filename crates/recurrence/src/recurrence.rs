//! A recurrence that is valid, as tasks carry it.

use chrono::SecondsFormat;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::invalid::Invalid;
use crate::rfc;
use crate::rule::{End, Frequency, Rule, Until};
use crate::words;
use crate::written::Written;

/// From where the next occurrence is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// From the last due date.
    #[default]
    Schedule,
    /// From the day of completion.
    Completion,
}

/// When the next instance is made, unless it is when this one is completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Generate {
    /// When this one is due, done or not.
    Ahead,
}

/// What is made up for when instances could not be made in time, unless it is the latest one alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CatchUp {
    /// Each that was missed, of the last hundred.
    All,
}

/// How a task repeats. With `frequency` it is a simple form: a monthly or yearly day that a month does not have becomes its
/// last day, and returns to where it was. Without, `rrule` is followed to the letter (RFC 5545), which skips such a month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "Stored")]
pub struct Recurrence {
    /// How often, when it is a simple form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency: Option<Frequency>,
    /// Every how many days, weeks, months or years, when it is not every one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1000)]
    pub interval: Option<u32>,
    /// `MO` … `SU` (RFC 5545 §3.3.10), with a number for the nth of a month: `3FR`, `-1SU`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by_weekday: Option<Vec<String>>,
    /// 1 to 31, or -1 to -31 from the end of the month.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by_month_day: Option<Vec<i32>>,
    /// After how many occurrences it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 10000)]
    pub count: Option<u32>,
    /// When it ends, inclusive: a moment (RFC 3339), or a date, which is that whole day on the wall clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// The canonical rule (RFC 5545 §3.3.10): `FREQ=WEEKLY;BYDAY=MO`.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = true)]
    pub rrule: String,
    /// The rule in plain English: `every Monday`.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = true)]
    pub text: String,
    /// From where the next occurrence is counted.
    pub mode: Mode,
    /// When the next instance is made, unless it is when this one is completed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generate: Option<Generate>,
    /// What is made up for after a downtime, unless it is the latest one alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catch_up: Option<CatchUp>,
}

impl Recurrence {
    /// `rule`, as one stores it.
    pub(crate) fn new(rule: &Rule, simple: bool, mode: Mode) -> Self {
        let some = |given: bool| (simple && given).then_some(());
        let until = match rule.end {
            End::Until(Until::Moment(moment)) => Some(moment.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
            End::Until(Until::Day(day)) => Some(day.to_string()),
            End::Until(Until::Wall(_)) | End::Never | End::Count(_) => None,
        };
        let count = if let End::Count(count) = rule.end { Some(count) } else { None };
        Self {
            frequency: some(true).map(|()| rule.frequency),
            interval: some(rule.interval != 1).map(|()| rule.interval),
            by_weekday: some(!rule.weekdays.is_empty())
                .map(|()| rule.weekdays.iter().map(ToString::to_string).collect()),
            by_month_day: some(!rule.month_days.is_empty()).map(|()| rule.month_days.clone()),
            count: count.filter(|_| simple),
            until: until.filter(|_| simple),
            rrule: rule.to_string(),
            text: words::describe(rule, mode),
            mode,
            generate: None,
            catch_up: None,
        }
    }

    fn says_something(&self) -> bool {
        self.frequency.is_some() || !self.rrule.is_empty() || !self.text.is_empty()
    }

    /// How many occurrences it has in all (COUNT, RFC 5545 §3.3.10), if that is how it ends.
    pub fn most(&self) -> Option<u32> {
        match self.rule().ok()?.end {
            End::Count(count) => Some(count),
            End::Never | End::Until(_) => None,
        }
    }

    /// Whether a day that a month does not have becomes its last one.
    pub(crate) fn clamps(&self) -> bool {
        self.frequency.is_some()
    }

    pub(crate) fn rule(&self) -> Result<Rule, Invalid> {
        rfc::parse(&self.rrule)
    }
}

/// A stored recurrence. Before rules were checked it was kept as it was written, in any of the three forms.
#[derive(Debug, Deserialize)]
struct Stored {
    frequency: Option<Frequency>,
    interval: Option<u32>,
    by_weekday: Option<Vec<String>>,
    by_month_day: Option<Vec<i32>>,
    count: Option<u32>,
    until: Option<String>,
    rrule: Option<String>,
    text: Option<String>,
    mode: Option<Mode>,
    generate: Option<Generate>,
    catch_up: Option<CatchUp>,
}

impl TryFrom<Stored> for Recurrence {
    type Error = Invalid;

    /// One from before is read as it would be today, and kept as it is when it cannot be: such a one has no next occurrence,
    /// but its task can be read. Only what has none of the three forms is no recurrence.
    fn try_from(stored: Stored) -> Result<Self, Invalid> {
        let Stored {
            frequency,
            interval,
            by_weekday,
            by_month_day,
            count,
            until,
            rrule,
            text,
            mode,
            generate,
            catch_up,
        } = stored;
        let as_it_is = Self {
            frequency,
            interval,
            by_weekday,
            by_month_day,
            count,
            until,
            rrule: rrule.unwrap_or_default(),
            text: text.unwrap_or_default(),
            mode: mode.unwrap_or_default(),
            generate,
            catch_up,
        };
        if as_it_is.rrule.is_empty() || as_it_is.text.is_empty() || mode.is_none() {
            let again = Written::again(as_it_is.clone(), mode).parse();
            return again.or_else(|invalid| if as_it_is.says_something() { Ok(as_it_is) } else { Err(invalid) });
        }
        Ok(as_it_is)
    }
}
