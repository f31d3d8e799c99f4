-- The instances of a series. What does not repeat costs nothing.
CREATE INDEX tasks_by_series ON core.tasks (recurrence_id, occurrence DESC, id) WHERE recurrence_id IS NOT NULL;
