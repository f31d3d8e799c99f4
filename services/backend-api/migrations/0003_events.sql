-- Events that leave through the sidecar, written in the transaction of their change.
CREATE TABLE core.outbox (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id  uuid NOT NULL,
    -- Events of one workspace are published by one relay at a time.
    shard         smallint NOT NULL GENERATED ALWAYS AS ((uuid_hash(workspace_id) & 15)::smallint) STORED,
    sequence      bigint NOT NULL,
    event_id      uuid NOT NULL UNIQUE,
    event_type    text NOT NULL,
    topics        text[] NOT NULL,
    payload       jsonb NOT NULL,
    trace_context text,
    created_at    timestamptz NOT NULL,
    published_at  timestamptz,
    UNIQUE (workspace_id, sequence)
);
CREATE INDEX outbox_pending ON core.outbox (id) WHERE published_at IS NULL;
CREATE INDEX outbox_published ON core.outbox (published_at) WHERE published_at IS NOT NULL;

-- What a POST answered, for its repetition with the same Idempotency-Key.
CREATE TABLE core.idempotency_keys (
    -- Whose key it is: the user, or, where nobody is signed in yet, the endpoint with an HMAC-SHA256 of what says who asks.
    scope       text NOT NULL,
    key         text NOT NULL,
    -- SHA-256 of what was asked; HMAC-SHA256 where it holds a password.
    fingerprint bytea NOT NULL,
    response    jsonb NOT NULL,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_keys_by_age ON core.idempotency_keys (created_at);
