//! What is refused, with its code and its place.

use chrono::{DateTime, Utc};
use recurrence::{Invalid, Occurrences, Written, first_due, may_begin};
use serde_json::{Value, json};

fn refused(written: &Value) -> Invalid {
    let read = serde_json::from_value::<Written>(written.clone()).unwrap().parse();
    read.map_or_else(|invalid| invalid, |recurrence| panic!("{written} was taken as {recurrence:?}"))
}

#[test]
fn a_wrong_shape_is_told_by_its_place() {
    for (bad, code, pointer) in [
        (json!({}), "recurrence_form", ""),
        (json!({"text": "every day", "rrule": "FREQ=WEEKLY"}), "recurrence_form", "/text"),
        (json!({"frequency": "daily", "rrule": "FREQ=WEEKLY"}), "recurrence_form", "/rrule"),
        (json!({"frequency": "daily", "text": "every week"}), "recurrence_form", "/text"),
        (json!({"text": "daily", "count": 3}), "recurrence_form", ""),
        (json!({"text": "every! day", "mode": "schedule"}), "recurrence_form", "/mode"),
        (json!({"text": "every! day", "generate": "ahead"}), "recurrence_form", "/generate"),
        (json!({"text": "every day", "catch_up": "all"}), "recurrence_form", "/catch_up"),
        (json!({"frequency": "daily", "interval": 0}), "recurrence_invalid", "/interval"),
        (json!({"frequency": "daily", "interval": 1001}), "recurrence_invalid", "/interval"),
        (json!({"frequency": "daily", "count": 0}), "recurrence_invalid", "/count"),
        (json!({"frequency": "daily", "count": 10_001}), "recurrence_invalid", "/count"),
        (json!({"frequency": "daily", "count": 1, "until": "2027-01-01T00:00:00Z"}), "recurrence_invalid", "/until"),
        (json!({"frequency": "daily", "until": "soon"}), "date_invalid", "/until"),
        (json!({"frequency": "weekly", "by_weekday": ["é"]}), "recurrence_invalid", "/by_weekday"),
        (json!({"frequency": "weekly", "by_weekday": ["3FR"]}), "recurrence_invalid", "/by_weekday"),
        (json!({"frequency": "monthly", "by_weekday": ["6FR"]}), "recurrence_invalid", "/by_weekday"),
        (json!({"frequency": "monthly", "by_weekday": ["0FR"]}), "recurrence_invalid", "/by_weekday"),
        (json!({"frequency": "weekly", "by_weekday": []}), "recurrence_invalid", "/by_weekday"),
        (json!({"frequency": "weekly", "by_weekday": ["mo", "Monday"]}), "recurrence_invalid", "/by_weekday"),
        (json!({"frequency": "yearly", "by_weekday": ["MO"]}), "recurrence_invalid", "/by_weekday"),
        (json!({"frequency": "weekly", "by_month_day": [1]}), "recurrence_invalid", "/by_month_day"),
        (json!({"frequency": "monthly", "by_month_day": [32]}), "recurrence_invalid", "/by_month_day"),
        (json!({"frequency": "monthly", "by_month_day": [0]}), "recurrence_invalid", "/by_month_day"),
        (json!({"frequency": "monthly", "by_month_day": [1, 1]}), "recurrence_invalid", "/by_month_day"),
        (json!({"frequency": "monthly", "by_month_day": [i32::MIN]}), "recurrence_invalid", "/by_month_day"),
    ] {
        let invalid = refused(&bad);
        assert_eq!((invalid.code, invalid.pointer), (code, pointer), "{bad}: {invalid}");
    }
}

#[test]
fn a_rule_that_is_none_is_refused() {
    for (rule, told) in [
        ("garbage", "RFC 5545"),
        ("FREQ=DAILY;", "RFC 5545"),
        ("INTERVAL=2", "FREQ"),
        ("FREQ=DAILY;INTERVAL=0", "interval"),
        ("FREQ=DAILY;INTERVAL=99999999999", "INTERVAL"),
        ("FREQ=DAILY;COUNT=0", "count"),
        ("FREQ=DAILY;COUNT=3;UNTIL=20261231", "not both"),
        ("FREQ=DAILY;FREQ=WEEKLY", "twice"),
        ("FREQ=DAILY;BYSECOND=0,1,2,3", "BYSECOND"),
        ("FREQ=SECONDLY", "secondly"),
        ("FREQ=HOURLY;BYMINUTE=1", "hourly"),
        ("FREQ=YEARLY;BYEASTER=0", "BYEASTER"),
        ("DTSTART:20260101T090000Z\nRRULE:FREQ=DAILY", "DTSTART"),
        ("FREQ=WEEKLY;BYDAY=2MO", "number before a weekday"),
        ("FREQ=MONTHLY;BYDAY=6MO", "5 of a weekday"),
        ("FREQ=MONTHLY;BYDAY=0MO", "5 of a weekday"),
        ("FREQ=MONTHLY;BYDAY=xxMO", "BYDAY"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "weekly"),
        ("FREQ=MONTHLY;BYYEARDAY=1", "yearly"),
        ("FREQ=MONTHLY;BYWEEKNO=1", "yearly"),
        ("FREQ=DAILY;BYSETPOS=1", "BYSETPOS"),
        ("FREQ=DAILY;BYHOUR=24", "Hours"),
        ("FREQ=DAILY;BYMINUTE=60", "Minutes"),
        ("FREQ=DAILY;BYHOUR=0,1,2,3,4;BYMINUTE=0,1,2,3,4", "24 times"),
        ("FREQ=DAILY;UNTIL=tomorrow", "UNTIL"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "Days of the month"),
        ("FREQ=MONTHLY;BYMONTH=13", "Months"),
    ] {
        let invalid = refused(&json!({"rrule": rule}));
        assert_eq!((invalid.code, invalid.pointer), ("recurrence_invalid", "/rrule"), "{rule}: {invalid}");
        assert!(invalid.detail.contains(told), "{rule}: {invalid}");
    }
    let long = format!("FREQ=DAILY;BYHOUR={}", "9,".repeat(600));
    assert_eq!(refused(&json!({"rrule": long})).code, "recurrence_invalid");
}

