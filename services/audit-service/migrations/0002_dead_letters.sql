-- Messages that a consumer gave up, as they came from `<topic>.dead`, and what was sent again. Like the history, both are
-- written once and never changed: a letter is `replayed` when it has a replay, else `dead`.

CREATE TABLE audit.dead_letters (
    -- UUID version 7: the order of arrival.
    id           uuid        PRIMARY KEY,
    -- The topic that the message was published to, without `.dead`.
    topic        text        NOT NULL,
    -- The message as it came, whatever it is.
    bytes        bytea       NOT NULL,
    -- What is wrong with it, as far as can be told.
    cause        text        NOT NULL,
    -- What the sidecar said: why it gave up, after how many attempts, and for which app. Not every sidecar tells.
    reason       text,
    attempts     integer,
    consumer     text,
    -- What the message says of itself, where that can be read.
    event_id     uuid,
    event_type   text,
    user_id      text,
    workspace_id uuid,
    received_at  timestamptz NOT NULL,
    -- SHA-256 of where the message stands on the broker and of its bytes: a message that is delivered again is stored once.
    fingerprint  bytea       NOT NULL CONSTRAINT dead_letters_are_stored_once UNIQUE
);

CREATE INDEX dead_letters_by_topic ON audit.dead_letters (topic, id DESC);

CREATE TABLE audit.dead_letter_replays (
    id             uuid        PRIMARY KEY,
    dead_letter_id uuid        NOT NULL REFERENCES audit.dead_letters (id),
    -- The event that was published.
    event_id       uuid        NOT NULL,
    -- The mended message that was published instead of the letter's own; null when it was its own.
    mended         bytea,
    replayed_at    timestamptz NOT NULL
);

CREATE INDEX dead_letter_replays_by_letter ON audit.dead_letter_replays (dead_letter_id, id DESC);

CREATE TRIGGER dead_letters_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.dead_letters
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();
ALTER TABLE audit.dead_letters ENABLE ALWAYS TRIGGER dead_letters_are_append_only;

CREATE TRIGGER dead_letter_replays_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.dead_letter_replays
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();
ALTER TABLE audit.dead_letter_replays ENABLE ALWAYS TRIGGER dead_letter_replays_are_append_only;
