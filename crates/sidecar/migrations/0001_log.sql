-- The log: messages in the order of their offsets, per partition of a topic.

-- The next free offset of each partition. Appending raises it and inserts the messages in one statement: the row lock
-- is held until commit, so within a partition offsets become visible in order and without gaps.
CREATE TABLE sidecar.partitions (
    pubsub      text     NOT NULL,
    topic       text     NOT NULL,
    partition   smallint NOT NULL,
    next_offset bigint   NOT NULL,
    PRIMARY KEY (pubsub, topic, partition)
) WITH (fillfactor = 50);

CREATE TABLE sidecar.messages (
    pubsub         text        NOT NULL,
    topic          text        NOT NULL,
    partition      smallint    NOT NULL,
    message_offset bigint      NOT NULL,
    key            text,
    envelope       bytea       NOT NULL,
    metadata       jsonb       NOT NULL,
    published_at   timestamptz NOT NULL,
    PRIMARY KEY (pubsub, topic, partition, message_offset)
);

-- Retention looks for the oldest; rows arrive in the order of this column, so a block range index is enough.
CREATE INDEX messages_published_at ON sidecar.messages USING brin (published_at) WITH (pages_per_range = 32);

-- How far each consumer group (the id of the consuming app) has come: everything below next_offset is dealt with.
CREATE TABLE sidecar.positions (
    consumer_group text     NOT NULL,
    pubsub         text     NOT NULL,
    topic          text     NOT NULL,
    partition      smallint NOT NULL,
    next_offset    bigint   NOT NULL,
    PRIMARY KEY (consumer_group, pubsub, topic, partition)
) WITH (fillfactor = 50);
