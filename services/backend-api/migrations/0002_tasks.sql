CREATE TABLE core.tasks (
    id            uuid PRIMARY KEY,
    workspace_id  uuid NOT NULL REFERENCES core.workspaces (id),
    user_id       text NOT NULL REFERENCES core.users (id),
    reporter      text NOT NULL REFERENCES core.users (id),
    assignee      text REFERENCES core.users (id),
    project_id    uuid,
    ref           text,
    title         text NOT NULL CHECK (char_length(title) BETWEEN 1 AND 500),
    description   text NOT NULL CHECK (octet_length(description) <= 65536),
    status        text NOT NULL CHECK (status IN ('todo', 'in_progress', 'done')),
    completed_at  timestamptz CHECK ((status = 'done') = (completed_at IS NOT NULL)),
    -- 0 none … 4 urgent, so that it sorts.
    priority      smallint NOT NULL CHECK (priority BETWEEN 0 AND 4),
    tags          text[] NOT NULL,
    due_date      timestamptz,
    timezone      text NOT NULL,
    recurrence    jsonb,
    reminders     jsonb NOT NULL,
    recurrence_id uuid,
    occurrence    integer,
    version       integer NOT NULL CHECK (version >= 1),
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    archived_at   timestamptz,
    deleted_at    timestamptz
);

-- An index for each order in which a workspace's living tasks are listed, read in both directions; ties are broken by id.
CREATE INDEX tasks_by_creation ON core.tasks (workspace_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX tasks_by_update ON core.tasks (workspace_id, updated_at, id) WHERE deleted_at IS NULL;
-- Tasks without a due date come last either way, so that due dates need one for each direction.
CREATE INDEX tasks_by_due_date ON core.tasks (workspace_id, due_date, id) WHERE deleted_at IS NULL;
CREATE INDEX tasks_by_due_date_backwards ON core.tasks (workspace_id, due_date DESC NULLS LAST, id DESC)
    WHERE deleted_at IS NULL;
CREATE INDEX tasks_by_priority ON core.tasks (workspace_id, priority, id) WHERE deleted_at IS NULL;
CREATE INDEX tasks_by_tag ON core.tasks USING gin (tags) WHERE deleted_at IS NULL;
