"""What the store tells of tracked names and of passive DNS: rows as every door shows them, marks already applied."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from tipd.model.dns import Outcome
from tipd.model.flux import State, Tier
from tipd.model.tlp import Tlp


class Tracked(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One tracked name as lists show it.

    `since`: when it came into this state; `holz`: hundredths, None where it could not be taken; `network`: the network
    it belongs to; `due`: when it is asked for again, None: not at all; `ttl`: seconds.
    """

    name: str
    apex: str
    state: State
    tier: Tier
    reason: str
    since: datetime
    added: datetime
    tags: tuple[str, ...] = ()
    note: str = ""
    path: tuple[str, ...] = ()
    tlp: Tlp = Tlp.GREEN
    holz: int | None = None
    network: int | None = None
    samples: int = 0
    last_sample: datetime | None = None
    due: datetime | None = None
    ttl: int = 0


class Origin(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Why a name is watched; `tlp`: the effective mark, the stricter of its own and its source's present one.

    `ended`: when its source listed the name itself no more; None: it does, or it listed URLs on it, or it is no list.
    """

    why: str
    source: str | None
    class_: str | None
    by: str
    tlp: Tlp
    first: datetime
    last: datetime
    ended: datetime | None = None


class ScorePoint(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A score from `at` on, until the next: hundredths, distinct addresses and ASNs of the window, addresses so far."""

    at: datetime
    holz: int | None
    n_a: int
    n_asn: int
    total: int
    tier: Tier
    state: State


class Seen(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A row of passive DNS: `count` answers between `first` and `last` said that `name` has this `data` (text)."""

    name: str
    rtype: int
    data: str
    asn: int
    first: datetime
    last: datetime
    count: int
    ttl_min: int
    ttl_max: int
    true_ttl: bool
    vantage: str = ""
    upstream: str = ""


class StoredRun(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Consecutive look-ups with one result, as they were stored; `addresses` and `asns` as in `model.flux.Run`."""

    first: datetime
    last: datetime
    count: int
    outcome: Outcome
    addresses: bytes = b""
    asns: tuple[int, ...] = ()
    ttl_min: int = 0
    ttl_max: int = 0
    true_ttl: bool = False
    cname: str = ""
    vantage: str = ""
    upstream: str = ""


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """Names that share addresses: `size` of them may be seen, `names` are the first hundred."""

    id: int
    first: datetime
    last: datetime
    size: int
    names: tuple[str, ...] = ()


class TrackedDetail(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of one name, as of now or of a moment.

    `verdict` is JSON as the tracker stored it (docs/reference/fast-flux.md), empty as of a moment of the past; `scores`
    ascending; `seen`: what it had, the latest first, at most `most` of them (`more`: there are others).
    """

    row: Tracked
    verdict: dict[str, Any]
    origins: tuple[Origin, ...] = ()
    scores: tuple[ScorePoint, ...] = ()
    seen: tuple[Seen, ...] = ()
    more: bool = False


class PivotRow(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One step from a value to another.

    `found`: the value at the other end, `kind`: `domain`, `ipv4`, `ipv6` or `asn`. `how`: `has` (the value asked for
    has this record: found is an address, a name server, an end of a CNAME chain), `had_by` (found is a name that has
    the value as its record), `served_by` (found is a name whose name server `via` has the address), `shares` (found is
    a name that has `via` too: an address, a name server or a chain's end of the name asked for). `state` and `tags` of
    a found name that is watched. `tlp`: the least mark among the names that show this row.
    """

    found: str
    kind: str
    how: str
    rtype: int
    asn: int
    first: datetime
    last: datetime
    count: int
    via: str = ""
    state: State | None = None
    tags: tuple[str, ...] = ()
    tlp: Tlp = Tlp.GREEN


class Pivot(msgspec.Struct, frozen=True, kw_only=True):
    """Where one value leads, the latest first; `kind`: `ipv4 ipv6 network asn domain`; `more`: over the limit."""

    kind: str
    value: str
    rows: tuple[PivotRow, ...] = ()
    more: bool = False


class Added(msgspec.Struct, frozen=True, kw_only=True):
    """What became of names that were to be watched: `refused` with the reason.

    A name that the caller could not see before counts as `new` for it.
    """

    new: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    refused: dict[str, str] = {}
