-- Fast-flux tracking: names under watch, what the DNS said of them (passive DNS, with its inverse indexes), and who
-- probes. Codes of states stand in tipd/model/flux.py, of outcomes in tipd/model/dns.py.

-- Every name there is, in any role: watched, name server, end of a CNAME chain. `apex`: its registrable domain. `tlp`:
-- the least mark of the watched names through which it is known (itself, names below it, names that point to it).
CREATE TABLE dns_name (
    id   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text COLLATE "C" NOT NULL UNIQUE,
    apex text COLLATE "C" NOT NULL,
    tlp  smallint NOT NULL DEFAULT 4
);
CREATE INDEX dns_name_apex ON dns_name (apex);

-- Through whom and from where something was seen.
CREATE TABLE dns_vantage (
    id       smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    vantage  text NOT NULL,
    upstream text NOT NULL,
    UNIQUE (vantage, upstream)
);

-- Names under watch: what people and lists said. `revision` is drawn under the writers' lock, so whoever follows it
-- misses nothing. `tlp`: the least mark among its origins, sources' present marks included. `let_go`: a person said so;
-- lists do not bring it back.
CREATE SEQUENCE flux_revision;
CREATE TABLE flux_name (
    id       integer PRIMARY KEY,
    revision bigint NOT NULL DEFAULT nextval('flux_revision'),
    added    timestamptz NOT NULL,
    tags     text[] NOT NULL DEFAULT '{}',
    note     text NOT NULL DEFAULT '',
    path     text[] NOT NULL DEFAULT '{}',
    tlp      smallint NOT NULL,
    let_go   boolean NOT NULL DEFAULT false
);
ALTER SEQUENCE flux_revision OWNED BY flux_name.revision;
CREATE INDEX flux_name_revision ON flux_name (revision);
CREATE INDEX flux_name_tags ON flux_name USING gin (tags) WHERE tags <> '{}';

-- Why a name is watched, a row an origin. `source_id` null: a person, or a walk from another name.
CREATE TABLE flux_origin (
    id        integer NOT NULL,
    source_id integer,
    why       text COLLATE "C" NOT NULL,
    class     text,
    by        text NOT NULL DEFAULT '',
    tlp       smallint,
    first     timestamptz NOT NULL,
    last      timestamptz NOT NULL,
    ended     timestamptz,                           -- when the source listed it no more; null: it does, or never did
    UNIQUE NULLS NOT DISTINCT (id, source_id, why)
);
CREATE INDEX flux_origin_source ON flux_origin (source_id, id) WHERE source_id IS NOT NULL;

-- Where it stands: rewritten often, so apart, with room for updates in place. `due` null: not probed. `decided`: the
-- revision at which somebody else than the tracker set the state; what the tracker says without knowing it is ignored.
CREATE TABLE flux_state (
    id          integer PRIMARY KEY,
    state       smallint NOT NULL DEFAULT 0,
    tier        text NOT NULL DEFAULT 'unknown',
    reason      text NOT NULL DEFAULT '',
    since       timestamptz NOT NULL,
    due         timestamptz,
    last_sample timestamptz,
    ttl         integer NOT NULL DEFAULT 0,
    samples     bigint NOT NULL DEFAULT 0,
    holz        integer,                             -- hundredths
    network     integer,                             -- the flux_network it belongs to
    decided     bigint NOT NULL DEFAULT 0,
    verdict     jsonb NOT NULL DEFAULT '{}',
    memo        bytea NOT NULL DEFAULT ''
) WITH (fillfactor = 80);
CREATE INDEX flux_state_state ON flux_state (state, id);
CREATE INDEX flux_state_network ON flux_state (network, id) WHERE network IS NOT NULL;

-- Score over time: a row where it changed.
CREATE TABLE flux_score (
    id    integer NOT NULL,
    at    timestamptz NOT NULL,
    holz  integer,
    n_a   integer NOT NULL,
    n_asn integer NOT NULL,
    total integer NOT NULL,                          -- distinct addresses over all look-ups so far
    tier  text NOT NULL,
    state smallint NOT NULL,
    PRIMARY KEY (id, at)
);

-- Passive DNS: name, type and data with first, last, count. One of `address` and `target_id` is null. The inverse
-- indexes hold the day of `last`, not the moment: rows are updated often, and in place as long as the day is the same.
CREATE TABLE dns_observation (
    name_id   integer NOT NULL,
    rtype     smallint NOT NULL,
    address   inet,
    target_id integer,
    asn       bigint NOT NULL DEFAULT 0,             -- as known then; 0: unknown, or no address
    first     timestamptz NOT NULL,
    last      timestamptz NOT NULL,
    count     bigint NOT NULL,
    ttl_min   integer NOT NULL,
    ttl_max   integer NOT NULL,
    true_ttl  boolean NOT NULL,
    vantage   smallint NOT NULL DEFAULT 0,
    day       date NOT NULL GENERATED ALWAYS AS ((last AT TIME ZONE 'UTC')::date) STORED,
    UNIQUE NULLS NOT DISTINCT (name_id, rtype, address, target_id, asn)
) WITH (fillfactor = 90);
CREATE INDEX dns_observation_address ON dns_observation (address, day) WHERE address IS NOT NULL;
CREATE INDEX dns_observation_target ON dns_observation (target_id, day) WHERE target_id IS NOT NULL;
CREATE INDEX dns_observation_asn ON dns_observation (asn, day) WHERE asn <> 0;

-- Consecutive look-ups with one result, of candidates and above: enough to take every score again.
CREATE TABLE flux_run (
    name_id   integer NOT NULL,
    first     timestamptz NOT NULL,
    last      timestamptz NOT NULL,
    count     integer NOT NULL,
    outcome   smallint NOT NULL,
    ttl_min   integer NOT NULL,
    ttl_max   integer NOT NULL,
    true_ttl  boolean NOT NULL,
    vantage   smallint NOT NULL DEFAULT 0,
    cname_id  integer,
    addresses bytea NOT NULL,                        -- IPv4, four bytes each, sorted
    asns      bigint[] NOT NULL DEFAULT '{}'
) PARTITION BY RANGE (first);
CREATE UNIQUE INDEX flux_run_name ON flux_run (name_id, first);

-- Networks: names that share addresses. Members point here from flux_state.
CREATE TABLE flux_network (
    id    integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    first timestamptz NOT NULL,
    last  timestamptz NOT NULL
);

-- Who probes: one process of those that share a store. It probes only while `held_until` lies ahead, so whoever takes
-- over knows when the last question can have gone out.
CREATE TABLE flux_lease (
    only_one   boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    holder     uuid,
    held_until timestamptz
);
INSERT INTO flux_lease DEFAULT VALUES;

-- What was forgotten of late, by its key: what the tracker still had in memory of it is not taken in.
CREATE TABLE flux_forgotten (
    key bigint PRIMARY KEY,
    at  timestamptz NOT NULL
);
