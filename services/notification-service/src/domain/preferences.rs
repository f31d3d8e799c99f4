//! What a person chose to be told, how, and when.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::channel::Channel;
use super::message::Kind;
use super::quiet_hours::{QuietHours, at};

/// Everything that a person can choose; what they did not choose is as [`Preferences::default`] has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Preferences {
    /// Which channels each kind of message may take.
    pub(crate) events: BTreeMap<Kind, Switches>,
    /// When e-mail and text messages wait.
    pub(crate) quiet_hours: Option<QuietHours>,
    /// A daily e-mail of what was not told by e-mail.
    pub(crate) digest: Option<Digest>,
    /// Where text messages go: E.164.
    pub(crate) phone: Option<String>,
    /// Where their clock is, if not where their profile says.
    pub(crate) timezone: Option<Tz>,
}

/// A switch for each channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Switches {
    pub(crate) email: bool,
    pub(crate) sms: bool,
    pub(crate) in_app: bool,
}

/// When the daily e-mail is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Digest {
    /// At this hour, 0 to 23, by the clock of the person.
    pub(crate) hour: u8,
}

impl Kind {
    /// Those that a person can switch.
    pub(crate) const CHOSEN: [Self; 5] =
        [Self::Reminder, Self::TaskCompleted, Self::TaskAssigned, Self::CommentAdded, Self::System];

    /// As it is until somebody chooses. A reminder was asked for, and says itself which channels it takes; of what others do, people are told
    /// where they look anyway.
    const fn switches(self) -> Switches {
        match self {
            Self::Reminder => Switches { email: true, sms: true, in_app: true },
            Self::Digest => Switches { email: true, sms: false, in_app: false },
            _ => Switches { email: false, sms: false, in_app: true },
        }
    }
}

impl Switches {
    /// Whether the channel is on.
    pub(crate) const fn of(self, channel: Channel) -> bool {
        match channel {
            Channel::Email => self.email,
            Channel::Sms => self.sms,
            Channel::InApp => self.in_app,
        }
    }

    /// The switch of the channel.
    pub(crate) const fn at(&mut self, channel: Channel) -> &mut bool {
        match channel {
            Channel::Email => &mut self.email,
            Channel::Sms => &mut self.sms,
            Channel::InApp => &mut self.in_app,
        }
    }
}

impl Default for Preferences {
    fn default() -> Self {
        let events = Kind::CHOSEN.map(|kind| (kind, kind.switches())).into_iter().collect();
        Self { events, quiet_hours: None, digest: None, phone: None, timezone: None }
    }
}

impl Preferences {
    /// Whether messages of the kind may take the channel.
    pub(crate) fn allows(&self, kind: Kind, channel: Channel) -> bool {
        if kind == Kind::Digest && self.digest.is_none() {
            return false;
        }
        self.events.get(&kind).copied().unwrap_or_else(|| kind.switches()).of(channel)
    }

    /// No more e-mail of the kind.
    pub(crate) fn switch_off_email(&mut self, kind: Kind) {
        if kind == Kind::Digest {
            self.digest = None;
        } else {
            self.events.entry(kind).or_insert_with(|| kind.switches()).email = false;
        }
    }

    /// Where the clock of a person is whose profile says `profile`.
    pub(crate) fn zone(&self, profile: Tz) -> Tz {
        self.timezone.unwrap_or(profile)
    }

    /// When a message of `moment` may leave by `channel`.
    pub(crate) fn not_before(&self, channel: Channel, moment: DateTime<Utc>, zone: Tz) -> DateTime<Utc> {
        match (channel, self.quiet_hours) {
            (Channel::Email | Channel::Sms, Some(quiet)) => quiet.end(moment, zone),
            _ => moment,
        }
    }

    /// When the first digest after `moment` is due, if there are any.
    pub(crate) fn next_digest(&self, moment: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        let time = NaiveTime::from_hms_opt(self.digest?.hour.into(), 0, 0)?;
        let today = moment.with_timezone(&zone).date_naive();
        let days = (0..3).filter_map(|days| today.checked_add_days(Days::new(days)));
        days.map(|day| at(day, time, zone)).find(|due| *due > moment)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn moment(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn what_was_stored_by_an_older_version_takes_the_defaults_of_this_one() {
        let stored = json!({"events": {"reminder": {"email": false, "sms": false, "in_app": true}}});
        let preferences: Preferences = serde_json::from_value(stored).unwrap();
        assert!(!preferences.allows(Kind::Reminder, Channel::Email));
        assert!(preferences.allows(Kind::TaskAssigned, Channel::InApp));
        assert!(!preferences.allows(Kind::TaskAssigned, Channel::Email));
    }

    #[test]
    fn only_what_makes_a_noise_waits_for_the_end_of_quiet_hours() {
        let quiet = json!({"quiet_hours": {"from": "22:00", "to": "07:00"}});
        let preferences: Preferences = serde_json::from_value(quiet).unwrap();
        let night = moment("2026-01-31T23:00:00Z");
        assert_eq!(preferences.not_before(Channel::InApp, night, Tz::UTC), night);
        assert_eq!(preferences.not_before(Channel::Email, night, Tz::UTC), moment("2026-02-01T07:00:00Z"));
    }

    #[test]
    fn whoever_switches_a_kind_of_e_mail_off_gets_none_of_it() {
        for kind in Kind::CHOSEN.into_iter().chain([Kind::Digest]) {
            let mut preferences = Preferences { digest: Some(Digest { hour: 8 }), ..Preferences::default() };
            *preferences.events.entry(kind).or_insert_with(|| kind.switches()).at(Channel::Email) = true;
            assert!(preferences.allows(kind, Channel::Email), "{kind:?}");
            preferences.switch_off_email(kind);
            assert!(!preferences.allows(kind, Channel::Email), "{kind:?}");
        }
    }

    #[test]
    fn a_digest_comes_once_a_day_at_its_hour() {
        let preferences = Preferences { digest: Some(Digest { hour: 8 }), ..Preferences::default() };
        let next = |text| preferences.next_digest(moment(text), Tz::Europe__Berlin).unwrap().to_rfc3339();
        assert_eq!(next("2026-01-31T06:59:59Z"), "2026-01-31T07:00:00+00:00");
        assert_eq!(next("2026-01-31T07:00:00Z"), "2026-02-01T07:00:00+00:00");
        // Between them the clocks go forward: a day of 23 hours.
        assert_eq!(next("2026-03-28T12:00:00Z"), "2026-03-29T06:00:00+00:00");
        assert_eq!(Preferences::default().next_digest(moment("2026-01-31T06:59:59Z"), Tz::UTC), None);
    }
}
