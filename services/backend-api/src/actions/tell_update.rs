//! What is told of a patch.

use events::{EventDraft, EventType, Source};

use crate::domain::actor::Actor;
use crate::domain::series_scope::SeriesScope;
use crate::domain::task::Task;
use crate::store::change::Change;

/// Tells `task.updated`, followed by the specific events; each says so when the patch was for this task of its series alone.
pub(super) fn tell_update(change: &mut Change, actor: &Actor, scope: SeriesScope, before: &Task, after: &Task) {
    tell_updated(change, actor, scope, before, after);
    for event_type in specific(before, after) {
        change.emit(draft(event_type, actor, scope, before, after));
    }
    for tag in after.tags.without(&before.tags) {
        change.emit(draft(EventType::TaskTagAdded, actor, scope, before, after).with_tag(tag));
    }
    for tag in before.tags.without(&after.tags) {
        change.emit(draft(EventType::TaskTagRemoved, actor, scope, before, after).with_tag(tag));
    }
}

/// Tells `task.updated` alone.
pub(super) fn tell_updated(change: &mut Change, actor: &Actor, scope: SeriesScope, before: &Task, after: &Task) {
    change.emit(draft(EventType::TaskUpdated, actor, scope, before, after));
}

fn draft(event_type: EventType, actor: &Actor, scope: SeriesScope, before: &Task, after: &Task) -> EventDraft {
    let (before, after) = (before.event_data(), after.event_data());
    let draft = EventDraft::task_changed(event_type, &actor.user_id, before, after, Source::RestApi);
    if scope == SeriesScope::This { draft.for_this_alone() } else { draft }
}

/// The specific events of the fields that differ, in a fixed order.
fn specific(before: &Task, after: &Task) -> impl Iterator<Item = EventType> {
    let (from, to) = (before.progress.status(), after.progress.status());
    [
        (from != to, EventType::TaskStatusChanged),
        (!from.is_done() && to.is_done(), EventType::TaskCompleted),
        (from.is_done() && !to.is_done(), EventType::TaskReopened),
        (before.priority != after.priority, EventType::TaskPriorityChanged),
        (before.due_date != after.due_date, EventType::TaskDueDateSet),
        (before.assignee != after.assignee, EventType::TaskAssigned),
    ]
    .into_iter()
    .filter_map(|(differs, event_type)| differs.then_some(event_type))
}