#[test]
fn a_rule_that_matches_no_day_is_refused() {
    for rule in [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYMONTH=4,6,9,11;BYMONTHDAY=31",
        "FREQ=MONTHLY;BYMONTHDAY=1;BYDAY=5MO",
        "FREQ=YEARLY;BYWEEKNO=20;BYMONTH=1;BYDAY=MO",
        "FREQ=YEARLY;BYYEARDAY=1;BYMONTH=6",
        "FREQ=WEEKLY;BYDAY=MO;BYSETPOS=300",
        "FREQ=DAILY;BYSETPOS=2;BYHOUR=9",
    ] {
        assert_eq!(refused(&json!({"rrule": rule})).code, "recurrence_never", "{rule}");
    }
}

#[test]
fn a_series_that_nothing_follows_is_refused() {
    // Each seventh day from a Monday is no Tuesday; and what follows once in a thousand years is taken for nothing.
    let start: DateTime<Utc> = "2026-03-02T09:00:00Z".parse().unwrap();
    for rule in [
        "FREQ=DAILY;INTERVAL=7;BYDAY=TU",
        "FREQ=DAILY;INTERVAL=999;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO;BYHOUR=9",
        "FREQ=YEARLY;INTERVAL=100;BYMONTH=2;BYMONTHDAY=29",
        "FREQ=YEARLY;INTERVAL=1000;BYWEEKNO=53;BYDAY=SU;BYMONTH=1",
    ] {
        let recurrence = serde_json::from_value::<Written>(json!({"rrule": rule})).unwrap().parse().unwrap();
        let invalid = Occurrences::new(&recurrence, chrono_tz::UTC, start.naive_utc()).unwrap_err();
        assert_eq!(invalid.code, "recurrence_never", "{rule}");
    }
    let ended = serde_json::from_value::<Written>(json!({"frequency": "daily", "until": "2026-03-01"}))
        .unwrap()
        .parse()
        .unwrap();
    let invalid = Occurrences::new(&ended, chrono_tz::UTC, start.naive_utc()).unwrap_err();
    assert_eq!(invalid.code, "recurrence_ended");
    assert_eq!(first_due(&ended, chrono_tz::UTC, start).unwrap_err().code, "recurrence_ended");
}

#[test]
fn a_series_begins_in_years_that_end_somewhere() {
    let daily = serde_json::from_value::<Written>(json!({"frequency": "daily"})).unwrap().parse().unwrap();
    for (text, is_taken) in [
        ("1899-12-31T23:59:59Z", false),
        ("1900-01-01T00:00:00Z", true),
        ("9998-12-30T00:00:00Z", true),
        ("9999-01-01T00:00:00Z", false),
    ] {
        let start: DateTime<Utc> = text.parse().unwrap();
        let begun = Occurrences::new(&daily, chrono_tz::UTC, start.naive_utc());
        assert_eq!((begun.is_ok(), may_begin(start)), (is_taken, is_taken), "{text}");
        assert!(begun.map_or_else(|invalid| invalid.code == "recurrence_invalid", |_| true), "{text}");
    }
}

#[test]
fn text_that_is_no_recurrence_is_told_by_its_character() {
    for (text, character) in [
        ("", 1),
        ("when the moon is full", 1),
        ("every", 6),
        ("every blue moon", 7),
        ("every Monday or so", 14),
        ("every 3", 7),
        ("every day until soon", 17),
        ("every day until 2026-02-30", 17),
        ("every day at 25:00", 14),
        ("every day at 9:00 and 10:30", 14),
        ("every day at 9am, 5pm and 17:30 until soon", 14),
        ("every day,", 11),
        ("every day 5 times 6 times", 26),
        ("Monday", 7),
        ("every other weekday", 13),
        ("every 2 day week", 13),
        ("éé öö", 1),
    ] {
        let invalid = refused(&json!({ "text": text }));
        assert_eq!((invalid.code, invalid.pointer), ("recurrence_text_unknown", "/text"), "{text}");
        assert!(invalid.detail.contains(&format!("at character {character}")), "{text}: {invalid}");
    }
    let invalid = refused(&json!({"text": "every day at 9am and 17:30"}));
    assert!(invalid.detail.contains("at \"9am\". One rule has each of its hours at each of its minutes"), "{invalid}");
    for text in ["every 32nd", "every 0 days", "every 6th Friday", "every 5000 days"] {
        assert_eq!(refused(&json!({ "text": text })).code, "recurrence_invalid", "{text}");
    }
    assert_eq!(refused(&json!({"text": "every ".repeat(200)})).code, "recurrence_invalid");
}
