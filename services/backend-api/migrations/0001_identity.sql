-- People, the workspaces they work in, and what they prove themselves with.

CREATE TABLE core.workspaces (
    id         uuid PRIMARY KEY,
    kind       text NOT NULL CHECK (kind IN ('personal', 'shared')),
    name       text NOT NULL,
    -- The number of the workspace's latest event: gapless, raised in the transaction of the change.
    sequence   bigint NOT NULL DEFAULT 0,
    -- The date of that event; the next one's is later.
    last_event_at timestamptz NOT NULL DEFAULT '-infinity',
    created_at timestamptz NOT NULL
);

-- Ids are text: identity providers choose them.
CREATE TABLE core.users (
    id           text PRIMARY KEY,
    -- Who vouched for the user first and speaks for them from then on: the issuer's address, or 'built-in'.
    issuer       text NOT NULL,
    email        text,
    first_name   text NOT NULL,
    last_name    text NOT NULL,
    timezone     text NOT NULL,
    -- The personal workspace.
    workspace_id uuid NOT NULL UNIQUE REFERENCES core.workspaces (id),
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL
);

CREATE TABLE core.members (
    workspace_id uuid NOT NULL REFERENCES core.workspaces (id),
    user_id      text NOT NULL REFERENCES core.users (id),
    role         text NOT NULL CHECK (role IN ('owner', 'admin', 'member', 'guest')),
    joined_at    timestamptz NOT NULL,
    PRIMARY KEY (user_id, workspace_id)
);
CREATE INDEX members_by_workspace ON core.members (workspace_id);

-- Passwords of the built-in issuer (argon2id, PHC strings).
CREATE TABLE core.credentials (
    user_id       text PRIMARY KEY REFERENCES core.users (id),
    -- Lower case: addresses are compared without regard to case.
    email         text NOT NULL CONSTRAINT credentials_email_unique UNIQUE,
    password_hash text NOT NULL,
    created_at    timestamptz NOT NULL
);

-- Refresh tokens rotate: each is used once; a second use revokes its whole family.
CREATE TABLE core.refresh_tokens (
    id         uuid PRIMARY KEY,
    family_id  uuid NOT NULL,
    user_id    text NOT NULL REFERENCES core.users (id),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz,
    revoked_at timestamptz
);
CREATE INDEX refresh_tokens_by_family ON core.refresh_tokens (family_id);
CREATE INDEX refresh_tokens_by_expiry ON core.refresh_tokens (expires_at);

-- Single-use keys to a WebSocket, made from their id; they themselves are not kept.
CREATE TABLE core.ws_tickets (
    id               uuid PRIMARY KEY,
    user_id          text NOT NULL REFERENCES core.users (id),
    -- When the token that bought the ticket expires, and the socket with it.
    token_expires_at timestamptz NOT NULL,
    expires_at       timestamptz NOT NULL
);
CREATE INDEX ws_tickets_by_expiry ON core.ws_tickets (expires_at);
