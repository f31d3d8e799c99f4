//! What people write, and how it is answered.

use recurrence::{Mode, Recurrence, Written};
use serde_json::{Value, json};

fn read(written: &Value) -> Recurrence {
    serde_json::from_value::<Written>(written.clone())
        .unwrap()
        .parse()
        .unwrap_or_else(|invalid| panic!("{written}: {invalid}"))
}

#[test]
fn phrases_are_the_rules_that_people_mean() {
    for (text, rrule, described) in [
        ("every day", "FREQ=DAILY", "every day"),
        ("daily", "FREQ=DAILY", "every day"),
        ("  Every   DAY ", "FREQ=DAILY", "every day"),
        ("every Monday", "FREQ=WEEKLY;BYDAY=MO", "every Monday"),
        ("every mon", "FREQ=WEEKLY;BYDAY=MO", "every Monday"),
        ("weekly", "FREQ=WEEKLY", "every week"),
        ("weekly on Friday", "FREQ=WEEKLY;BYDAY=FR", "every Friday"),
        ("first of every month", "FREQ=MONTHLY;BYMONTHDAY=1", "every month on the 1st"),
        ("first of the month", "FREQ=MONTHLY;BYMONTHDAY=1", "every month on the 1st"),
        ("monthly", "FREQ=MONTHLY", "every month"),
        ("monthly on the 15th", "FREQ=MONTHLY;BYMONTHDAY=15", "every month on the 15th"),
        ("every 3 days", "FREQ=DAILY;INTERVAL=3", "every 3 days"),
        ("every three days", "FREQ=DAILY;INTERVAL=3", "every 3 days"),
        ("every 3rd day", "FREQ=DAILY;INTERVAL=3", "every 3 days"),
        ("every 3rd day of the month", "FREQ=MONTHLY;BYMONTHDAY=3", "every month on the 3rd"),
        ("every other day", "FREQ=DAILY;INTERVAL=2", "every 2 days"),
        ("every 2 weeks", "FREQ=WEEKLY;INTERVAL=2", "every 2 weeks"),
        ("every fortnight", "FREQ=WEEKLY;INTERVAL=2", "every 2 weeks"),
        ("every weekday", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "every weekday"),
        ("every workday", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "every weekday"),
        ("weekdays", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "every weekday"),
        ("every weekend", "FREQ=WEEKLY;BYDAY=SA,SU", "every Saturday and Sunday"),
        ("every Monday and Thursday", "FREQ=WEEKLY;BYDAY=MO,TH", "every Monday and Thursday"),
        ("every thu, mon & sat", "FREQ=WEEKLY;BYDAY=MO,TH,SA", "every Monday, Thursday and Saturday"),
        ("mondays and thursdays", "FREQ=WEEKLY;BYDAY=MO,TH", "every Monday and Thursday"),
        ("every 2 weeks on Friday", "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", "every 2 weeks on Friday"),
        ("every other Friday", "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", "every 2 weeks on Friday"),
        ("third Friday of every month", "FREQ=MONTHLY;BYDAY=3FR", "every month on the 3rd Friday"),
        ("every 3rd friday", "FREQ=MONTHLY;BYDAY=3FR", "every month on the 3rd Friday"),
        ("the last Sunday of each month", "FREQ=MONTHLY;BYDAY=-1SU", "every month on the last Sunday"),
        (
            "1st and 3rd Friday of every 2 months",
            "FREQ=MONTHLY;INTERVAL=2;BYDAY=1FR,3FR",
            "every 2 months on the 1st Friday and the 3rd Friday",
        ),
        ("last day of every month", "FREQ=MONTHLY;BYMONTHDAY=-1", "every month on the last day"),
        ("every last day", "FREQ=MONTHLY;BYMONTHDAY=-1", "every month on the last day"),
        ("every 15th", "FREQ=MONTHLY;BYMONTHDAY=15", "every month on the 15th"),
        ("every 1st and 15th", "FREQ=MONTHLY;BYMONTHDAY=1,15", "every month on the 1st and 15th"),
        ("every quarter", "FREQ=MONTHLY;INTERVAL=3", "every 3 months"),
        ("quarterly", "FREQ=MONTHLY;INTERVAL=3", "every 3 months"),
        (
            "last weekday of every month",
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            "every month on weekdays, only the last of them",
        ),
        (
            "every week on weekdays, only the last of them",
            "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            "every week on weekdays, only the last of them",
        ),
        ("yearly", "FREQ=YEARLY", "every year"),
        ("every jan 27", "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=27", "every January 27"),
        ("every 27 January", "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=27", "every January 27"),
        ("every 27th of January", "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=27", "every January 27"),
        ("every year on January 27", "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=27", "every January 27"),
        ("last day of the year", "FREQ=YEARLY;BYYEARDAY=-1", "every year on the last day of the year"),
        ("every day at 9am and 17:00", "FREQ=DAILY;BYHOUR=9,17;BYMINUTE=0", "every day at 09:00 and 17:00"),
        ("every monday at 9:30 pm", "FREQ=WEEKLY;BYDAY=MO;BYHOUR=21;BYMINUTE=30", "every Monday at 21:30"),
        ("every day until 2026-12-31", "FREQ=DAILY;UNTIL=20261231", "every day until 2026-12-31"),
        ("every day until Dec 31 2026", "FREQ=DAILY;UNTIL=20261231", "every day until 2026-12-31"),
        ("every day until 31st of December, 2026", "FREQ=DAILY;UNTIL=20261231", "every day until 2026-12-31"),
        ("every monday for 5 times", "FREQ=WEEKLY;BYDAY=MO;COUNT=5", "every Monday, 5 times"),
        ("every 15th 5 times", "FREQ=MONTHLY;BYMONTHDAY=15;COUNT=5", "every month on the 15th, 5 times"),
    ] {
        let recurrence = read(&json!({ "text": text }));
        assert_eq!((&*recurrence.rrule, &*recurrence.text), (rrule, described), "{text}");
        assert_eq!(recurrence.mode, Mode::Schedule, "{text}");
    }
}

