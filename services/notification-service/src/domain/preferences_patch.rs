//! A merge patch (RFC 7396) of preferences: absent stays, `null` is the default again.

use chrono_tz::Tz;
use serde_json::{Map, Value};

use super::channel::Channel;
use super::message::Kind;
use super::preferences::{Digest, Preferences, Switches};
use super::quiet_hours::{QuietHours, TimeOfDay};

/// A member that cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// Where: a JSON Pointer into the patch.
    pub(crate) pointer: String,
    /// A stable name of the rule.
    pub(crate) code: &'static str,
    /// What to do about it.
    pub(crate) detail: String,
}

fn mistake(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Mistake {
    Mistake { pointer: pointer.into(), code, detail: detail.into() }
}

impl Preferences {
    /// These with the changes.
    ///
    /// # Errors
    /// Everything that is wrong with the changes.
    pub(crate) fn patched(mut self, changes: &Map<String, Value>) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        for (name, change) in changes {
            let outcome = match name.as_str() {
                "events" => patch_events(&mut self, change),
                "quiet_hours" => quiet_hours(change).map(|hours| self.quiet_hours = hours).map_err(one),
                "digest" => digest(change).map(|digest| self.digest = digest).map_err(one),
                "phone" => phone(change).map(|phone| self.phone = phone).map_err(one),
                "timezone" => timezone(change).map(|timezone| self.timezone = timezone).map_err(one),
                "channels" => {
                    Err(one(mistake("/channels", "read_only", "Which channels there are is not for users to say.")))
                }
                other => {
                    Err(one(unknown(&format!("/{}", escaped(other)), "events, quiet_hours, digest, phone or timezone")))
                }
            };
            mistakes.extend(outcome.err().into_iter().flatten());
        }
        if mistakes.is_empty() { Ok(self) } else { Err(mistakes) }
    }
}

fn one(mistake: Mistake) -> Vec<Mistake> {
    vec![mistake]
}

/// A name as a part of a JSON Pointer (RFC 6901).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn unknown(pointer: &str, known: &str) -> Mistake {
    mistake(pointer, "unknown_field", format!("There is no such member: use {known}."))
}

fn members<'a>(pointer: &str, value: &'a Value) -> Result<&'a Map<String, Value>, Mistake> {
    value.as_object().ok_or_else(|| mistake(pointer, "invalid_type", "Give an object or null."))
}

fn patch_events(preferences: &mut Preferences, change: &Value) -> Result<(), Vec<Mistake>> {
    let default = Preferences::default().events;
    if change.is_null() {
        preferences.events = default;
        return Ok(());
    }
    let mut mistakes = Vec::new();
    for (name, change) in members("/events", change).map_err(one)? {
        let pointer = format!("/events/{}", escaped(name));
        let Some(kind) = Kind::CHOSEN.into_iter().find(|kind| kind.as_str() == name) else {
            mistakes.push(mistake(
                pointer,
                "event_unknown",
                format!("Use {}.", Kind::CHOSEN.map(Kind::as_str).join(", ")),
            ));
            continue;
        };
        let Some(default) = default.get(&kind).copied() else { continue };
        let switches = preferences.events.entry(kind).or_insert(default);
        mistakes.extend(patch_switches(switches, default, &pointer, change).err().into_iter().flatten());
    }
    if mistakes.is_empty() { Ok(()) } else { Err(mistakes) }
}

fn patch_switches(
    switches: &mut Switches,
    default: Switches,
    pointer: &str,
    change: &Value,
) -> Result<(), Vec<Mistake>> {
    if change.is_null() {
        *switches = default;
        return Ok(());
    }
    let mut mistakes = Vec::new();
    for (name, change) in members(pointer, change).map_err(one)? {
        let pointer = format!("{pointer}/{}", escaped(name));
        let Some(channel) = Channel::ALL.into_iter().find(|channel| channel.as_str() == name) else {
            mistakes.push(mistake(pointer, "channel_unknown", "Use email, sms or in_app."));
            continue;
        };
        match change {
            Value::Bool(on) => *switches.at(channel) = *on,
            Value::Null => *switches.at(channel) = default.of(channel),
            _ => mistakes.push(mistake(pointer, "invalid_type", "Give true, false or null.")),
        }
    }
    if mistakes.is_empty() { Ok(()) } else { Err(mistakes) }
}

/// As a whole: one end without the other says nothing.
fn quiet_hours(change: &Value) -> Result<Option<QuietHours>, Mistake> {
    const POINTER: &str = "/quiet_hours";
    if change.is_null() {
        return Ok(None);
    }
    let (mut from, mut to) = (None, None);
    for (name, change) in members(POINTER, change)? {
        let pointer = format!("{POINTER}/{}", escaped(name));
        let side = match name.as_str() {
            "from" => &mut from,
            "to" => &mut to,
            _ => return Err(unknown(&pointer, "from and to; the time zone is a member of its own")),
        };
        let time = change.as_str().and_then(|text| text.parse::<TimeOfDay>().ok());
        *side = Some(time.ok_or_else(|| mistake(pointer, "time_invalid", "Give a time of day such as 22:00."))?);
    }
    let (Some(from), Some(to)) = (from, to) else {
        return Err(mistake(POINTER, "required", "Give both from and to, such as 22:00 and 07:00."));
    };
    Ok(Some(QuietHours { from, to }))
}

