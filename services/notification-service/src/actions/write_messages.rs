//! Messages: one to each person, with its way by each channel.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use events::EventDraft;
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use super::announce;
use crate::app::App;
use crate::domain::channel::Channel;
use crate::domain::local_time::local_time;
use crate::domain::message::{Kind, Subject};
use crate::domain::outcome::ChannelResult;
use crate::domain::person::Person;
use crate::domain::preferences::Preferences;
use crate::domain::route::{DeliveryStatus, Route, Way, routes};
use crate::store::notifications::{self, NewDelivery, NewNotification};

/// Why people are told something.
#[derive(Clone, Debug)]
pub(super) struct Occasion<'a> {
    pub(super) kind: Kind,
    pub(super) title: String,
    /// What is said beyond the title; where it is empty, when the task is due.
    pub(super) body: String,
    /// Names the occasion: nobody is told twice of the same one.
    pub(super) source: String,
    pub(super) workspace_id: Uuid,
    pub(super) task: Option<Subject>,
    /// The reminder and its version.
    pub(super) reminder: Option<(Uuid, i64)>,
    pub(super) moment: DateTime<Utc>,
    /// The channels that are asked for.
    pub(super) channels: Option<&'a [Channel]>,
}

/// Messages that are to be stored.
#[derive(Debug, Default)]
pub(super) struct Messages {
    notifications: Vec<NewNotification>,
    deliveries: Vec<NewDelivery>,
}

impl Messages {
    /// Adds one to `person`; returns what becomes of it by each channel, as it is now. Somebody to whom no way leads is passed over, unless it is a
    /// reminder, which keeps account of that.
    pub(super) fn write(
        &mut self,
        app: &App,
        occasion: &Occasion<'_>,
        person: &Person,
        chosen: &HashMap<String, Preferences>,
    ) -> Vec<ChannelResult> {
        let default = Preferences::default();
        let preferences = chosen.get(&person.user_id).unwrap_or(&default);
        let now = app.clock.now();
        let missing = |channel| app.channels.missing(channel);
        let routes = routes(occasion.kind, occasion.channels, person, preferences, now, missing);
        let leads = |route: &Route| matches!(route.way, Way::From(_));
        if occasion.reminder.is_none() && !routes.iter().any(leads) {
            return Vec::new();
        }
        let id = app.clock.new_id();
        let zone = preferences.zone(person.zone());
        self.notifications.push(NewNotification {
            id,
            user_id: person.user_id.clone(),
            kind: occasion.kind,
            title: occasion.title.clone(),
            body: body(occasion, zone),
            workspace_id: occasion.workspace_id,
            task_id: occasion.task.as_ref().map(|task| task.id),
            task_title: occasion.task.as_ref().map(|task| task.title.clone()),
            task_due: occasion.task.as_ref().and_then(|task| task.due),
            reminder_id: occasion.reminder.map(|(id, _)| id),
            reminder_version: occasion.reminder.map(|(_, version)| version),
            source: occasion.source.clone(),
            in_app: routes.iter().any(|route| route.channel == Channel::InApp && leads(route)),
            name: person.name(),
            timezone: zone.name().to_owned(),
            moment: occasion.moment,
            created_at: now,
        });
        let begun = self.deliveries.len();
        self.deliveries.extend(routes.into_iter().map(|route| delivery(app.clock.new_id(), id, route, now)));
        self.deliveries[begun..].iter().map(|delivery| result(&person.user_id, delivery)).collect()
    }

    /// Stores those that their people have not been told of the same occasion; returns what is to be told of those that are on somebody's list.
    pub(super) async fn store(&self, db: &impl ConnectionTrait) -> Result<Vec<EventDraft>, DbErr> {
        let new = notifications::store(db, &self.notifications, &self.deliveries).await?;
        let shown = self.notifications.iter().filter(|message| message.in_app && new.contains(&message.id));
        Ok(shown.map(announce::notification).collect())
    }
}

/// What is in the application is there at once; what leaves is pending.
fn delivery(
    id: Uuid,
    notification_id: Uuid,
    Route { channel, address, way }: Route,
    now: DateTime<Utc>,
) -> NewDelivery {
    let (status, not_before, detail) = match way {
        Way::From(_) if channel == Channel::InApp => (DeliveryStatus::Sent, now, None),
        Way::From(moment) => (DeliveryStatus::Pending, moment, None),
        Way::Blocked(why) => (DeliveryStatus::Skipped, now, Some(why)),
    };
    let ended_at = (status != DeliveryStatus::Pending).then_some(now);
    NewDelivery { id, notification_id, channel, address, status, attempts: 0, not_before, detail, ended_at }
}

fn result(user_id: &str, delivery: &NewDelivery) -> ChannelResult {
    let NewDelivery { channel, status, ref detail, .. } = *delivery;
    ChannelResult { user_id: user_id.to_owned(), channel, status, detail: detail.clone() }
}

fn body(occasion: &Occasion<'_>, zone: Tz) -> String {
    let due = occasion.task.as_ref().and_then(|task| task.due);
    match due {
        _ if !occasion.body.is_empty() => occasion.body.clone(),
        Some(due) => format!("Due {}.", local_time(due, zone)),
        None => "You wanted to be reminded of this now.".to_owned(),
    }
}
