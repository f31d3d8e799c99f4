-- Reminders. The task says which there are; here is what became of each.
CREATE TABLE notification.reminders (
    -- Derived from the task and what the reminder says: the same reminder of the same task is the same row.
    id            uuid        PRIMARY KEY,
    task_id       uuid        NOT NULL,
    workspace_id  uuid        NOT NULL,
    -- How far the workspace had come with the last event that changed something here: one that comes again, or late, is no news.
    task_sequence bigint      NOT NULL,
    -- The user whose task it is.
    user_id       text        NOT NULL,
    task_title    text        NOT NULL,
    -- As it was given: so long before the due date (ISO 8601), or at a moment.
    before        text,
    at            timestamptz,
    -- Through which channels; null where the preferences decide alone.
    channels      text[],
    status        text        NOT NULL CHECK (status IN ('scheduled', 'sent', 'failed', 'cancelled', 'dormant')),
    -- Why it is as it is, where that is not plain.
    reason        text,
    -- When it is to be sent; null where there is no due date to count from.
    fire_at       timestamptz,
    -- Raised when it gets a moment and when it loses it: the job of an earlier version rings for nothing.
    version       bigint      NOT NULL,
    -- The version that the sidecar's jobs are right for.
    job_version   bigint,
    -- Who works on it has it until then.
    claimed_until timestamptz,
    -- When its messages were made, which happens once for each version.
    fired_at      timestamptz,
    late          boolean     NOT NULL DEFAULT false,
    sent_at       timestamptz,
    -- [{user_id, channel, status, detail?}]
    results       jsonb       NOT NULL DEFAULT '[]',
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    CHECK ((before IS NULL) <> (at IS NULL)),
    CHECK (status <> 'scheduled' OR fire_at IS NOT NULL)
);
CREATE INDEX reminders_due ON notification.reminders (fire_at) WHERE status = 'scheduled' AND fired_at IS NULL;
CREATE INDEX reminders_without_job ON notification.reminders (updated_at) WHERE job_version IS DISTINCT FROM version;
CREATE INDEX reminders_by_task ON notification.reminders (task_id);
CREATE INDEX reminders_by_workspace ON notification.reminders (workspace_id, created_at DESC, id DESC);

-- What somebody is to be told because of an event, until it is known who may be.
CREATE TABLE notification.notices (
    -- The event's.
    id            uuid        PRIMARY KEY,
    kind          text        NOT NULL,
    task_id       uuid,
    workspace_id  uuid        NOT NULL,
    -- Who did it: nobody is told what they did themselves.
    actor         text        NOT NULL,
    -- Whom it is for; null for everybody who has to do with the task.
    recipients    text[],
    title         text        NOT NULL,
    body          text        NOT NULL,
    happened_at   timestamptz NOT NULL,
    claimed_until timestamptz,
    done_at       timestamptz
);
CREATE INDEX notices_waiting ON notification.notices (happened_at) WHERE done_at IS NULL;
CREATE INDEX notices_done ON notification.notices (done_at) WHERE done_at IS NOT NULL;

-- One message to one person. Those with an in-app delivery are the person's list.
CREATE TABLE notification.notifications (
    -- UUID version 7.
    id               uuid        PRIMARY KEY,
    user_id          text        NOT NULL,
    kind             text        NOT NULL,
    title            text        NOT NULL,
    body             text        NOT NULL,
    workspace_id     uuid        NOT NULL,
    task_id          uuid,
    task_title       text,
    task_due         timestamptz,
    reminder_id      uuid        REFERENCES notification.reminders (id) ON DELETE CASCADE,
    reminder_version bigint,
    -- What it is told because of: `reminder:<id>:<version>`, `event:<id>`, `digest:<day>`. One person is told once.
    source           text        NOT NULL,
    -- Whether it is on the person's list in the application.
    in_app           boolean     NOT NULL,
    -- What the person is called, and where their clock is.
    name             text        NOT NULL,
    timezone         text        NOT NULL,
    moment           timestamptz NOT NULL,
    created_at       timestamptz NOT NULL,
    read_at          timestamptz,
    UNIQUE (source, user_id)
);
CREATE INDEX notifications_of_user ON notification.notifications (user_id, created_at DESC, id DESC) WHERE in_app;
CREATE INDEX notifications_of_reminder ON notification.notifications (reminder_id) WHERE reminder_id IS NOT NULL;

-- A message on its way out, by one channel.
CREATE TABLE notification.deliveries (
    -- Also the name by which a provider or mailbox recognises a repetition.
    id              uuid        PRIMARY KEY,
    notification_id uuid        NOT NULL REFERENCES notification.notifications (id) ON DELETE CASCADE,
    channel         text        NOT NULL,
    address         text        NOT NULL,
    status          text        NOT NULL CHECK (status IN ('pending', 'sent', 'failed', 'skipped')),
    attempts        integer     NOT NULL DEFAULT 0,
    not_before      timestamptz NOT NULL,
    claimed_until   timestamptz,
    detail          text,
    provider_id     text,
    ended_at        timestamptz,
    UNIQUE (notification_id, channel)
);
CREATE INDEX deliveries_pending ON notification.deliveries (not_before) WHERE status = 'pending';

-- What each user chose; whoever chose nothing has no row.
CREATE TABLE notification.preferences (
    user_id        text        PRIMARY KEY,
    settings       jsonb       NOT NULL,
    -- When the next digest is to be sent, for those who want one.
    next_digest_at timestamptz,
    updated_at     timestamptz NOT NULL
);
CREATE INDEX preferences_with_digest ON notification.preferences (next_digest_at) WHERE next_digest_at IS NOT NULL;

-- Events that leave through the sidecar, written in the transaction of their change.
CREATE TABLE notification.outbox (
    id            bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id  uuid        NOT NULL,
    -- Events of one workspace are published by one relay at a time.
    shard         smallint    NOT NULL GENERATED ALWAYS AS ((uuid_hash(workspace_id) & 15)::smallint) STORED,
    event_id      uuid        NOT NULL UNIQUE,
    event_type    text        NOT NULL,
    topics        text[]      NOT NULL,
    payload       jsonb       NOT NULL,
    trace_context text,
    created_at    timestamptz NOT NULL,
    published_at  timestamptz
);
CREATE INDEX outbox_pending ON notification.outbox (id) WHERE published_at IS NULL;
CREATE INDEX outbox_published ON notification.outbox (published_at) WHERE published_at IS NOT NULL;
