-- What the purge looks for: deleted tasks, the oldest deletion first.
CREATE INDEX tasks_by_deletion ON core.tasks (deleted_at) WHERE deleted_at IS NOT NULL;
