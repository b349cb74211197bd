-- The first schema. Conventions: `timestamptz` everywhere; the key of an indicator is described in tipd/model/key.py;
-- numbers of kinds stand in tipd/model/kind.py. Statements run in one transaction.

-- Facts about this database: store_id, hash_seed, system_identifier, timeline, finding_table.
CREATE TABLE meta (
    name  text PRIMARY KEY,
    value jsonb NOT NULL
);

-- Due times of modules and other scheduled units; sources keep their own below.
CREATE TABLE schedule (
    name     text PRIMARY KEY,
    due      timestamptz,
    last_run timestamptz,
    failures integer NOT NULL DEFAULT 0
);

-- One row a source, never deleted: findings and sightings name it by id. `due` is the lease: who works on a source
-- moves it forward first (FOR UPDATE SKIP LOCKED).
CREATE TABLE source (
    id             integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name           text NOT NULL UNIQUE,
    module         text NOT NULL,
    declared       boolean NOT NULL DEFAULT true,     -- false: its declaration is gone or disabled
    state          text NOT NULL DEFAULT 'new',       -- ok unchanged empty shrunk … (blueprint, issue of the house)
    state_since    timestamptz,
    error          text,
    due            timestamptz,
    failures       integer NOT NULL DEFAULT 0,
    entries        bigint NOT NULL DEFAULT 0,         -- indicators open now
    refused        jsonb NOT NULL DEFAULT '{}',       -- reason -> rows, of the last body read
    weight         real NOT NULL DEFAULT 0.5,
    last_attempt   timestamptz,
    last_success   timestamptz,                       -- the last fetch that confirmed the current set: its `last seen`
    last_change    timestamptz,
    last_round     bigint,                            -- the last round that read a body whole
    etag           text,
    last_modified  text,
    body_sha256    bytea,
    read_digest    bytea,                             -- of declaration + parser version + guards: how the body was read
    set_aside      jsonb                              -- the last body that failed its guards: path, sha256, why, when
);

-- One row for each run that read a body or failed in a new way; a run that found the body unchanged updates `source`.
CREATE TABLE round (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source_id      integer NOT NULL REFERENCES source,
    started        timestamptz NOT NULL,
    ended          timestamptz,                       -- null: running, or cut off; what it wrote stands all the same
    status         text,
    url            text,
    address        inet,                              -- the address connected to
    http_status    smallint,
    etag           text,
    last_modified  text,
    body_sha256    bytea,
    body_bytes     bigint,
    read_digest    bytea,
    version        text,
    entries        bigint,
    listed         bigint NOT NULL DEFAULT 0,
    delisted       bigint NOT NULL DEFAULT 0,
    refused        jsonb,
    error          text
);
CREATE INDEX round_source ON round (source_id, id);

-- Intervals: from `opened` to `closed` the source named the indicator. `last seen` of an open one is its source's
-- last_success.
CREATE TABLE sighting (
    key          bigint NOT NULL,
    opened       timestamptz NOT NULL,
    closed       timestamptz,
    opened_round bigint NOT NULL,
    closed_round bigint,
    source_id    integer NOT NULL,
    kind         smallint NOT NULL,
    reason       text,                                -- why it closed: left aged withdrawn source_removed source_gone
    value        text COLLATE "C" NOT NULL,
    context      jsonb                                -- what the source said beside it
);
CREATE UNIQUE INDEX sighting_open ON sighting (source_id, key) WHERE closed IS NULL;
CREATE INDEX sighting_key ON sighting (key);
CREATE INDEX sighting_network ON sighting USING spgist ((value::inet)) WHERE kind = 3;

-- The findings log. `seq` is drawn under an advisory transaction lock taken first, so it grows in commit order.
CREATE SEQUENCE finding_seq;
CREATE TABLE finding (
    seq           bigint NOT NULL DEFAULT nextval('finding_seq'),
    at            timestamptz NOT NULL,
    key           bigint,
    source_id     integer,
    subject_kind  smallint,
    initial       boolean NOT NULL DEFAULT false,
    kind          text COLLATE "C" NOT NULL,
    module        text COLLATE "C" NOT NULL,
    subject_value text COLLATE "C",
    data          jsonb
) PARTITION BY RANGE (at);
ALTER SEQUENCE finding_seq OWNED BY finding.seq;
CREATE INDEX finding_by_seq ON finding (seq);
-- Whoever reads only rare kinds need not walk over millions of listed and delisted indicators.
CREATE INDEX finding_rare ON finding (seq) WHERE kind <> 'indicator.listed' AND kind <> 'indicator.delisted';

-- Where retention ended: findings up to `pruned` are gone (one row).
CREATE TABLE finding_floor (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    pruned   bigint NOT NULL DEFAULT 0
);
INSERT INTO finding_floor DEFAULT VALUES;

-- How far each reader of the log has come.
CREATE TABLE reader_cursor (
    reader text PRIMARY KEY,
    seq    bigint NOT NULL,
    at     timestamptz NOT NULL
);

-- Idempotency keys: the last batch that each writer (one a process) has committed, so that a commit whose answer was
-- lost can be told from one that never was. Written in the batch's own transaction.
CREATE TABLE batch (
    writer uuid PRIMARY KEY,
    number bigint NOT NULL,
    at     timestamptz NOT NULL
);

CREATE TABLE token (
    id       text PRIMARY KEY,
    sha256   bytea NOT NULL UNIQUE,
    scopes   text[] NOT NULL,
    note     text NOT NULL DEFAULT '',
    created  timestamptz NOT NULL,
    expires  timestamptz,
    revoked  timestamptz,
    max_tlp  text NOT NULL DEFAULT 'green'
);

-- Daily counts, kept for good: what rises and falls.
CREATE TABLE size_day (
    day   date NOT NULL,
    name  text NOT NULL,                              -- a table, or 'database'
    bytes bigint NOT NULL,
    PRIMARY KEY (day, name)
);
