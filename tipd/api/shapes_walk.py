"""Shapes of walks, and of scores taken again."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from tipd.api.shapes_flux import MOST

MOST_RESCORED = 100


class RescoreRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """At most 100 names to score again; none: the next `limit` after `after`, of candidates and those above."""

    domains: Annotated[list[str], msgspec.Meta(max_length=MOST_RESCORED)] = []
    after: str = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST_RESCORED)] = MOST_RESCORED


class StoredScore(msgspec.Struct, frozen=True, kw_only=True):
    """Where a name stands as it is stored."""

    score: float | None
    tier: str
    state: str


class Rescored(msgspec.Struct, frozen=True, kw_only=True):
    """One name scored again out of the stored look-ups: `looks` of them, in which its score changed `changes` times.

    `score`, `tier`, `state` and `reason` in the end by the present formulas, `best` the highest score on the way;
    `before`: what is stored; `changed`: score or tier differ from that. Nothing is stored.
    """

    domain: str
    looks: int
    changes: int
    score: float | None
    best: float | None
    flux: bool | None
    tier: str
    state: str
    reason: str
    before: StoredScore
    changed: bool


class RescoreAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the scores are now, of names that have stored look-ups; `version`: of the formulas.

    `missing`: names that are not tracked; `without`: those without look-ups; `next` goes into `after`, null at the end.
    """

    version: str
    domains: list[Rescored]
    missing: list[str]
    without: list[str]
    next: str | None


class PivotRowShape(msgspec.Struct, frozen=True, kw_only=True):
    """One step: from the value to `value`, whose kind is `kind`.

    `how`: `has` (the value asked for has this record), `had_by` (this name has the value as its record), `served_by`
    (this name's name server `via` has the address). `watched`: its state where it is a tracked name.
    """

    value: str
    kind: str
    how: str
    type: str
    asn: int | None
    via: str | None
    first: datetime
    last: datetime
    count: int
    watched: str | None
    tags: list[str]


class PivotAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Where a value leads, the latest first; `more`: there is more than was asked for."""

    value: str
    kind: str
    rows: list[PivotRowShape]
    more: bool


class PivotAdd(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Put the names that a value leads to under watch, with these tags and this note.

    `since`, `until`, `tag` narrow the search as in the query. `follow`: go on from what was found, `depth` steps and
    `budget` names at most (`[modules.fastflux] follow_depth` and `follow_budget` where they are not given).
    """

    tags: list[str] = []
    note: str = ""
    tlp: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    tag: list[str] = []
    follow: bool = False
    depth: Annotated[int, msgspec.Meta(ge=1, le=10)] | None = None
    budget: Annotated[int, msgspec.Meta(ge=1, le=MOST)] | None = None


class PivotNew(msgspec.Struct, frozen=True, kw_only=True):
    """A name that a walk put under watch, and the values that led there, oldest first."""

    domain: str
    path: list[str]
    result: str


class PivotAdded(msgspec.Struct, frozen=True, kw_only=True):
    """What a walk put under watch; `steps`: values it looked at; `spent`: the budget ended it, there is more."""

    value: str
    kind: str
    new: int
    known: int
    refused: dict[str, str]
    domains: list[PivotNew]
    steps: int
    spent: bool
