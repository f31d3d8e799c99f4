//! Comparing what was asked for with what people, mailboxes and the database have afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::Context as _;
use platform::database::{PoolOptions, connect};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use serde_json::Value;
use testkit::Mail;

use super::asked::Asked;
use crate::check::{backlog, counted};
use crate::dead_letters;
use crate::poison::Poisoned;
use crate::system::System;

/// Ports of the services that have an outbox.
const WITH_OUTBOX: [u16; 2] = [8000, 8003];

/// When each was due and when its messages were made, in microseconds since 1970.
const FIRED: &str = "SELECT id::text AS id, (extract(epoch FROM fire_at) * 1e6)::bigint AS due, \
    (extract(epoch FROM fired_at) * 1e6)::bigint AS fired FROM notification.reminders";
/// The name of each e-mail, whose it is, and when its reminder was due.
const NAMED: &str = "SELECT delivery.id::text AS id, delivery.address, (extract(epoch FROM reminder.fire_at) * 1e6)::bigint AS due \
    FROM notification.deliveries AS delivery \
    JOIN notification.notifications AS told ON told.id = delivery.notification_id \
    JOIN notification.reminders AS reminder ON reminder.id = told.reminder_id WHERE delivery.channel = 'email'";

/// Events that told of the end of a reminder: they are kept for a day.
const PUBLISHED: &str = "SELECT count(*) FROM notification.outbox WHERE event_type = 'reminder.sent'";

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(super) reminders: usize,
    pub(super) sent: usize,
    pub(super) in_app: usize,
    pub(super) entries: usize,
    /// Mails with different names.
    pub(super) mails: usize,
    /// Mails beyond one of each name: it was not known whether the first had left.
    pub(super) in_doubt: usize,
    pub(super) fired_late: Vec<Duration>,
    pub(super) mailed_late: Vec<Duration>,
    pub(super) wrong: Vec<String>,
}

impl Findings {
    /// Reads everything as its owner does, by the time that it should be there.
    pub(super) async fn of(system: &System, asked: &Asked) -> anyhow::Result<Self> {
        let mut findings = Self::default();
        for port in WITH_OUTBOX {
            findings.wrong.extend(backlog(system, port).await?);
        }
        for person in &asked.people {
            let reminders = person.read_all("reminders", "").await?;
            let notifications = person.read_all("notifications", "").await?;
            let entries = person.read_all("audit-logs", "").await?;
            findings.count(&person.id, &reminders, &notifications, &entries);
        }
        findings.wrong.extend(dead_letters::compare(system, &Poisoned::new()).await?);
        Ok(findings)
    }

    /// Adds what the database and the mailboxes have after the end.
    pub(super) async fn look_behind(&mut self, database: &str, mails: &[Mail]) -> anyhow::Result<()> {
        let administrator = connect(database, &PoolOptions::of_administrator()).await?;
        let statement = |sql| Statement::from_string(DbBackend::Postgres, sql);
        for row in administrator.query_all_raw(statement(FIRED)).await? {
            let (due, fired): (i64, Option<i64>) = (row.try_get("", "due")?, row.try_get("", "fired")?);
            self.fired_late.extend(fired.map(|fired| late(due, fired)));
        }
        let mut named = BTreeMap::new();
        for row in administrator.query_all_raw(statement(NAMED)).await? {
            let (id, address): (String, String) = (row.try_get("", "id")?, row.try_get("", "address")?);
            named.insert((id, address), row.try_get("", "due")?);
        }
        let published = administrator.query_one_raw(statement(PUBLISHED)).await?.context("a count is a row")?;
        let published: i64 = published.try_get_by_index(0)?;
        if usize::try_from(published)? != self.reminders {
            self.wrong.push(format!("there are {published} events reminder.sent of {} reminders", self.reminders));
        }
        administrator.close().await;
        self.count_mails(named, mails);
        Ok(())
    }

    /// At most so many mails may have come twice.
    pub(super) fn allow(&mut self, most: usize) {
        if self.in_doubt > most {
            self.wrong.push(format!("{} mails came twice, which {most} may at most", self.in_doubt));
        }
    }

