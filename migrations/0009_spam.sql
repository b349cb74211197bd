-- Spamtraps: mails, the campaigns they make, what was seen of relays, hosts and URLs, and how far agents and archives
-- were taken. Codes of classes, traps and defects stand in tipd/model/spam.py. Whatever a source brought stands apart by
-- source, so that whoever may not see the source does not see it either, not even in a sum.

-- One row a mail and source, in the month it was taken in (which is not the month of the mail: archives are old).
-- `hash` and `tail`: the first 8 and the other 24 bytes of its SHA-256. `campaign` 0: none. `parts`: hashes of spam_part. `rest`:
-- the record's JSON, of the first mails of a campaign alone. What has no NULL but `relay` saves a bitmap of 8 bytes.
CREATE TABLE spam_mail (
    hash      bigint NOT NULL,
    at        timestamptz NOT NULL,
    campaign  bigint NOT NULL DEFAULT 0,
    defects   bigint NOT NULL DEFAULT 0,             -- bits of tipd/mail/defects.py
    trap      bigint NOT NULL DEFAULT 0,             -- keyed hash of the recipient; 0: none
    taken     date NOT NULL,
    source_id integer NOT NULL,
    size      integer NOT NULL,
    version   integer NOT NULL DEFAULT 0,            -- of an agent's view: the line stands there; 0: none
    class     smallint NOT NULL,
    trap_kind smallint NOT NULL DEFAULT 0,
    sighted   boolean NOT NULL DEFAULT false,        -- its relay counts as seen by the trap
    relay     inet,
    tail      bytea NOT NULL,
    parts     bigint[] NOT NULL DEFAULT '{}',
    subject   text NOT NULL DEFAULT '',
    rest      bytea NOT NULL DEFAULT ''
) PARTITION BY RANGE (taken);
CREATE INDEX spam_mail_hash ON spam_mail (hash);
CREATE INDEX spam_mail_campaign ON spam_mail (campaign, taken);
CREATE INDEX spam_mail_at ON spam_mail (source_id, at);
CREATE INDEX spam_mail_relay ON spam_mail (relay) WHERE relay IS NOT NULL;

-- Campaigns. `key`: of the mail that founded it. `joined`: the campaign it turned out to be the same as (never one that
-- is joined itself). `told`: 8 bits a mark, how many steps of its growth whoever may see that mark has heard of.
CREATE TABLE spam_campaign (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key     bigint NOT NULL,
    joined  bigint,
    told    bigint NOT NULL DEFAULT 0,
    keys    integer NOT NULL DEFAULT 0,
    keys_cut bigint NOT NULL DEFAULT 0,
    touched date NOT NULL                            -- when a mail of it was last taken in
);
CREATE INDEX spam_campaign_joined ON spam_campaign (joined) WHERE joined IS NOT NULL;
CREATE INDEX spam_campaign_touched ON spam_campaign (touched);

-- What mails of one campaign have in common, by its 64-bit key.
CREATE TABLE spam_key (
    key      bigint PRIMARY KEY,
    campaign bigint NOT NULL
);
CREATE INDEX spam_key_campaign ON spam_key (campaign);

