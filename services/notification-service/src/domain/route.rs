//! By which channels a person is told something, and when.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::channel::Channel;
use super::message::Kind;
use super::person::Person;
use super::preferences::Preferences;

/// Why somebody is not told by a channel that they do not want.
pub(crate) const SWITCHED_OFF: &str = "switched off";
/// Why somebody gets no text message who could.
pub(crate) const NO_PHONE: &str = "there is no telephone number";

/// A message's way to a person by one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) channel: Channel,
    /// Where it goes; empty where it goes nowhere.
    pub(crate) address: String,
    pub(crate) way: Way,
}

/// Whether it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// From this moment on.
    From(DateTime<Utc>),
    /// Not at all, for this reason.
    Blocked(String),
}

/// How far a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeliveryStatus {
    /// On its way.
    Pending,
    /// The provider took it, or it is on the person's list.
    Sent,
    /// It was tried, and will not be taken.
    Failed,
    /// It was never tried: the channel is not configured, switched off, or there is no address.
    Skipped,
}

impl DeliveryStatus {
    /// Its name in tables, events and answers.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// Every channel that the message asks for (`asked`, else those that are on for its kind), with the reason where it cannot be taken: nothing is
/// dropped without a word. `missing` says which settings a channel lacks.
pub(crate) fn routes(
    kind: Kind,
    asked: Option<&[Channel]>,
    person: &Person,
    preferences: &Preferences,
    moment: DateTime<Utc>,
    missing: impl Fn(Channel) -> Vec<&'static str>,
) -> Vec<Route> {
    let zone = preferences.zone(person.zone());
    let is_asked = |channel: &Channel| match (asked, kind) {
        (Some(asked), _) => asked.contains(channel),
        (None, Kind::Reminder) => Channel::DEFAULT.contains(channel),
        (None, _) => preferences.allows(kind, *channel),
    };
    let channels = Channel::ALL.into_iter().filter(is_asked);
    channels
        .map(|channel| {
            let (address, lacking) = match channel {
                Channel::Email => (person.email.clone(), "there is no e-mail address"),
                Channel::Sms => (preferences.phone.clone(), NO_PHONE),
                Channel::InApp => (Some(person.user_id.clone()), ""),
            };
            let missing = missing(channel);
            let way = if !preferences.allows(kind, channel) {
                Way::Blocked(SWITCHED_OFF.to_owned())
            } else if !missing.is_empty() {
                Way::Blocked(format!("not configured: {}", missing.join(", ")))
            } else if address.is_none() {
                Way::Blocked(lacking.to_owned())
            } else {
                Way::From(preferences.not_before(channel, moment, zone))
            };
            Route { channel, address: address.unwrap_or_default(), way }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::*;

    fn alice() -> Person {
        let (user_id, email) = ("alice".to_owned(), Some("alice@example.org".to_owned()));
        Person { user_id, email, first_name: "Alice".to_owned(), last_name: String::new(), timezone: "UTC".to_owned() }
    }

    fn ways(asked: Option<&[Channel]>, kind: Kind, preferences: &Preferences) -> Vec<(Channel, Option<String>)> {
        let missing = |channel| if channel == Channel::Sms { vec!["TWILIO_FROM"] } else { Vec::new() };
        let all = routes(kind, asked, &alice(), preferences, DateTime::UNIX_EPOCH, missing);
        all.into_iter()
            .map(|route| match route.way {
                Way::From(_) => (route.channel, None),
                Way::Blocked(why) => (route.channel, Some(why)),
            })
            .collect()
    }

    #[test]
    fn a_reminder_takes_the_channels_that_it_names_and_says_which_it_could_not_take() {
        let preferences = Preferences::default();
        assert_eq!(ways(None, Kind::Reminder, &preferences), [(Channel::Email, None), (Channel::InApp, None)]);
        let unconfigured = Some("not configured: TWILIO_FROM".to_owned());
        assert_eq!(ways(Some(&[Channel::Sms]), Kind::Reminder, &preferences), [(Channel::Sms, unconfigured)]);
        assert_eq!(ways(None, Kind::TaskAssigned, &preferences), [(Channel::InApp, None)]);
    }

    #[test]
    fn what_is_switched_off_is_off_also_for_a_reminder_that_names_it() {
        let mut preferences = Preferences { timezone: Some(Tz::UTC), ..Preferences::default() };
        preferences.events.get_mut(&Kind::Reminder).unwrap().email = false;
        let told = ways(Some(&[Channel::Email, Channel::InApp]), Kind::Reminder, &preferences);
        assert_eq!(told, [(Channel::Email, Some("switched off".to_owned())), (Channel::InApp, None)]);
    }
}
