-- A series: a rule, and what its instances are like.
CREATE TABLE recurring.rules (
    -- The id of its first task, which every instance carries as recurrence_id.
    id               uuid        PRIMARY KEY,
    workspace_id     uuid        NOT NULL,
    -- Whose tasks they are.
    user_id          text        NOT NULL,
    -- How far the workspace had come with the last event that was acted on: one that comes again, or late, is no news.
    task_sequence    bigint      NOT NULL,
    -- The same of the last event that moved the owner's time zone; that one is of the owner's own workspace, on another topic.
    zone_sequence    bigint      NOT NULL DEFAULT 0,
    -- The recurrence as tasks carry it.
    recurrence       jsonb       NOT NULL,
    -- From which instance on the rule counts, the wall clock of that one, and its zone (IANA).
    first_occurrence integer     NOT NULL,
    first_local      timestamp   NOT NULL,
    timezone         text        NOT NULL,
    status           text        NOT NULL CHECK (status IN ('active', 'stopped', 'ended')),
    -- Why it is as it is, where that is not plain.
    reason           text,
    -- What the next instance will be like: title, description, tags, priority, assignee, reminders …
    template         jsonb       NOT NULL,
    -- When people last said of the series itself how a part of that is to be: what happened to a task before does not undo it.
    commands         jsonb       NOT NULL,
    -- By what key the last skip was asked for: asked for by it again, nothing else is skipped.
    skip_key         text,
    -- The latest instance, and the moment that the rule gave it, wherever its due date was moved.
    occurrence       integer     NOT NULL,
    due              timestamptz NOT NULL,
    -- How many occurrences of a COUNT are used up with it.
    spent            integer     NOT NULL,
    -- When the next instance is to be made whether or not this one is done; null when that waits for its completion.
    opens_at         timestamptz,
    -- Whether the latest is yet to be made, or is being taken back: no other one is made before that is settled.
    is_unsettled     boolean     NOT NULL,
    -- Raised when what the sidecar's job is to be changes, and the version for which the sidecar was told.
    version          bigint      NOT NULL,
    job_version      bigint      NOT NULL DEFAULT 0,
    -- The instance for which the sidecar has a job.
    job_number       integer,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL
);
CREATE INDEX rules_by_workspace ON recurring.rules (workspace_id, created_at DESC, id DESC);
CREATE INDEX rules_by_user ON recurring.rules (user_id);
CREATE INDEX rules_that_open ON recurring.rules (opens_at) WHERE opens_at IS NOT NULL AND NOT is_unsettled;
CREATE INDEX rules_without_job ON recurring.rules (updated_at) WHERE job_version <> version;

-- An instance of a series, from the moment that it is to be made.
CREATE TABLE recurring.occurrences (
    -- Chosen before the task is made: to make it twice makes one.
    task_id       uuid        PRIMARY KEY,
    series_id     uuid        NOT NULL REFERENCES recurring.rules (id) ON DELETE CASCADE,
    number        integer     NOT NULL,
    -- The moment that the rule gave it.
    due           timestamptz NOT NULL,
    spent         integer     NOT NULL,
    -- The due date that its task has, which people may move.
    due_date      timestamptz,
    status        text        NOT NULL CHECK (status IN ('pending', 'open', 'completed', 'withdrawing', 'withdrawn', 'skipping', 'skipped')),
    -- Whether backend-api is known to have made its task.
    made          boolean     NOT NULL,
    -- What is to be done with it (pending, withdrawing, skipping): how often that was tried, and when it may be tried next. Whoever is at it has put
    -- that off for so long.
    attempts      integer     NOT NULL DEFAULT 0,
    not_before    timestamptz NOT NULL,
    completed_at  timestamptz,
    -- The trace that caused it (W3C traceparent).
    trace         text,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL
);
-- One instance has each number; what was withdrawn makes room for another.
CREATE UNIQUE INDEX occurrences_of_series ON recurring.occurrences (series_id, number) WHERE status <> 'withdrawn';
CREATE INDEX occurrences_to_do ON recurring.occurrences (not_before) WHERE status IN ('pending', 'withdrawing', 'skipping');
-- One of a series is made at a time.
CREATE UNIQUE INDEX occurrences_pending ON recurring.occurrences (series_id) WHERE status = 'pending';
