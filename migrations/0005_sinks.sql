-- Sinks: which process tells each (`holder`, until `held_until`: renewed while it lives), where the message that is
-- being delivered ends (`pending`: it is repeated as it was until it is taken), and since when its receiver, `target`
-- (a digest), says that it is gone for good. How far a sink has come stands in reader_cursor as `sink:<name>`.
CREATE TABLE sink (
    name       text PRIMARY KEY,
    holder     uuid,
    held_until timestamptz,
    pending    bigint,
    stopped    timestamptz,
    why        text,
    target     bytea
);
