-- What the migrations must add up to; `tipd db migrate` and every start compare. Written by
-- `TIPD_WRITE_SCHEMA=1 pytest tests/store/test_schema.py`, not by hand.
CREATE SEQUENCE finding_seq;
--
CREATE SEQUENCE flux_revision;
--
CREATE TABLE allowed (
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    kind smallint NOT NULL,
    value text COLLATE "C" NOT NULL,
    reason text NOT NULL,
    by text NOT NULL,
    created timestamp with time zone NOT NULL,
    until timestamp with time zone,
    removed timestamp with time zone,
    CONSTRAINT allowed_pkey PRIMARY KEY (id)
);
--
CREATE TABLE audit (
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    at timestamp with time zone NOT NULL,
    by text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    reason text NOT NULL DEFAULT ''::text,
    data jsonb,
    CONSTRAINT audit_pkey PRIMARY KEY (id)
);
--
CREATE TABLE batch (
    writer uuid NOT NULL,
    number bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT batch_pkey PRIMARY KEY (writer)
);
--
CREATE TABLE blocked (
    key bigint NOT NULL,
    created timestamp with time zone NOT NULL,
    CONSTRAINT blocked_pkey PRIMARY KEY (key)
);
--
CREATE TABLE declaration (
    digest bytea NOT NULL,
    name text NOT NULL,
    first timestamp with time zone NOT NULL,
    text jsonb NOT NULL,
    CONSTRAINT declaration_pkey PRIMARY KEY (digest)
);
--
CREATE TABLE dns_name (
    id integer NOT NULL GENERATED ALWAYS AS IDENTITY,
    name text COLLATE "C" NOT NULL,
    apex text COLLATE "C" NOT NULL,
    tlp smallint NOT NULL DEFAULT 4,
    CONSTRAINT dns_name_name_key UNIQUE (name),
    CONSTRAINT dns_name_pkey PRIMARY KEY (id)
);
--
CREATE TABLE dns_observation (
    name_id integer NOT NULL,
    rtype smallint NOT NULL,
    address inet,
    target_id integer,
    asn bigint NOT NULL DEFAULT 0,
    first timestamp with time zone NOT NULL,
    last timestamp with time zone NOT NULL,
    count bigint NOT NULL,
    ttl_min integer NOT NULL,
    ttl_max integer NOT NULL,
    true_ttl boolean NOT NULL,
    vantage smallint NOT NULL DEFAULT 0,
    day date NOT NULL GENERATED ALWAYS AS (((last AT TIME ZONE 'UTC'::text))::date) STORED,
    CONSTRAINT dns_observation_name_id_rtype_address_target_id_asn_key UNIQUE NULLS NOT DISTINCT (name_id, rtype, address, target_id, asn)
) WITH (fillfactor=90);
--
CREATE TABLE dns_vantage (
    id smallint NOT NULL GENERATED ALWAYS AS IDENTITY,
    vantage text NOT NULL,
    upstream text NOT NULL,
    CONSTRAINT dns_vantage_pkey PRIMARY KEY (id),
    CONSTRAINT dns_vantage_vantage_upstream_key UNIQUE (vantage, upstream)
);
--
CREATE TABLE finding (
    seq bigint NOT NULL DEFAULT nextval('finding_seq'::regclass),
    at timestamp with time zone NOT NULL,
    key bigint,
    source_id integer,
    subject_kind smallint,
    initial boolean NOT NULL DEFAULT false,
    kind text COLLATE "C" NOT NULL,
    module text COLLATE "C" NOT NULL,
    subject_value text COLLATE "C",
    data jsonb,
    tlp smallint
) PARTITION BY RANGE (at);
--
CREATE TABLE finding_floor (
    only_one boolean NOT NULL DEFAULT true,
    pruned bigint NOT NULL DEFAULT 0,
    CONSTRAINT finding_floor_only_one_check CHECK (only_one),
    CONSTRAINT finding_floor_pkey PRIMARY KEY (only_one)
);
--
CREATE TABLE flux_forgotten (
    key bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT flux_forgotten_pkey PRIMARY KEY (key)
);
--
CREATE TABLE flux_lease (
    only_one boolean NOT NULL DEFAULT true,
    holder uuid,
    held_until timestamp with time zone,
    CONSTRAINT flux_lease_only_one_check CHECK (only_one),
    CONSTRAINT flux_lease_pkey PRIMARY KEY (only_one)
);
--
CREATE TABLE flux_name (
    id integer NOT NULL,
    revision bigint NOT NULL DEFAULT nextval('flux_revision'::regclass),
    added timestamp with time zone NOT NULL,
    tags text[] NOT NULL DEFAULT '{}'::text[],
    note text NOT NULL DEFAULT ''::text,
    path text[] NOT NULL DEFAULT '{}'::text[],
    tlp smallint NOT NULL,
    let_go boolean NOT NULL DEFAULT false,
    words smallint NOT NULL DEFAULT 0,
    CONSTRAINT flux_name_pkey PRIMARY KEY (id)
);
--
CREATE TABLE flux_network (
    id integer NOT NULL GENERATED ALWAYS AS IDENTITY,
    first timestamp with time zone NOT NULL,
    last timestamp with time zone NOT NULL,
    CONSTRAINT flux_network_pkey PRIMARY KEY (id)
);
--
CREATE TABLE flux_origin (
    id integer NOT NULL,
    source_id integer,
    why text COLLATE "C" NOT NULL,
    class text,
    by text NOT NULL DEFAULT ''::text,
    tlp smallint,
    first timestamp with time zone NOT NULL,
    last timestamp with time zone NOT NULL,
    ended timestamp with time zone,
    CONSTRAINT flux_origin_id_source_id_why_key UNIQUE NULLS NOT DISTINCT (id, source_id, why)
);
--
CREATE TABLE flux_run (
    name_id integer NOT NULL,
    first timestamp with time zone NOT NULL,
    last timestamp with time zone NOT NULL,
    count integer NOT NULL,
    outcome smallint NOT NULL,
    ttl_min integer NOT NULL,
    ttl_max integer NOT NULL,
    true_ttl boolean NOT NULL,
    vantage smallint NOT NULL DEFAULT 0,
    cname_id integer,
    addresses bytea NOT NULL,
    asns bigint[] NOT NULL DEFAULT '{}'::bigint[]
) PARTITION BY RANGE (first);
--
CREATE TABLE flux_score (
    id integer NOT NULL,
    at timestamp with time zone NOT NULL,
    holz integer,
    n_a integer NOT NULL,
    n_asn integer NOT NULL,
    total integer NOT NULL,
    tier text NOT NULL,
    state smallint NOT NULL,
    CONSTRAINT flux_score_pkey PRIMARY KEY (id, at)
);
--
CREATE TABLE flux_state (
    id integer NOT NULL,
    state smallint NOT NULL DEFAULT 0,
    tier text NOT NULL DEFAULT 'unknown'::text,
    reason text NOT NULL DEFAULT ''::text,
    since timestamp with time zone NOT NULL,
    due timestamp with time zone,
    last_sample timestamp with time zone,
    ttl integer NOT NULL DEFAULT 0,
    samples bigint NOT NULL DEFAULT 0,
    holz integer,
    network integer,
    decided bigint NOT NULL DEFAULT 0,
    verdict jsonb NOT NULL DEFAULT '{}'::jsonb,
    memo bytea NOT NULL DEFAULT '\x'::bytea,
    CONSTRAINT flux_state_pkey PRIMARY KEY (id)
) WITH (fillfactor=80);
--
CREATE TABLE meta (
    name text NOT NULL,
    value jsonb NOT NULL,
    CONSTRAINT meta_pkey PRIMARY KEY (name)
);
--
CREATE TABLE migration (
    number integer NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT migration_pkey PRIMARY KEY (number)
);
--
CREATE TABLE reader_cursor (
    reader text NOT NULL,
    seq bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT reader_cursor_pkey PRIMARY KEY (reader)
);
--
CREATE TABLE round (
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    source_id integer NOT NULL,
    started timestamp with time zone NOT NULL,
    ended timestamp with time zone,
    status text,
    url text,
    address inet,
    http_status smallint,
    etag text,
    last_modified text,
    body_sha256 bytea,
    body_bytes bigint,
    read_digest bytea,
    version text,
    entries bigint,
    listed bigint NOT NULL DEFAULT 0,
    delisted bigint NOT NULL DEFAULT 0,
    refused jsonb,
    error text,
    why text NOT NULL DEFAULT 'poll'::text,
    at timestamp with time zone,
    declaration bytea,
    body text,
    CONSTRAINT round_pkey PRIMARY KEY (id)
);
--
CREATE TABLE schedule (
    name text NOT NULL,
    due timestamp with time zone,
    last_run timestamp with time zone,
    failures integer NOT NULL DEFAULT 0,
    CONSTRAINT schedule_pkey PRIMARY KEY (name)
);
--
CREATE TABLE sighting (
    key bigint NOT NULL,
    opened timestamp with time zone NOT NULL,
    closed timestamp with time zone,
    opened_round bigint NOT NULL,
    closed_round bigint,
    source_id integer NOT NULL,
    kind smallint NOT NULL,
    reason text,
    value text COLLATE "C" NOT NULL,
    context jsonb,
    seen timestamp with time zone,
    until timestamp with time zone,
    tlp smallint,
    backfilled boolean NOT NULL DEFAULT false
);
--
CREATE TABLE sink (
    name text NOT NULL,
    holder uuid,
    held_until timestamp with time zone,
    pending bigint,
    stopped timestamp with time zone,
    why text,
    target bytea,
    CONSTRAINT sink_pkey PRIMARY KEY (name)
);
--
CREATE TABLE size_day (
    day date NOT NULL,
    name text NOT NULL,
    bytes bigint NOT NULL,
    CONSTRAINT size_day_pkey PRIMARY KEY (day, name)
);
--
CREATE TABLE source (
    id integer NOT NULL GENERATED ALWAYS AS IDENTITY,
    name text NOT NULL,
    module text NOT NULL,
    declared boolean NOT NULL DEFAULT true,
    state text NOT NULL DEFAULT 'new'::text,
    state_since timestamp with time zone,
    error text,
    due timestamp with time zone,
    failures integer NOT NULL DEFAULT 0,
    entries bigint NOT NULL DEFAULT 0,
    refused jsonb NOT NULL DEFAULT '{}'::jsonb,
    weight real NOT NULL DEFAULT 0.5,
    last_attempt timestamp with time zone,
    last_success timestamp with time zone,
    last_change timestamp with time zone,
    last_round bigint,
    etag text,
    last_modified text,
    body_sha256 bytea,
    read_digest bytea,
    set_aside jsonb,
    tlp smallint NOT NULL DEFAULT 2,
    redistribute boolean NOT NULL DEFAULT false,
    class text NOT NULL DEFAULT 'blacklist'::text,
    licence text NOT NULL DEFAULT ''::text,
    request_cursor jsonb,
    failing_since timestamp with time zone,
    gone timestamp with time zone,
    moves bigint NOT NULL DEFAULT 0,
    by_hand boolean NOT NULL DEFAULT false,
    CONSTRAINT source_name_key UNIQUE (name),
    CONSTRAINT source_pkey PRIMARY KEY (id)
);
--
CREATE TABLE spam_agent (
    source_id integer NOT NULL,
    view text NOT NULL DEFAULT ''::text,
    there bigint,
    key bytea NOT NULL DEFAULT '\x'::bytea,
    pinned boolean NOT NULL DEFAULT false,
    CONSTRAINT spam_agent_pkey PRIMARY KEY (source_id)
);
--
CREATE TABLE spam_archive (
    source_id integer NOT NULL,
    name text COLLATE "C" NOT NULL,
    sha256 bytea NOT NULL,
    members bigint NOT NULL,
    done boolean NOT NULL,
    stamp text NOT NULL DEFAULT ''::text,
    at timestamp with time zone NOT NULL,
    CONSTRAINT spam_archive_pkey PRIMARY KEY (source_id, name)
);
--
CREATE TABLE spam_archived (
    source_id integer NOT NULL,
    name text COLLATE "C" NOT NULL,
    taken date NOT NULL,
    hashes bytea NOT NULL
);
--
CREATE TABLE spam_asn_day (
    source_id integer NOT NULL,
    day date NOT NULL,
    asn bigint NOT NULL,
    mails bigint NOT NULL,
    CONSTRAINT spam_asn_day_pkey PRIMARY KEY (source_id, day, asn)
);
--
CREATE TABLE spam_campaign (
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    key bigint NOT NULL,
    joined bigint,
    told bigint NOT NULL DEFAULT 0,
    keys integer NOT NULL DEFAULT 0,
    keys_cut bigint NOT NULL DEFAULT 0,
    touched date NOT NULL,
    CONSTRAINT spam_campaign_pkey PRIMARY KEY (id)
);
--
CREATE TABLE spam_campaign_day (
    campaign bigint NOT NULL,
    source_id integer NOT NULL,
    day date NOT NULL,
    mails bigint NOT NULL,
    traps bigint[] NOT NULL DEFAULT '{}'::bigint[],
    CONSTRAINT spam_campaign_day_pkey PRIMARY KEY (campaign, source_id, day)
) WITH (fillfactor=80);
--
CREATE TABLE spam_campaign_host (
    campaign bigint NOT NULL,
    source_id integer NOT NULL,
    mails bigint NOT NULL,
    first timestamp with time zone NOT NULL,
    last timestamp with time zone NOT NULL,
    told date,
    host text COLLATE "C" NOT NULL,
    CONSTRAINT spam_campaign_host_pkey PRIMARY KEY (campaign, source_id, host)
) WITH (fillfactor=80);
--
CREATE TABLE spam_campaign_part (
    campaign bigint NOT NULL,
    source_id integer NOT NULL,
    part bigint NOT NULL,
    mails bigint NOT NULL,
    first timestamp with time zone NOT NULL,
    last timestamp with time zone NOT NULL,
    example_of bigint NOT NULL,
    what smallint NOT NULL,
    example text NOT NULL,
    CONSTRAINT spam_campaign_part_pkey PRIMARY KEY (campaign, source_id, part)
) WITH (fillfactor=80);
--
CREATE TABLE spam_campaign_source (
    campaign bigint NOT NULL,
    source_id integer NOT NULL,
    mails bigint NOT NULL,
    first timestamp with time zone NOT NULL,
    last timestamp with time zone NOT NULL,
    kept integer NOT NULL DEFAULT 0,
    urls integer NOT NULL DEFAULT 0,
    files integer NOT NULL DEFAULT 0,
    hosts integer NOT NULL DEFAULT 0,
    urls_cut bigint NOT NULL DEFAULT 0,
    files_cut bigint NOT NULL DEFAULT 0,
    hosts_cut bigint NOT NULL DEFAULT 0,
    subject text NOT NULL DEFAULT ''::text,
    traps bigint[] NOT NULL DEFAULT '{}'::bigint[],
    relays bigint[] NOT NULL DEFAULT '{}'::bigint[],
    CONSTRAINT spam_campaign_source_pkey PRIMARY KEY (campaign, source_id)
) WITH (fillfactor=80);
--
CREATE TABLE spam_cursor (
    source_id integer NOT NULL,
    view text NOT NULL,
    number bigint NOT NULL,
    sha256 bytea NOT NULL,
    key bytea NOT NULL,
    manifest bytea NOT NULL,
    taken timestamp with time zone NOT NULL,
    sealed timestamp with time zone,
    records bigint NOT NULL DEFAULT 0,
    bytes bigint NOT NULL DEFAULT 0,
    gaps bigint NOT NULL DEFAULT 0,
    withdrawn bigint NOT NULL DEFAULT 0,
    CONSTRAINT spam_cursor_pkey PRIMARY KEY (source_id, view)
);
--
CREATE TABLE spam_day (
    source_id integer NOT NULL,
    day date NOT NULL,
    class smallint NOT NULL,
    mails bigint NOT NULL,
    bytes bigint NOT NULL,
    first timestamp with time zone NOT NULL,
    last timestamp with time zone NOT NULL,
    CONSTRAINT spam_day_pkey PRIMARY KEY (source_id, day, class)
);
--
CREATE TABLE spam_defect_day (
    source_id integer NOT NULL,
    day date NOT NULL,
    "bit" smallint NOT NULL,
    mails bigint NOT NULL,
    CONSTRAINT spam_defect_day_pkey PRIMARY KEY (source_id, day, "bit")
);
--
CREATE TABLE spam_key (
    key bigint NOT NULL,
    campaign bigint NOT NULL,
    CONSTRAINT spam_key_pkey PRIMARY KEY (key)
);
--
CREATE TABLE spam_mail (
    hash bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    campaign bigint NOT NULL DEFAULT 0,
    defects bigint NOT NULL DEFAULT 0,
    trap bigint NOT NULL DEFAULT 0,
    taken date NOT NULL,
    source_id integer NOT NULL,
    size integer NOT NULL,
    version integer NOT NULL DEFAULT 0,
    class smallint NOT NULL,
    trap_kind smallint NOT NULL DEFAULT 0,
    sighted boolean NOT NULL DEFAULT false,
    relay inet,
    tail bytea NOT NULL,
    parts bigint[] NOT NULL DEFAULT '{}'::bigint[],
    subject text NOT NULL DEFAULT ''::text,
    rest bytea NOT NULL DEFAULT '\x'::bytea
) PARTITION BY RANGE (taken);
--
CREATE TABLE spam_part (
    hash bigint NOT NULL,
    size bigint NOT NULL DEFAULT 0,
    what smallint NOT NULL,
    host text COLLATE "C" NOT NULL,
    shape text COLLATE "C" NOT NULL,
    CONSTRAINT spam_part_pkey PRIMARY KEY (hash)
);
--
CREATE TABLE spam_refusal (
    source_id integer NOT NULL,
    view text NOT NULL,
    reason text NOT NULL,
    number bigint NOT NULL,
    detail text NOT NULL,
    first timestamp with time zone NOT NULL,
    last timestamp with time zone NOT NULL,
    count bigint NOT NULL,
    told timestamp with time zone NOT NULL,
    CONSTRAINT spam_refusal_pkey PRIMARY KEY (source_id, view, reason)
);
--
CREATE TABLE spam_relay (
    source_id integer NOT NULL,
    relay inet NOT NULL,
    asn bigint NOT NULL DEFAULT 0,
    mails bigint NOT NULL,
    first timestamp with time zone NOT NULL,
    last timestamp with time zone NOT NULL,
    sighted bigint NOT NULL DEFAULT 0,
    sighted_last timestamp with time zone,
    kinds smallint NOT NULL DEFAULT 0,
    CONSTRAINT spam_relay_pkey PRIMARY KEY (relay, source_id)
) WITH (fillfactor=80);
--
CREATE TABLE spam_trap_day (
    source_id integer NOT NULL,
    day date NOT NULL,
    traps bigint[] NOT NULL,
    CONSTRAINT spam_trap_day_pkey PRIMARY KEY (source_id, day)
);
--
CREATE TABLE token (
    id text NOT NULL,
    sha256 bytea NOT NULL,
    scopes text[] NOT NULL,
    note text NOT NULL DEFAULT ''::text,
    created timestamp with time zone NOT NULL,
    expires timestamp with time zone,
    revoked timestamp with time zone,
    max_tlp text NOT NULL DEFAULT 'green'::text,
    CONSTRAINT token_pkey PRIMARY KEY (id),
    CONSTRAINT token_sha256_key UNIQUE (sha256)
);
--
CREATE TABLE trend (
    day date NOT NULL,
    source_id integer NOT NULL,
    kind smallint NOT NULL,
    class text NOT NULL,
    asn bigint NOT NULL,
    tlp smallint NOT NULL,
    listed bigint NOT NULL DEFAULT 0,
    delisted bigint NOT NULL DEFAULT 0,
    loaded bigint NOT NULL DEFAULT 0,
    CONSTRAINT trend_pkey PRIMARY KEY (day, source_id, kind, class, asn, tlp)
);
--
ALTER TABLE round ADD CONSTRAINT round_source_id_fkey FOREIGN KEY (source_id) REFERENCES source(id);
--
ALTER SEQUENCE finding_seq OWNED BY finding.seq;
--
ALTER SEQUENCE flux_revision OWNED BY flux_name.revision;
--
CREATE UNIQUE INDEX allowed_now ON allowed USING btree (kind, value) WHERE (removed IS NULL);
--
CREATE INDEX dns_name_apex ON dns_name USING btree (apex);
--
CREATE INDEX dns_observation_address ON dns_observation USING btree (address, day) WHERE (address IS NOT NULL);
--
CREATE INDEX dns_observation_asn ON dns_observation USING btree (asn, day) WHERE (asn <> 0);
--
CREATE INDEX dns_observation_target ON dns_observation USING btree (target_id, day) WHERE (target_id IS NOT NULL);
--
CREATE INDEX finding_by_seq ON finding USING btree (seq);
--
CREATE INDEX finding_rare ON finding USING btree (seq) WHERE ((kind <> 'indicator.listed'::text) AND (kind <> 'indicator.delisted'::text));
--
CREATE INDEX flux_name_revision ON flux_name USING btree (revision);
--
CREATE INDEX flux_name_tags ON flux_name USING gin (tags) WHERE (tags <> '{}'::text[]);
--
CREATE INDEX flux_origin_source ON flux_origin USING btree (source_id, id) WHERE (source_id IS NOT NULL);
--
CREATE UNIQUE INDEX flux_run_name ON flux_run USING btree (name_id, first);
--
CREATE INDEX flux_state_network ON flux_state USING btree (network, id) WHERE (network IS NOT NULL);
--
CREATE INDEX flux_state_state ON flux_state USING btree (state, id);
--
CREATE INDEX round_at ON round USING btree (source_id, at) WHERE (at IS NOT NULL);
--
CREATE INDEX round_source ON round USING btree (source_id, id);
--
CREATE INDEX sighting_ageing ON sighting USING btree (source_id, kind, seen, opened) WHERE (closed IS NULL);
--
CREATE INDEX sighting_key ON sighting USING btree (key);
--
CREATE INDEX sighting_network ON sighting USING spgist (((value)::inet)) WHERE (kind = 3);
--
CREATE UNIQUE INDEX sighting_open ON sighting USING btree (source_id, key) WHERE (closed IS NULL);
--
CREATE INDEX sighting_past ON sighting USING btree (source_id, closed) WHERE (closed IS NOT NULL);
--
CREATE INDEX sighting_standing ON sighting USING btree (source_id, key) WHERE ((reason = 'aged'::text) AND (seen IS NULL));
--
CREATE INDEX sighting_until ON sighting USING btree (source_id, until) WHERE ((closed IS NULL) AND (until IS NOT NULL));
--
CREATE INDEX spam_archived_name ON spam_archived USING btree (source_id, name, taken);
--
CREATE INDEX spam_campaign_host_host ON spam_campaign_host USING btree (host);
--
CREATE INDEX spam_campaign_joined ON spam_campaign USING btree (joined) WHERE (joined IS NOT NULL);
--
CREATE INDEX spam_campaign_part_part ON spam_campaign_part USING btree (part);
--
CREATE INDEX spam_campaign_source_last ON spam_campaign_source USING btree (source_id, last);
--
CREATE INDEX spam_campaign_touched ON spam_campaign USING btree (touched);
--
CREATE INDEX spam_key_campaign ON spam_key USING btree (campaign);
--
CREATE INDEX spam_mail_at ON spam_mail USING btree (source_id, at);
--
CREATE INDEX spam_mail_campaign ON spam_mail USING btree (campaign, taken);
--
CREATE INDEX spam_mail_hash ON spam_mail USING btree (hash);
--
CREATE INDEX spam_mail_relay ON spam_mail USING btree (relay) WHERE (relay IS NOT NULL);
--
CREATE INDEX spam_part_host ON spam_part USING btree (host) WHERE (what < 2);
--
CREATE INDEX spam_relay_source ON spam_relay USING btree (source_id);
