-- The history: one row for each event, written once and never changed.

CREATE TABLE audit.entries (
    -- Also the inbox: an event that is delivered again, or by another topic, meets its own row.
    event_id     uuid        PRIMARY KEY,
    event_type   text        NOT NULL,
    -- Who did it, as the identity provider calls them.
    user_id      text        NOT NULL,
    workspace_id uuid        NOT NULL,
    -- The task that it was done to, if any.
    task_id      uuid,
    -- The place of the event in its workspace.
    sequence     bigint      NOT NULL,
    -- When it happened, not when it arrived.
    "timestamp"  timestamptz NOT NULL,
    -- The whole event as it was published.
    details      jsonb       NOT NULL,
    recorded_at  timestamptz NOT NULL
);

-- One for each question that the history answers, all within a workspace and newest first.
CREATE INDEX entries_by_workspace ON audit.entries (workspace_id, "timestamp" DESC, event_id DESC);
CREATE INDEX entries_by_task ON audit.entries (workspace_id, task_id, "timestamp" DESC, event_id DESC)
    WHERE task_id IS NOT NULL;
CREATE INDEX entries_by_user ON audit.entries (workspace_id, user_id, "timestamp" DESC, event_id DESC);
CREATE INDEX entries_by_type ON audit.entries (workspace_id, event_type, "timestamp" DESC, event_id DESC);

CREATE FUNCTION audit.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $refuse$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only: % of audit.% is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege',
              HINT = 'Record a new event that corrects the old one.';
END
$refuse$;

-- For each statement, so that also one that matches no row is refused.
CREATE TRIGGER entries_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.entries
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();
-- Also in a session that switches ordinary triggers off (session_replication_role).
ALTER TABLE audit.entries ENABLE ALWAYS TRIGGER entries_are_append_only;
