"""Shapes of tracked names, networks, walks and passive DNS."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

MOST = 10_000  # names in one call


class TrackerWord(msgspec.Struct, frozen=True, kw_only=True):
    """How the tracker in this process is: its state (`needs_resolver`: it waits until one is configured), and why."""

    state: str
    why: str = ""


class DomainRow(msgspec.Struct, frozen=True, kw_only=True):
    """A tracked name. `score`: Holz's, null where it could not be taken; `since`: when it came into this state.

    `tier`: how sure the verdict is; `path`: the values that led to it, oldest first; `network`: the network of names
    that share addresses it belongs to; `due`: when it is asked for again, null: not at all; `ttl`: seconds.
    """

    domain: str
    apex: str
    state: str
    tier: str
    score: float | None
    reason: str
    since: datetime
    added: datetime
    tags: list[str]
    note: str
    tlp: str
    path: list[str]
    network: int | None
    samples: int
    last_sample: datetime | None
    due: datetime | None
    ttl: int


class DomainPage(msgspec.Struct, frozen=True, kw_only=True):
    """Tracked names in the order of their bytes; `next` goes into `after`, null at the end.

    `tracker`: null where no tracker runs in the process that answers.
    """

    domains: list[DomainRow]
    next: str | None
    tracker: TrackerWord | None


class HolzShape(msgspec.Struct, frozen=True, kw_only=True):
    """Holz's score with what it is made of; `window`: the two look-ups; flux if and only if the score is over 142.38.

    All null where there is no window yet, or no AS table.
    """

    score: float | None
    n_a: int | None
    n_asn: int | None
    n_ns: int | None
    window: list[Any]
    bound: float
    flux: bool | None


class VerdictShape(msgspec.Struct, frozen=True, kw_only=True):
    """How sure it is, and why: each reason says what was measured and against which bound; `model`: its version."""

    tier: str
    reasons: list[Any]
    model: str = ""


class RecordShape(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen of one piece of data: `count` answers between `first` and `last`; `asn` as known then.

    `current`: the last answer held it (as of the moment asked about). `true_ttl`: the zone's own server said the TTL.
    """

    data: str
    asn: int | None
    first: datetime
    last: datetime
    count: int
    ttl_min: int
    ttl_max: int
    true_ttl: bool
    current: bool
    vantage: str
    upstream: str


class RRsetShape(msgspec.Struct, frozen=True, kw_only=True):
    """All records of one type that a name had, the latest first."""

    type: str
    records: list[RecordShape]


class OriginShape(msgspec.Struct, frozen=True, kw_only=True):
    """Why a name is watched: `list`, `spam`, `person`, `pivot` or `follow`, through which source, in which class.

    `ended`: when its list had the name no more; null while it has.
    """

    why: str
    source: str | None
    class_: str | None = msgspec.field(name="class")
    by: str
    tlp: str
    first: datetime
    last: datetime
    ended: datetime | None


class ScoreShape(msgspec.Struct, frozen=True, kw_only=True):
    """A score from `at` on; `addresses`: distinct ones over all look-ups until then."""

    at: datetime
    score: float | None
    n_a: int
    n_asn: int
    addresses: int
    tier: str
    state: str


class GrowthPoint(msgspec.Struct, frozen=True, kw_only=True):
    """How many distinct addresses were known at a moment."""

    at: datetime
    addresses: int


class NameServerShape(msgspec.Struct, frozen=True, kw_only=True):
    """A name server of the name, with the addresses it was seen at."""

    name: str
    first: datetime
    last: datetime
    count: int
    addresses: list[str]


class NetworkShape(msgspec.Struct, frozen=True, kw_only=True):
    """Names that share addresses: how many of them may be seen, and the first hundred."""

    network: int
    first: datetime
    last: datetime
    size: int
    names: list[str]


class NetworkPage(msgspec.Struct, frozen=True, kw_only=True):
    """Networks by their numbers; `next` goes into `after`, null at the end."""

    networks: list[NetworkShape]
    next: int | None


class DomainDetail(DomainRow, frozen=True, kw_only=True):
    """All that is known of one name, now or as of `at`.

    `growth`: distinct addresses over time; `asns`: those of its addresses, the most frequent first; `networks`: those
    it belongs to; `features`: of the long window; `more`: there is more passive DNS than is shown.
    """

    holz: HolzShape
    verdict: VerdictShape
    rrsets: list[RRsetShape]
    origins: list[OriginShape]
    scores: list[ScoreShape]
    growth: list[GrowthPoint]
    asns: dict[str, int]
    ns: list[NameServerShape]
    networks: list[NetworkShape]
    features: dict[str, Any]
    at: datetime | None
    more: bool


class NewDomains(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """At most 10,000 names to watch, each a text or `{"domain", "tags", "note", "tlp"}`; the rest counts for all.

    `tlp`: who may see them; green where not given, or the caller's own mark where that is less.
    """

    domains: Annotated[list[Any], msgspec.Meta(min_length=1, max_length=MOST)]
    tags: list[str] = []
    note: str = ""
    tlp: str | None = None


class DomainResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a name, by its place in the call from 0: `new`, `known` (evidence, tags and note were added) or
    `refused`, for this reason.
    """

    index: int
    result: str
    domain: str | None = None
    reason: str | None = None


class DomainsAdded(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a call; a refused name harms no other. `results` are in the order of the names."""

    new: int
    known: int
    refused: int
    results: list[DomainResult]


class LineFault(msgspec.Struct, frozen=True, kw_only=True):
    """A line that was not taken, counted from 1 (or from `first_line`), and why."""

    line: int
    value: str
    reason: str


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an import: counts, and the first 1,000 lines that were refused."""

    lines: int
    new: int
    known: int
    refused: int
    faults: list[LineFault]


class DomainEdit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Tags to add and to remove, and a new note (null: leave it)."""

    add_tags: list[str] = []
    remove_tags: list[str] = []
    note: str | None = None


class LetGo(msgspec.Struct, frozen=True, kw_only=True):
    """A name that is not asked for any more; what is known of it stays."""

    domain: str
    state: str
    reason: str


class FluxMention(msgspec.Struct, frozen=True, kw_only=True):
    """A tracked name that an indicator is, or that has it as its address."""

    domain: str
    state: str
    tags: list[str]
    score: float | None = None
    tier: str | None = None


class DnsRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of passive DNS: `count` answers between `first` and `last` said that `name` has this `data`."""

    name: str
    type: str
    data: str
    asn: int | None
    first: datetime
    last: datetime
    count: int