    fn count(&mut self, name: &str, reminders: &[Value], notifications: &[Value], entries: &[Value]) {
        let of_type = |event_type| entries.iter().filter(move |entry| entry["event_type"] == event_type);
        let sent: Vec<&Value> = of_type("reminder.sent").collect();
        self.reminders += reminders.len();
        self.sent += reminders.iter().filter(|reminder| was_sent(reminder)).count();
        self.in_app += notifications.len();
        self.entries += sent.len();
        let asked = Asked::EACH;
        if reminders.len() != asked {
            self.wrong.push(format!("{name}: there are {} reminders, not {asked}", reminders.len()));
        }
        for reminder in reminders.iter().filter(|reminder| !was_sent(reminder)).take(3) {
            self.wrong.push(format!("{name}: not sent by both channels: {reminder}"));
        }
        let each: BTreeSet<&str> = reminders.iter().filter_map(|reminder| reminder["id"].as_str()).collect();
        let scheduled = of_type("reminder.scheduled").map(|entry| &entry["details"]["data"]["reminder_id"]);
        let told = notifications.iter().map(|notification| &notification["reminder_id"]);
        let recorded = sent.iter().map(|entry| &entry["details"]["data"]["reminder_id"]);
        self.compare_once(name, "was scheduled in the history", &each, &scheduled.collect::<Vec<_>>());
        self.compare_once(name, "is in the list of notifications", &each, &told.collect::<Vec<_>>());
        self.compare_once(name, "was sent in the history", &each, &recorded.collect::<Vec<_>>());
        for event_type in ["reminder.failed", "reminder.cancelled"] {
            if let Some(entry) = of_type(event_type).next() {
                self.wrong.push(format!("{name}: the history has {entry}"));
            }
        }
    }

    /// Each of `each` is to be among `found` once, and nothing else.
    fn compare_once(&mut self, name: &str, what: &str, each: &BTreeSet<&str>, found: &[&Value]) {
        let counts = counted(found.iter().filter_map(|id| id.as_str()));
        for id in each.iter().filter(|id| counts.get(**id) != Some(&1)).take(3) {
            let times = counts.get(id).copied().unwrap_or_default();
            self.wrong.push(format!("{name}: reminder {id} {what} {times} times"));
        }
        if found.len() > each.len() {
            self.wrong.push(format!("{name}: {} instead of {} {what}", found.len(), each.len()));
        }
    }

    /// `named`: the names and recipients of the e-mails that were to leave, and when each was due.
    fn count_mails(&mut self, named: BTreeMap<(String, String), i64>, mails: &[Mail]) {
        let mut first = BTreeMap::new();
        for mail in mails {
            let name = mail.header("Message-ID").trim_start_matches('<').split('@').next().unwrap_or_default();
            let key = (name.to_owned(), mail.to.join(" "));
            if !named.contains_key(&key) {
                self.wrong.push(format!("a mail to {} is called {name}, which none was to be", key.1));
            }
            first.entry(key).or_insert(mail.taken_at.timestamp_micros());
        }
        (self.mails, self.in_doubt) = (first.len(), mails.len() - first.len());
        for ((name, address), due) in named {
            match first.get(&(name, address.clone())) {
                Some(taken) => self.mailed_late.push(late(due, *taken)),
                None => self.wrong.push(format!("a mail to {address} was never taken")),
            }
        }
        if self.mails < self.reminders {
            self.wrong.push(format!("there are {} mails of {} reminders", self.mails, self.reminders));
        }
        self.wrong.truncate(12);
    }
}

/// By e-mail and in the application.
fn was_sent(reminder: &Value) -> bool {
    let results = reminder["results"].as_array();
    let all = results.is_some_and(|all| all.len() == 2 && all.iter().all(|result| result["status"] == "sent"));
    reminder["status"] == "sent" && all
}

fn late(due: i64, happened: i64) -> Duration {
    Duration::from_micros(u64::try_from(happened - due).unwrap_or_default())
}
