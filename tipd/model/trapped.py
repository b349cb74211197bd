"""What the store tells of spam: campaigns, mails, agents and archives as every door shows them, marks already applied.

Counts hold only what came by sources whose mark is not stricter than the caller's. A campaign's name is its 64-bit key
as 16 hex digits.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

import msgspec

from tipd.model.tlp import Tlp

_NAME = re.compile(r"[0-9a-f]{16}", re.ASCII)
_SIGN, _WRAP = 1 << 63, 1 << 64


def campaign_name(key: int) -> str:
    """Return the name of a campaign by its key (signed, 64 bits)."""
    return f"{key % _WRAP:016x}"


def campaign_key(name: str) -> int:
    """Return the key of a campaign's name; raises ValueError."""
    if not _NAME.fullmatch(name):
        raise ValueError("a campaign's name is 16 hex digits")
    key = int(name, 16)
    return key - _WRAP if key >= _SIGN else key


class CampaignRow(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One campaign as lists show it.

    `traps`: distinct recipients (keyed HMACs), 0 where no view tells any; `relays`: distinct addresses that delivered
    it; `urls`, `hosts`, `attachments`: how many of each are kept. `sources`: what brought it, as far as the caller may
    see; `tlp`: the strictest of their marks; `subject`: the newest.
    """

    key: int
    first: datetime
    last: datetime
    mails: int
    traps: int = 0
    relays: int = 0
    urls: int = 0
    hosts: int = 0
    attachments: int = 0
    subject: str = ""
    sources: tuple[str, ...] = ()
    tlp: Tlp = Tlp.GREEN


class CampaignPage(msgspec.Struct, frozen=True, kw_only=True):
    """Campaigns in the order asked for; `next` is the next page's `after`, empty at the end."""

    rows: tuple[CampaignRow, ...] = ()
    next: str = ""


class DayCount(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Mails of one day (UTC, by when they were received)."""

    day: date
    mails: int


class CampaignUrl(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A URL's shape as a campaign sends it; `example` is one that had it."""

    host: str
    shape: str
    example: str
    first: datetime
    last: datetime
    count: int


class CampaignHost(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A host of a campaign's URLs as it folds (random sub-domains are `*`); `shapes`: of URLs on it that are kept."""

    host: str
    first: datetime
    last: datetime
    count: int
    shapes: int = 0


class CampaignFile(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An attachment of a campaign's mails: SHA-256 (hex), its newest name, its real type, its bytes."""

    sha256: str
    name: str = ""
    real: str = ""
    size: int = 0
    count: int = 0


class CampaignRelay(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An address that delivered a campaign's mails to the trap's own host; `asn` 0: unknown."""

    address: str
    first: datetime
    last: datetime
    count: int
    asn: int = 0


class CampaignTrap(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A recipient of a campaign's mails by its keyed HMAC (hex), as one source tells of it."""

    trap: str
    source: str
    mails: int
    first: datetime | None = None
    last: datetime | None = None


class CampaignDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One campaign with what is kept of it, the latest or largest first.

    `urls_cut`, `hosts_cut`: how many more there were than the caps let be kept; `merged`: keys of campaigns that turned
    out to be this one; `more`: lists here are cut to what a page shows.
    """

    row: CampaignRow
    days: tuple[DayCount, ...] = ()
    urls: tuple[CampaignUrl, ...] = ()
    hosts: tuple[CampaignHost, ...] = ()
    attachments: tuple[CampaignFile, ...] = ()
    relays: tuple[CampaignRelay, ...] = ()
    traps: tuple[CampaignTrap, ...] = ()
    subjects: tuple[str, ...] = ()
    urls_cut: int = 0
    hosts_cut: int = 0
    merged: tuple[int, ...] = ()
    more: bool = False


class AgentRow(msgspec.Struct, frozen=True, kw_only=True):
    """One agent whose versions are taken (one view of it).

    `last`: the number the cursor stands on, 0: none yet; `last_there`: the highest the agent told of, None: unknown.
    `sealed`: when version `last` was sealed, `taken`: when it was stored here. `records`: mails taken, `bytes`: of
    their versions' lines as they came. `gaps`: versions up to `last` whose lines retention had removed before they
    could be taken. `key`: the public key that is believed (base64), `pinned`: whether it was taken at the first
    contact. The refusal that stands: `refused` (its reason's word), `refused_at`, `refused_number`, `detail`.
    """

    name: str
    view: str
    state: str
    tlp: Tlp
    last: int = 0
    last_there: int | None = None
    sealed: datetime | None = None
    taken: datetime | None = None
    records: int = 0
    bytes: int = 0
    gaps: int = 0
    withdrawn: int = 0
    key: str = ""
    pinned: bool = False
    licence: str = ""
    onward: bool = False
    backlog: bool = False
    last_success: datetime | None = None
    error: str | None = None
    refused: str | None = None
    refused_at: datetime | None = None
    refused_number: int | None = None
    detail: str = ""


class TrapSource(msgspec.Struct, frozen=True, kw_only=True):
    """An archive or an agent as a place mails come from: `kind` is `archive` or `agent`; `traps`: distinct HMACs."""

    name: str
    kind: str
    state: str
    tlp: Tlp
    mails: int = 0
    traps: int = 0
    first: datetime | None = None
    last: datetime | None = None
    entries: int = 0
    last_success: datetime | None = None
    next_run: datetime | None = None
    error: str | None = None
    licence: str = ""


class TrapNetwork(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Mails of one AS (0: unknown) by their relays, and the distinct addresses behind them."""

    asn: int
    mails: int
    addresses: int


class Spamtraps(msgspec.Struct, frozen=True, kw_only=True):
    """What the traps take in: `days` ascending without holes, classes, defects and networks the most frequent first.

    All counts but those of `traps` are of the days shown.
    """

    traps: tuple[TrapSource, ...] = ()
    days: tuple[DayCount, ...] = ()
    classes: tuple[tuple[str, int], ...] = ()
    defects: tuple[tuple[str, int], ...] = ()
    networks: tuple[TrapNetwork, ...] = ()


class MailTold(msgspec.Struct, frozen=True, kw_only=True):
    """One stored mail; `trap`: keyed HMAC of the recipient (hex), empty where a view tells none.

    `record`: what of the record had no column of its own (empty for a mail of a known campaign).
    """

    sha256: str
    at: datetime
    class_: str
    size: int
    source: str
    tlp: Tlp
    relay: str | None = None
    trap: str = ""
    campaign: int | None = None
    subject: str = ""
    defects: tuple[str, ...] = ()
    record: dict[str, Any] = {}


class SpamSeen(msgspec.Struct, frozen=True, kw_only=True):
    """What spam says of one value: in how many mails it was, since when, and the newest campaigns that have it.

    `how` says what it was there: `relay` (an address that delivered mails), `url`, `host`, `attachment`, `mail` (the
    SHA-256 of a mail itself).
    """

    mails: int
    first: datetime
    last: datetime
    how: tuple[str, ...] = ()
    campaigns: tuple[CampaignRow, ...] = ()
    sources: tuple[str, ...] = ()
