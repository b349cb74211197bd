"""The shapes of requests and answers (blueprint, section 6): what OpenAPI describes and tests check."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from tipd.api.shapes_flux import DnsRow, FluxMention
from tipd.api.shapes_spam import CampaignShape, MailShape, SpamSummary
from tipd.model.confidence import Term
from tipd.model.finding import Finding

Seq = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class FindingsPage(msgspec.Struct, frozen=True, kw_only=True):
    """Findings after a cursor: `last` is the next cursor, `more` whether there are more now."""

    findings: list[Finding]
    last: int
    more: bool
    store_id: str


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The process answers."""

    alive: bool


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """Whether tipd does its work; `notes` are things worth knowing that do not prevent it."""

    ready: bool
    notes: list[str]


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What everything does now; `nursery` is the tree of modules and submodules."""

    version: str
    now: datetime
    store: dict[str, Any]
    nursery: dict[str, Any]
    stream: dict[str, Any]
    index: dict[str, Any]
    loop: dict[str, Any]
    sizes: dict[str, Any]


class SourceShape(msgspec.Struct, frozen=True, kw_only=True):
    """One source: its state, its weight, what it says and when it is asked again.

    One that is `off` or `left_out` is not collected, and `error` says why. `failing_since`: its first failed attempt
    after the last good one; `gone`: when all it had ended since it failed for too long, until it is read again.
    `class`: what being listed means; `tlp` to whom it may be shown, `redistribute` whether it may be passed on, under
    which `licence`.
    """

    name: str
    module: str
    state: str
    weight: float
    entries: int
    last_success: datetime | None
    next_run: datetime | None
    refused: dict[str, int]
    state_since: datetime | None
    error: str | None
    failures: int
    last_attempt: datetime | None
    last_change: datetime | None
    failing_since: datetime | None = None
    gone: datetime | None = None
    set_aside: dict[str, Any] | None = None
    class_: str = msgspec.field(name="class")
    tlp: str
    redistribute: bool
    licence: str


class SourceList(msgspec.Struct, frozen=True, kw_only=True):
    """All sources."""

    sources: list[SourceShape]


class RoundShape(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a source: where it went, what it got, what it changed."""

    id: int
    started: datetime
    ended: datetime | None
    status: str | None
    url: str | None
    address: str | None
    http_status: int | None
    body_bytes: int | None
    entries: int | None
    listed: int
    delisted: int
    error: str | None


class SourceDetail(SourceShape, frozen=True, kw_only=True):
    """One source with its last rounds, newest first."""

    rounds: list[RoundShape]


class RunRequested(msgspec.Struct, frozen=True, kw_only=True):
    """A source will be asked as soon as there is room."""

    source: str
    requested: bool


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """The body that was set aside may be used: its hash, the indicators it held, why it was refused.

    `state` is the source's state until it is asked again.
    """

    source: str
    sha256: str
    entries: int
    why: str | None
    state: str


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """One interval in which a source named the indicator; `last_seen` is when it was last confirmed.

    The rounds that opened and closed it are its proof (`/api/v1/rounds/{id}`); `backfilled`: it was loaded as history.
    """

    source: str
    first_seen: datetime
    last_seen: datetime | None
    closed: datetime | None
    reason: str | None
    context: dict[str, Any] | None
    tlp: str
    opened_round: int
    closed_round: int | None
    backfilled: bool


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What one source says beside an entry that it lists now, and since when it does."""

    source: str
    first_seen: datetime
    context: dict[str, Any]


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that a value matched, and how: `exact`, or by containment; `said`, where it was asked for."""

    kind: str
    value: str
    how: str
    said: list[Said] | msgspec.UnsetType = msgspec.UNSET


class ListedLater(msgspec.Struct, frozen=True, kw_only=True):
    """The first listing after the moment asked about: when, how many seconds after, by which sources."""

    at: datetime
    after_s: float
    sources: list[str]


class AllowedBy(msgspec.Struct, frozen=True, kw_only=True):
    """The entry of the operator's allowlist that covers a value, why, and until when (null: for good).

    To who may not see that entry `value` is what was asked, and `reason` is empty.
    """

    value: str
    reason: str
    until: datetime | None


