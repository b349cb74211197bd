"""Values of fast-flux tracking that more than one room knows: states, names on their way in, what is kept of look-ups.

Times are seconds since 1970 (float, UTC) where records are many and live in memory, `datetime` at the borders.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum

import msgspec

from tipd.model.dns import Outcome
from tipd.model.finding import NewFinding
from tipd.model.tlp import Tlp

CANDIDATE = "flux.candidate"  # a name was taken under watch
LIKELY = "flux.likely"
CONFIRMED = "flux.confirmed"
NODES = "flux.nodes"  # one per sample of a likely or confirmed name that changed: added and removed addresses
NETWORK = "flux.network"  # names that share addresses
DORMANT = "flux.dormant"
DROPPED = "flux.dropped"
REVIVED = "flux.revived"  # it came back with new evidence, or its addresses did


class State(IntEnum):
    """Where a tracked name stands; the number is what the database stores.

    `candidate`: not judged yet. `watched`: judged, not flux so far. `likely`: one window spoke for flux. `confirmed`:
    windows agree. `dormant`: was likely or confirmed and has no addresses any more. `dropped`: not probed any more
    (stable, dead, withdrawn, over a limit: the reason says); what is known of it stays.
    """

    CANDIDATE = 0
    WATCHED = 1
    LIKELY = 2
    CONFIRMED = 3
    DORMANT = 4
    DROPPED = 5

    @property
    def word(self) -> str:
        """The state as it is written."""
        return self.name.lower()


class Tier(StrEnum):
    """How sure the verdict is; from the long window and the knowledge, beside Holz's score and never mixed into it."""

    UNKNOWN = "unknown"  # too few samples
    BENIGN = "benign"
    POSSIBLE = "possible"
    LIKELY = "likely"
    CONFIRMED = "confirmed"


class NewName(msgspec.Struct, frozen=True, kw_only=True):
    """A name on its way under watch; one that is there already gains the evidence, tags and note.

    `name`: canonical domain. `why`: `list`, `spam`, `person`, `pivot`, `follow`. `source`: the name of the source whose
    list or spam it came from. `tlp`: the evidence's own mark (a source's is added when it is read). `path`: the values
    that led here, oldest first.
    """

    name: str
    why: str
    source: str | None = None
    class_: str | None = None
    tags: tuple[str, ...] = ()
    note: str = ""
    path: tuple[str, ...] = ()
    tlp: Tlp | None = None
    by: str = ""


class KnownName(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A tracked name as the tracker loads it. `due`, `last_sample`: seconds, 0: never. `memo`: its packed history.

    `hidden`: tags that were said among fewer than may see the name: they choose how it is asked for, and are not told.
    """

    id: int
    name: str
    apex: str
    state: State
    tags: tuple[str, ...]
    tlp: Tlp
    revision: int
    due: float
    ttl: int
    samples: int
    last_sample: float
    memo: bytes
    hidden: tuple[str, ...] = ()


class Observation(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A passive-DNS row, or what is to be added to one: `count` answers between `first` and `last` held this data.

    `data`: of A and AAAA the packed address; of NS and CNAME the name's text, encoded. `asn`: as known then, 0 unknown.
    """

    name: str
    rtype: int
    data: bytes
    asn: int
    first: float
    last: float
    count: int
    ttl_min: int
    ttl_max: int
    true_ttl: bool
    upstream: str


class Run(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Consecutive look-ups of one name with one and the same result: `count` of them from `first` to `last`.

    `addresses`: packed IPv4 addresses, sorted, joined; `asns`: theirs as known then (0 unknown), in that order.
    """

    name_id: int
    first: float
    last: float
    count: int
    outcome: Outcome
    addresses: bytes = b""
    asns: tuple[int, ...] = ()
    ttl_min: int = 0
    ttl_max: int = 0
    true_ttl: bool = False
    cname: str = ""
    upstream: str = ""


class Mark(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What the tracker knows of a name now, to be stored; `verdict` is JSON (see docs/reference/fast-flux.md).

    `since`: 0: its state, the reason for it and since when it stands are what they were. `holz`: hundredths of the
    score, None where it could not be taken (no window yet, or no AS table). `revision`: of the name as the tracker knew
    it then: where somebody else set its state since, the mark is ignored (0: it never is).
    """

    id: int
    state: State
    reason: str
    since: float
    due: float
    ttl: int
    samples: int
    last_sample: float
    holz: int | None = None
    tier: Tier = Tier.UNKNOWN
    verdict: bytes = b"{}"
    memo: bytes = b""
    revision: int = 0


class Score(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Where a name stood at one moment, kept when it changed. `total`: distinct addresses over all look-ups so far.

    `holz`: hundredths, over the last window of two look-ups; None where it cannot be taken (no window, or no AS table).
    """

    id: int
    at: float
    holz: int | None
    n_a: int
    n_asn: int
    total: int
    tier: Tier
    state: State


class Roll(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """How far the look-ups of a name have come, where nothing else about it changed since its last mark.

    State, reason, score, verdict and memo stay as they are stored.
    """

    id: int
    due: float
    ttl: int
    samples: int
    last_sample: float


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """What the tracker gathered since it was last asked; per name at most one mark, and no roll beside it.

    Of an unchanged set the observations and runs come in parts: the first look-up at once (`count` 1), the repeats when
    the set changes, and at least hourly. Runs of one name that follow each other with one result are one run.
    """

    marks: tuple[Mark, ...] = ()
    rolls: tuple[Roll, ...] = ()
    observations: tuple[Observation, ...] = ()
    runs: tuple[Run, ...] = ()
    scores: tuple[Score, ...] = ()
    findings: tuple[NewFinding, ...] = ()

    def __len__(self) -> int:
        """Return how many rows it holds in all."""
        rows = (self.marks, self.rolls, self.observations, self.runs, self.scores, self.findings)
        return sum(len(each) for each in rows)