fn digest(change: &Value) -> Result<Option<Digest>, Mistake> {
    if change.is_null() {
        return Ok(None);
    }
    let members = members("/digest", change)?;
    if let Some(other) = members.keys().find(|name| *name != "hour") {
        return Err(unknown(&format!("/digest/{}", escaped(other)), "hour"));
    }
    let hour = members.get("hour").and_then(Value::as_u64).and_then(|hour| u8::try_from(hour).ok());
    let hour = hour.filter(|hour| *hour < 24);
    let hour = hour.ok_or_else(|| mistake("/digest/hour", "hour_invalid", "Give an hour from 0 to 23."))?;
    Ok(Some(Digest { hour }))
}

/// E.164: a plus sign and 8 to 15 digits, the first of them not 0.
fn phone(change: &Value) -> Result<Option<String>, Mistake> {
    let invalid = || mistake("/phone", "phone_invalid", "Give a telephone number as +4915112345678, or null.");
    if change.is_null() {
        return Ok(None);
    }
    let text = change.as_str().ok_or_else(invalid)?;
    let digits = text.strip_prefix('+').ok_or_else(invalid)?;
    let is_number = (8..=15).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|digit| digit.is_ascii_digit());
    if is_number { Ok(Some(text.to_owned())) } else { Err(invalid()) }
}

fn timezone(change: &Value) -> Result<Option<Tz>, Mistake> {
    if change.is_null() {
        return Ok(None);
    }
    let known = change.as_str().and_then(|name| name.parse::<Tz>().ok());
    let unknown = || {
        mistake(
            "/timezone",
            "timezone_unknown",
            "Give an IANA time zone such as Europe/Berlin, or null for that of the profile.",
        )
    };
    known.map(Some).ok_or_else(unknown)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patched(preferences: Preferences, changes: &Value) -> Result<Preferences, Vec<Mistake>> {
        preferences.patched(changes.as_object().unwrap())
    }

    #[test]
    fn what_is_absent_stays_and_null_is_the_default_again() {
        let changes = json!({
            "events": {"reminder": {"email": false}, "task_completed": {"email": true}},
            "quiet_hours": {"from": "22:00", "to": "07:00"}, "digest": {"hour": 8}, "phone": "+4915112345678",
            "timezone": "Europe/Berlin",
        });
        let chosen = patched(Preferences::default(), &changes).unwrap();
        assert!(!chosen.allows(Kind::Reminder, Channel::Email) && chosen.allows(Kind::Reminder, Channel::InApp));
        assert!(chosen.allows(Kind::TaskCompleted, Channel::Email));
        let later = patched(chosen.clone(), &json!({"quiet_hours": {"from": "21:00", "to": "08:00"}})).unwrap();
        assert_eq!(json!(later.quiet_hours), json!({"from": "21:00", "to": "08:00"}));
        let later = patched(later, &json!({"events": {"reminder": {"email": null}}, "digest": null})).unwrap();
        assert!(later.allows(Kind::Reminder, Channel::Email) && later.allows(Kind::TaskCompleted, Channel::Email));
        assert_eq!((later.digest, &later.phone), (None, &chosen.phone));
        let none = json!({"events": null, "quiet_hours": null, "phone": null, "timezone": null});
        assert_eq!(patched(later, &none).unwrap(), Preferences::default());
    }

    #[test]
    fn every_mistake_is_told_at_its_place() {
        for (changes, pointer, code) in [
            (json!({"event": {}}), "/event", "unknown_field"),
            (json!({"a/b": {}}), "/a~1b", "unknown_field"),
            (json!({"events": []}), "/events", "invalid_type"),
            (json!({"events": {"digest": {}}}), "/events/digest", "event_unknown"),
            (json!({"events": {"reminder": {"pigeon": true}}}), "/events/reminder/pigeon", "channel_unknown"),
            (json!({"events": {"reminder": {"sms": "yes"}}}), "/events/reminder/sms", "invalid_type"),
            (json!({"quiet_hours": {"from": "22:00"}}), "/quiet_hours", "required"),
            (json!({"quiet_hours": {"from": "25:00", "to": "07:00"}}), "/quiet_hours/from", "time_invalid"),
            (
                json!({"quiet_hours": {"from": "22:00", "to": "07:00", "zone": "UTC"}}),
                "/quiet_hours/zone",
                "unknown_field",
            ),
            (json!({"digest": {"hour": 24}}), "/digest/hour", "hour_invalid"),
            (json!({"digest": {}}), "/digest/hour", "hour_invalid"),
            (json!({"phone": "0151 1234567"}), "/phone", "phone_invalid"),
            (json!({"phone": "+49151\n1234567"}), "/phone", "phone_invalid"),
            (json!({"timezone": "Mars/Olympus"}), "/timezone", "timezone_unknown"),
            (json!({"channels": {}}), "/channels", "read_only"),
        ] {
            let mistakes = patched(Preferences::default(), &changes).unwrap_err();
            assert_eq!(
                (mistakes[0].pointer.as_str(), mistakes[0].code, mistakes.len()),
                (pointer, code, 1),
                "{changes}"
            );
        }
    }
}