-- A campaign as one source saw it. `kept`: mails whose whole record is kept; `urls`, `files`, `hosts`: how many are kept,
-- `…_cut`: mails that had one beyond the campaign's share; `traps`, `relays`: distinct ones by hashes, up to 1,000.
CREATE TABLE spam_campaign_source (
    campaign  bigint NOT NULL,
    source_id integer NOT NULL,
    mails     bigint NOT NULL,
    first     timestamptz NOT NULL,
    last      timestamptz NOT NULL,
    kept      integer NOT NULL DEFAULT 0,
    urls      integer NOT NULL DEFAULT 0,
    files     integer NOT NULL DEFAULT 0,
    hosts     integer NOT NULL DEFAULT 0,
    urls_cut  bigint NOT NULL DEFAULT 0,
    files_cut bigint NOT NULL DEFAULT 0,
    hosts_cut bigint NOT NULL DEFAULT 0,
    subject   text NOT NULL DEFAULT '',
    traps     bigint[] NOT NULL DEFAULT '{}',
    relays    bigint[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (campaign, source_id)
) WITH (fillfactor = 80);
CREATE INDEX spam_campaign_source_last ON spam_campaign_source (source_id, last);

-- The same by the days of its mails.
CREATE TABLE spam_campaign_day (
    campaign  bigint NOT NULL,
    source_id integer NOT NULL,
    day       date NOT NULL,
    mails     bigint NOT NULL,
    traps     bigint[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (campaign, source_id, day)
) WITH (fillfactor = 80);

-- What mails hold, each once. `what`: 0 a host alone, 1 a URL's shape (tokens masked) on a host (random sub-domains are
-- `*`), 2 a file: its real type in `host`, its SHA-256 (hex) in `shape`. `hash`: keyed, of the three.
CREATE TABLE spam_part (
    hash  bigint PRIMARY KEY,
    size  bigint NOT NULL DEFAULT 0,
    what  smallint NOT NULL,
    host  text COLLATE "C" NOT NULL,
    shape text COLLATE "C" NOT NULL
);
CREATE INDEX spam_part_host ON spam_part (host) WHERE what < 2;

-- URLs and files of a campaign, and its hosts. `example`: of a URL one that had the shape, of a file its name;
-- `example_of`: the mail (spam_mail.hash) it was taken from.
CREATE TABLE spam_campaign_part (
    campaign   bigint NOT NULL,
    source_id  integer NOT NULL,
    part       bigint NOT NULL,
    mails      bigint NOT NULL,
    first      timestamptz NOT NULL,
    last       timestamptz NOT NULL,
    example_of bigint NOT NULL,
    what       smallint NOT NULL,
    example    text NOT NULL,
    PRIMARY KEY (campaign, source_id, part)
) WITH (fillfactor = 80);
CREATE INDEX spam_campaign_part_part ON spam_campaign_part (part);
CREATE TABLE spam_campaign_host (
    campaign  bigint NOT NULL,
    source_id integer NOT NULL,
    mails     bigint NOT NULL,
    first     timestamptz NOT NULL,
    last      timestamptz NOT NULL,
    told      date,                                  -- when spam.url was last told of it
    host      text COLLATE "C" NOT NULL,
    PRIMARY KEY (campaign, source_id, host)
) WITH (fillfactor = 80);
CREATE INDEX spam_campaign_host_host ON spam_campaign_host (host);

-- Who handed mails over. `sighted`: mails that are evidence that the trap itself saw it, the last of them at
-- `sighted_last`; `kinds`: a bit a kind of trap these were sent to. `asn`: when it was first seen; 0: unknown.
CREATE TABLE spam_relay (
    source_id    integer NOT NULL,
    relay        inet NOT NULL,
    asn          bigint NOT NULL DEFAULT 0,
    mails        bigint NOT NULL,
    first        timestamptz NOT NULL,
    last         timestamptz NOT NULL,
    sighted      bigint NOT NULL DEFAULT 0,
    sighted_last timestamptz,
    kinds        smallint NOT NULL DEFAULT 0,
    PRIMARY KEY (relay, source_id)
) WITH (fillfactor = 80);
CREATE INDEX spam_relay_source ON spam_relay (source_id);

-- Volume, by the days of the mails; kept for good.
CREATE TABLE spam_day (
    source_id integer NOT NULL,
    day       date NOT NULL,
    class     smallint NOT NULL,
    mails     bigint NOT NULL,
    bytes     bigint NOT NULL,
    first     timestamptz NOT NULL,
    last      timestamptz NOT NULL,
    PRIMARY KEY (source_id, day, class)
);
CREATE TABLE spam_trap_day (
    source_id integer NOT NULL,
    day       date NOT NULL,
    traps     bigint[] NOT NULL,                     -- distinct ones, up to 1,000
    PRIMARY KEY (source_id, day)
);
CREATE TABLE spam_defect_day (
    source_id integer NOT NULL,
    day       date NOT NULL,
    bit       smallint NOT NULL,
    mails     bigint NOT NULL,
    PRIMARY KEY (source_id, day, bit)
);
CREATE TABLE spam_asn_day (
    source_id integer NOT NULL,
    day       date NOT NULL,
    asn       bigint NOT NULL,
    mails     bigint NOT NULL,
    PRIMARY KEY (source_id, day, asn)
);

-- What is known of agents before anything was taken of them. `there`: the highest number they told of.
CREATE TABLE spam_agent (
    source_id integer PRIMARY KEY,
    view      text NOT NULL DEFAULT '',
    there     bigint,
    key       bytea NOT NULL DEFAULT '',             -- the public key that is believed
    pinned    boolean NOT NULL DEFAULT false         -- it was taken at the first contact
);

-- How far an agent's view was taken. `gaps`: versions whose lines were gone when they were asked for.
CREATE TABLE spam_cursor (
    source_id integer NOT NULL,
    view      text NOT NULL,
    number    bigint NOT NULL,
    sha256    bytea NOT NULL,                        -- of the manifest
    key       bytea NOT NULL,                        -- the public key that holds from the next on
    manifest  bytea NOT NULL,
    taken     timestamptz NOT NULL,
    sealed    timestamptz,
    records   bigint NOT NULL DEFAULT 0,             -- of all versions taken
    bytes     bigint NOT NULL DEFAULT 0,
    gaps      bigint NOT NULL DEFAULT 0,
    withdrawn bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (source_id, view)
);

-- What was refused of an agent, a row a reason.
CREATE TABLE spam_refusal (
    source_id integer NOT NULL,
    view      text NOT NULL,
    reason    text NOT NULL,
    number    bigint NOT NULL,
    detail    text NOT NULL,
    first     timestamptz NOT NULL,
    last      timestamptz NOT NULL,
    count     bigint NOT NULL,
    told      timestamptz NOT NULL,
    PRIMARY KEY (source_id, view, reason)
);

-- How far archives were taken, and the mails they held (8 bytes each, as in spam_mail.hash), for when their rows are
-- gone and the archive has grown.
CREATE TABLE spam_archive (
    source_id integer NOT NULL,
    name      text COLLATE "C" NOT NULL,
    sha256    bytea NOT NULL,
    members   bigint NOT NULL,
    done      boolean NOT NULL,
    stamp     text NOT NULL DEFAULT '',
    at        timestamptz NOT NULL,
    PRIMARY KEY (source_id, name)
);
CREATE TABLE spam_archived (
    source_id integer NOT NULL,
    name      text COLLATE "C" NOT NULL,
    taken     date NOT NULL,
    hashes    bytea NOT NULL
);
CREATE INDEX spam_archived_name ON spam_archived (source_id, name, taken);
ALTER TABLE spam_archived ALTER COLUMN hashes SET STORAGE EXTERNAL;
