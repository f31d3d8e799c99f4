use serde_json::{Value, json};

use super::*;

const TASK: Uuid = Uuid::from_u128(1);

fn moment(hour: u32, minute: u32) -> DateTime<Utc> {
    format!("2026-01-31T{hour:02}:{minute:02}:00Z").parse().unwrap()
}

fn task(due: Option<DateTime<Utc>>, reminders: &[Value]) -> Task {
    Task {
        id: TASK,
        workspace_id: Uuid::from_u128(2),
        user_id: "alice".to_owned(),
        title: "Pay the rent".to_owned(),
        due,
        standing: Standing::Open,
        reminders: Wanted::all(TASK, reminders),
    }
}

fn half_an_hour() -> [Value; 1] {
    [json!({"before": "PT30M"})]
}

/// The reminders as they are after the plan.
fn after(task: &Task, held: &[Reminder], at: DateTime<Utc>) -> Vec<Reminder> {
    let changes = plan(task, held, at);
    let mut all: Vec<Reminder> = held.to_vec();
    for Change { reminder, .. } in changes {
        all.retain(|held| held.id != reminder.id);
        all.push(reminder);
    }
    all
}

fn one(reminders: &[Reminder]) -> (Status, Option<DateTime<Utc>>, i64) {
    assert_eq!(reminders.len(), 1);
    (reminders[0].status, reminders[0].fire_at, reminders[0].version)
}

#[test]
fn a_due_date_that_moves_takes_the_reminder_with_it() {
    let held = after(&task(Some(moment(10, 0)), &half_an_hour()), &[], moment(8, 0));
    assert_eq!(one(&held), (Status::Scheduled, Some(moment(9, 30)), 1));
    let moved = task(Some(moment(12, 0)), &half_an_hour());
    let held = after(&moved, &held, moment(9, 0));
    assert_eq!(one(&held), (Status::Scheduled, Some(moment(11, 30)), 2));
    assert_eq!(plan(&moved, &held, moment(9, 1)), [], "told again, it is no news");
}

#[test]
fn without_a_due_date_it_is_dormant_until_there_is_one() {
    let held = after(&task(None, &half_an_hour()), &[], moment(8, 0));
    assert_eq!(one(&held), (Status::Dormant, None, 0));
    let due = task(Some(moment(10, 0)), &half_an_hour());
    let held = after(&due, &held, moment(8, 1));
    assert_eq!(one(&held), (Status::Scheduled, Some(moment(9, 30)), 1));
    let cleared = plan(&task(None, &half_an_hour()), &held, moment(8, 2));
    assert_eq!((cleared[0].reminder.status, cleared[0].news), (Status::Dormant, Some(News::Cancelled)));
    let held = after(&due, &[cleared[0].reminder.clone()], moment(8, 3));
    assert_eq!(one(&held), (Status::Scheduled, Some(moment(9, 30)), 3));
}

#[test]
fn an_absolute_one_does_not_move() {
    let at = [json!({"at": "2026-01-31T09:00:00Z"})];
    let held = after(&task(Some(moment(10, 0)), &at), &[], moment(8, 0));
    assert_eq!(one(&held), (Status::Scheduled, Some(moment(9, 0)), 1));
    assert_eq!(plan(&task(Some(moment(12, 0)), &at), &held, moment(8, 1)), []);
    assert_eq!(plan(&task(None, &at), &held, moment(8, 1)), []);
}

#[test]
fn what_is_done_archived_or_deleted_is_silent_and_only_what_is_to_come_begins_again() {
    let reminders = [json!({"before": "PT30M"}), json!({"before": "PT2H"})];
    let open = task(Some(moment(12, 0)), &reminders);
    for standing in [Standing::Completed, Standing::Archived, Standing::Deleted] {
        let held = after(&open, &[], moment(8, 0));
        let changes = plan(&Task { standing, ..open.clone() }, &held, moment(9, 0));
        assert!(changes.iter().all(|change| change.reminder.status == Status::Cancelled));
        assert!(changes.iter().all(|change| change.news == Some(News::Cancelled)));
        let held: Vec<Reminder> = changes.into_iter().map(|change| change.reminder).collect();
        // At 10:30 the one of 10:00 is past.
        let again = plan(&open, &held, moment(10, 30));
        assert_eq!(again.len(), 1);
        let Change { reminder, news } = &again[0];
        assert_eq!((reminder.fire_at, reminder.version, *news), (Some(moment(11, 30)), 3, Some(News::Scheduled)));
    }
}

#[test]
fn what_falls_due_while_the_news_is_on_its_way_is_sent() {
    let late = task(Some(moment(10, 0)), &half_an_hour());
    // The event is of 09:29, whenever it arrives.
    assert_eq!(one(&after(&late, &[], moment(9, 29))), (Status::Scheduled, Some(moment(9, 30)), 1));
    let past = plan(&late, &[], moment(9, 30));
    assert_eq!(
        (past[0].reminder.status, past[0].reminder.reason.as_deref(), past[0].news),
        (Status::Cancelled, Some("past"), None)
    );
}

#[test]
fn one_that_was_sent_is_sent_again_only_for_a_new_moment_to_come() {
    let due = task(Some(moment(10, 0)), &half_an_hour());
    let mut sent = after(&due, &[], moment(8, 0)).remove(0);
    (sent.status, sent.fired_at, sent.sent_at) = (Status::Sent, Some(moment(9, 30)), Some(moment(9, 30)));
    assert_eq!(plan(&due, std::slice::from_ref(&sent), moment(9, 40)), []);
    assert_eq!(plan(&task(None, &half_an_hour()), std::slice::from_ref(&sent), moment(9, 40)), []);
    let earlier = task(Some(moment(9, 45)), &half_an_hour());
    assert_eq!(plan(&earlier, std::slice::from_ref(&sent), moment(9, 40)), []);
    let later = after(&task(Some(moment(12, 0)), &half_an_hour()), &[sent], moment(9, 40));
    assert_eq!(one(&later), (Status::Scheduled, Some(moment(11, 30)), 2));
    assert_eq!((later[0].fired_at, later[0].sent_at), (None, None));
}

#[test]
fn one_that_is_taken_away_is_cancelled() {
    let held = after(&task(Some(moment(10, 0)), &half_an_hour()), &[], moment(8, 0));
    let changes = plan(&task(Some(moment(10, 0)), &[]), &held, moment(8, 1));
    let Change { reminder, news } = &changes[0];
    assert_eq!(
        (reminder.status, reminder.reason.as_deref(), *news),
        (Status::Cancelled, Some("removed"), Some(News::Cancelled))
    );
}

#[test]
fn a_new_title_is_no_new_moment() {
    let held = after(&task(Some(moment(10, 0)), &half_an_hour()), &[], moment(8, 0));
    let renamed = Task { title: "Pay the rent, all of it".to_owned(), ..task(Some(moment(10, 0)), &half_an_hour()) };
    let changes = plan(&renamed, &held, moment(8, 1));
    let Change { reminder, news } = &changes[0];
    assert_eq!((reminder.task_title.as_str(), reminder.version, *news), ("Pay the rent, all of it", 1, None));
}