class LookupResult(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about one value, as far as the caller may see it.

    `allowed`: it would be listed, but the operator allows it; `sources` and `matches` tell what by.

    Of a moment: `at` is what was asked about, `known_since` when tipd itself learnt that it was listed then (later than
    `at` where it was loaded as history), `listed_later` the first listing after it where it was not listed then.
    """

    value: str
    kind: str | None
    listed: bool
    confidence: float
    sources: list[str]
    matches: list[Match]
    error: str | None = None
    at: datetime | msgspec.UnsetType = msgspec.UNSET
    known_since: datetime | msgspec.UnsetType | None = msgspec.UNSET
    listed_later: ListedLater | msgspec.UnsetType | None = msgspec.UNSET
    allowed: AllowedBy | msgspec.UnsetType = msgspec.UNSET


class LookupAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One result a value, in the order asked."""

    results: list[LookupResult]


class At(msgspec.Struct, frozen=True, kw_only=True):
    """A value and a moment: was it listed then, by containment too?"""

    value: str
    at: datetime


class LookupRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Up to 10,000 values, each a text or `{"value", "at"}`.

    `context`: say what each source says beside what matched now.
    """

    values: Annotated[list[str | At], msgspec.Meta(max_length=10_000)]
    context: bool = False


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why the confidence in one indicator is what it is; the terms' contributions add up to it.

    Where the operator allows it (`allowed`) the confidence is 0, and the terms tell what it would be made of.
    """

    value: str
    kind: str | None
    confidence: float
    model: str
    terms: list[Term]
    allowed: AllowedBy | msgspec.UnsetType = msgspec.UNSET


class IndicatorAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one indicator; `verdict` is `listed`, `allowed`, `was_listed` or `unknown`.

    Of names, addresses, networks and ASNs: `flux`, the tracked names it is or that have it (the latest 20); `dns`,
    what passive DNS has of it (the latest 100); both null for other kinds. Of addresses, names, URLs and SHA-256:
    `spam`, what the traps tell of it (null: nothing), the latest 20 `mails` and `campaigns` that have it.
    """

    value: str
    kind: str | None
    verdict: str
    listed: bool
    confidence: float
    sources: list[str]
    matches: list[Match]
    sightings: list[Sighting]
    flux: list[FluxMention] | None = None
    dns: list[DnsRow] | None = None
    spam: SpamSummary | None = None
    mails: list[MailShape] | None = None
    campaigns: list[CampaignShape] | None = None
    allowed: AllowedBy | msgspec.UnsetType = msgspec.UNSET


class TokenShape(msgspec.Struct, frozen=True, kw_only=True):
    """A token without its secret."""

    id: str
    scopes: list[str]
    note: str
    created: datetime
    expires: datetime | None
    revoked: datetime | None
    max_tlp: str


class TokenList(msgspec.Struct, frozen=True, kw_only=True):
    """All tokens, revoked ones too."""

    tokens: list[TokenShape]


class NewToken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a new token may do (`read stream write agents admin`), a note, and how long it lasts (`"30d"`).

    `max_tlp`: it sees what is marked so or less; green where not given, and never more than who makes it.
    """

    scopes: Annotated[list[str], msgspec.Meta(min_length=1, max_length=5)]
    note: Annotated[str, msgspec.Meta(max_length=200)] = ""
    expires_in: str | None = None
    max_tlp: str | None = None


class CreatedToken(msgspec.Struct, frozen=True, kw_only=True):
    """A new token; `token` is shown this once."""

    id: str
    token: str
    scopes: list[str]
    note: str
    expires: datetime | None
    max_tlp: str


class ConsoleLink(msgspec.Struct, frozen=True, kw_only=True):
    """A one-time way into the console, good for `expires_in` seconds: `path`, on `base` or where a proxy serves tipd.

    `base` is tipd's own address as a browser on its machine finds it; null where it listens on no port.
    """

    path: str
    base: str | None
    code: str
    expires_in: int


class ExportList(msgspec.Struct, frozen=True, kw_only=True):
    """One list that can be exported."""

    name: str
    kinds: list[str]
    entries: int
    build: int
    built_at: datetime
    formats: list[str]


class ExportLists(msgspec.Struct, frozen=True, kw_only=True):
    """All lists."""

    lists: list[ExportList]


class ProblemShape(msgspec.Struct, frozen=True, kw_only=True):
    """An error (RFC 9457); more members may stand beside these."""

    type: str
    title: str
    status: int
    detail: str