#[test]
fn an_exclamation_mark_or_after_completion_counts_from_completion() {
    for text in ["every! 3 days", "every 3 days after completion", "every!3 days", "Every 3 days from completion"] {
        let recurrence = read(&json!({ "text": text }));
        assert_eq!((recurrence.mode, &*recurrence.text), (Mode::Completion, "every 3 days after completion"), "{text}");
    }
    let recurrence = read(&json!({"text": "every Monday", "mode": "completion"}));
    assert_eq!(recurrence.text, "every Monday after completion");
}

#[test]
fn the_three_forms_are_stored_as_one() {
    let stored = json!({"frequency": "weekly", "interval": 2, "by_weekday": ["MO", "TH"], "count": 3,
        "rrule": "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;COUNT=3", "text": "every 2 weeks on Monday and Thursday, 3 times",
        "mode": "schedule"});
    let weekly = json!({"frequency": "weekly", "interval": 2, "by_weekday": ["thursday", "Mon"], "count": 3});
    for written in [weekly, json!({"text": "every 2 weeks on thursday, monday 3 times"}), stored.clone()] {
        assert_eq!(json!(read(&written)), stored);
    }
    let raw = json!({"rrule": "FREQ=MONTHLY;BYMONTHDAY=31", "text": "every month on the 31st", "mode": "schedule"});
    for written in [json!({"rrule": "rrule:bymonthday=31;interval=1;freq=monthly"}), raw.clone()] {
        assert_eq!(json!(read(&written)), raw);
    }
    let until = read(&json!({"frequency": "daily", "until": "2026-12-31T10:00:00+01:00"}));
    assert_eq!(
        (until.until.as_deref(), &*until.rrule),
        (Some("2026-12-31T09:00:00Z"), "FREQ=DAILY;UNTIL=20261231T090000Z")
    );
}

#[test]
fn what_was_stored_before_rules_were_checked_can_be_read() {
    let read = |stored: &Value| serde_json::from_value::<Recurrence>(stored.clone()).unwrap();
    assert_eq!(read(&json!({"text": "every 10 years"})).rrule, "FREQ=YEARLY;INTERVAL=10");
    assert_eq!(read(&json!({"text": "every! day"})).mode, Mode::Completion);
    assert_eq!(read(&json!({"rrule": "FREQ=DAILY"})).text, "every day");
    let unknown = json!({"text": "when the moon is full", "mode": "schedule"});
    assert_eq!(json!(read(&unknown)), unknown);
    let wrong = json!({"rrule": "FREQ=DAILY;BYSECOND=1", "mode": "schedule"});
    assert_eq!(json!(read(&wrong)), wrong);
    assert!(serde_json::from_value::<Recurrence>(json!({"lunar": true})).is_err());
}
