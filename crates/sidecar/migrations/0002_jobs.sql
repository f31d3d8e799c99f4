-- Jobs: what an app asked to be called for, and how far each one has come.
CREATE TABLE sidecar.jobs (
    app_id         text        NOT NULL,
    name           text        NOT NULL,
    -- As the app gave them.
    schedule       text,
    due_time       text,
    ttl            text,
    repeats        bigint,
    failure_policy jsonb       NOT NULL,
    -- The type of the data in gRPC. JSON is kept as its text, byte for byte.
    data_type      text,
    data           bytea,
    -- No tick after this time.
    expires_at     timestamptz,
    -- The time of the tick that is next or under way, how many ticks are done, and how often this one has failed.
    tick_at        timestamptz NOT NULL,
    ticks          bigint      NOT NULL DEFAULT 0,
    attempts       bigint      NOT NULL DEFAULT 0,
    -- When somebody has to act: at the tick, at the next attempt, or, while a process is at it, when its lease ends.
    wake_at        timestamptz NOT NULL,
    -- Goes up with each claim and each overwriting: a process may write its result only under the number it claimed.
    claim          bigint      NOT NULL,
    PRIMARY KEY (app_id, name)
) WITH (fillfactor = 70);

-- Claims and the search for the next one read jobs of an app in this order.
CREATE INDEX jobs_wake_at ON sidecar.jobs (app_id, wake_at);
