//! How far a client says that it had come.

use std::collections::BTreeMap;

use serde_json::Value;
use uuid::Uuid;

/// The numbers of the last events that a client saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LastSeen {
    /// Of its personal workspace.
    Personal(i64),
    /// Of each workspace that it names.
    Each(BTreeMap<Uuid, i64>),
}

impl LastSeen {
    /// Reads the query parameter: a number, or `<workspace>:<number>` for each workspace, with commas between.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if !text.contains(':') {
            return number(text).map(Self::Personal);
        }
        let mut each = BTreeMap::new();
        for entry in text.split(',') {
            let (workspace, last) = entry.split_once(':')?;
            add(&mut each, workspace, number(last)?)?;
        }
        Some(Self::Each(each))
    }

    /// Reads the member of `auth`: a number, or an object of workspaces and their numbers.
    pub(crate) fn from_json(value: &Value) -> Option<Self> {
        let number = |value: &Value| value.as_i64().filter(|number| *number >= 0);
        let Value::Object(members) = value else { return number(value).map(Self::Personal) };
        let mut each = BTreeMap::new();
        for (workspace, last) in members {
            add(&mut each, workspace, number(last)?)?;
        }
        Some(Self::Each(each))
    }

    /// The last event that it saw of a workspace, if it says so.
    pub(crate) fn of(&self, workspace: Uuid, is_personal: bool) -> Option<i64> {
        match self {
            Self::Personal(last) => is_personal.then_some(*last),
            Self::Each(each) => each.get(&workspace).copied(),
        }
    }

    /// The workspaces that it names.
    pub(crate) fn named(&self) -> impl Iterator<Item = &Uuid> {
        let each = if let Self::Each(each) = self { Some(each) } else { None };
        each.into_iter().flat_map(BTreeMap::keys)
    }
}

/// Adds a workspace that is not there yet, in whichever spelling.
fn add(each: &mut BTreeMap<Uuid, i64>, workspace: &str, last: i64) -> Option<()> {
    each.insert(Uuid::parse_str(workspace).ok()?, last).is_none().then_some(())
}

/// Digits only: `+7` is no number of an event.
fn number(text: &str) -> Option<i64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ONE: Uuid = Uuid::from_u128(1);
    const TWO: Uuid = Uuid::from_u128(2);

    #[test]
    fn a_number_is_of_the_personal_workspace_and_others_are_named() {
        let personal = LastSeen::Personal(41);
        for read in [LastSeen::parse("41"), LastSeen::from_json(&json!(41))] {
            assert_eq!(read.as_ref(), Some(&personal));
        }
        assert_eq!((personal.of(ONE, true), personal.of(ONE, false)), (Some(41), None));
        let each = LastSeen::Each(BTreeMap::from([(ONE, 0), (TWO, 7)]));
        let object = json!({ONE.to_string(): 0, TWO.to_string(): 7});
        for read in [LastSeen::parse(&format!("{TWO}:7,{ONE}:0")), LastSeen::from_json(&object)] {
            assert_eq!(read.as_ref(), Some(&each));
        }
        assert_eq!((each.of(TWO, true), each.of(Uuid::nil(), true)), (Some(7), None));
        assert_eq!((each.named().count(), personal.named().count()), (2, 0));
    }

    #[test]
    fn anything_else_is_not_understood() {
        let twice = format!("{ONE}:1,{ONE}:2");
        let trailing = format!("{ONE}:1,");
        for text in [
            "",
            "seven",
            "-1",
            "+7",
            "7.5",
            "9223372036854775808",
            ":",
            ":7",
            "x:7",
            &format!("{ONE}:-1"),
            &twice,
            &trailing,
        ] {
            assert_eq!(LastSeen::parse(text), None, "{text}");
        }
        for value in [
            json!(-1),
            json!(7.5),
            json!("7"),
            json!([7]),
            json!(true),
            json!({"x": 7}),
            json!({ONE.to_string(): null}),
            json!({TWO.to_string(): 1, TWO.simple().to_string(): 2}),
        ] {
            assert_eq!(LastSeen::from_json(&value), None, "{value}");
        }
    }
}
