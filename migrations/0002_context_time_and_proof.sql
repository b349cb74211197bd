-- What a row said beside its indicator, what absence means, who may see it, how an interval can be proved, and what
-- operators say themselves. Codes of TLP stand in tipd/model/tlp.py (0 clear … 4 red).

-- Of the declaration: to whom a source's rows may be shown, whether they may be passed on, what being listed means.
-- `request_cursor` is how far a source that is asked in pages has come.
ALTER TABLE source
    ADD COLUMN tlp smallint NOT NULL DEFAULT 2,
    ADD COLUMN redistribute boolean NOT NULL DEFAULT false,
    ADD COLUMN class text NOT NULL DEFAULT 'blacklist',
    ADD COLUMN licence text NOT NULL DEFAULT '',
    ADD COLUMN request_cursor jsonb;

-- Declarations as they were, by their digest (SHA-256): a round names the one it was run under.
CREATE TABLE declaration (
    digest bytea PRIMARY KEY,
    name   text NOT NULL,
    first  timestamptz NOT NULL,
    text   jsonb NOT NULL
);

-- `why`: poll, page, replay, backfill, entries, ageing, withdrawal, removal; `at`: the moment whose set the body tells
-- (its fetch; of a backfill the date it was given); `body`: the name of the kept body below state_dir/bodies, null
-- where it is not kept or not kept any more.
ALTER TABLE round
    ADD COLUMN why text NOT NULL DEFAULT 'poll',
    ADD COLUMN at timestamptz,
    ADD COLUMN declaration bytea,
    ADD COLUMN body text;
CREATE INDEX round_at ON round (source_id, at) WHERE at IS NOT NULL;

-- `seen`: null while the row stands in its list, or where the list is the whole set; else when it was last seen there,
-- and the interval ages from then on. `until`: the row's own end (valid until), null where it says none. `tlp`: the
-- row's own; the stricter of it and its source's holds. `backfilled`: loaded as history, never told.
ALTER TABLE sighting
    ADD COLUMN seen timestamptz,
    ADD COLUMN until timestamptz,
    ADD COLUMN tlp smallint,
    ADD COLUMN backfilled boolean NOT NULL DEFAULT false;
CREATE INDEX sighting_seen ON sighting (source_id, seen) WHERE closed IS NULL AND seen IS NOT NULL;
CREATE INDEX sighting_until ON sighting (until) WHERE closed IS NULL AND until IS NOT NULL;

-- The row's own TLP, as with sightings.
ALTER TABLE finding ADD COLUMN tlp smallint;

-- The operator's allowlist: a veto when something is read, never a loss at intake.
CREATE TABLE allowed (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind    smallint NOT NULL,
    value   text COLLATE "C" NOT NULL,
    reason  text NOT NULL,
    by      text NOT NULL,
    created timestamptz NOT NULL,
    until   timestamptz,
    removed timestamptz
);
CREATE UNIQUE INDEX allowed_now ON allowed (kind, value) WHERE removed IS NULL;

-- Values that were forgotten for good: by their keys, never taken in again.
CREATE TABLE blocked (
    key     bigint PRIMARY KEY,
    created timestamptz NOT NULL
);

-- What operators did, for good: who, what, why. Forgotten values do not stand here, but for their keyed hash.
CREATE TABLE audit (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL,
    by      text NOT NULL,
    action  text NOT NULL,
    subject text NOT NULL,
    reason  text NOT NULL DEFAULT '',
    data    jsonb
);

-- Daily counts of findings, kept for good: what rises and falls. `asn` 0: not known, or no address. `tlp`: the rows'
-- own. `loaded`: listed by a source's first round, which says nothing about that day.
CREATE TABLE trend (
    day       date NOT NULL,
    source_id integer NOT NULL,
    kind      smallint NOT NULL,
    class     text NOT NULL,
    asn       bigint NOT NULL,
    tlp       smallint NOT NULL,
    listed    bigint NOT NULL DEFAULT 0,
    delisted  bigint NOT NULL DEFAULT 0,
    loaded    bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (day, source_id, kind, class, asn, tlp)
);
