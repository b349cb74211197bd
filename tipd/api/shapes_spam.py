"""The shapes of requests and answers about spamtraps: archives and agents, campaigns, mails."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec


class CampaignKept(msgspec.Struct, frozen=True, kw_only=True):
    """How many URLs, hosts, attachments and relays of a campaign are kept (those caps left out are counted apart)."""

    urls: int
    hosts: int
    attachments: int
    relays: int


class CampaignShape(msgspec.Struct, frozen=True, kw_only=True):
    """Mails that belong together: they have the same template, URLs or attachments.

    `campaign`: its name, 16 hex digits; `traps`: distinct recipients, 0 where no view tells any; `subject`: the newest;
    `sources`: the archives and agents that brought it, as far as the caller may see them: every number counts theirs
    alone, and `tlp` is the strictest of their marks.
    """

    campaign: str
    first_seen: datetime
    last_seen: datetime
    mails: int
    traps: int
    subject: str
    kept: CampaignKept
    sources: list[str]
    tlp: str


class CampaignPageShape(msgspec.Struct, frozen=True, kw_only=True):
    """Campaigns in the order asked for; `next` is the next page's `after`, null at the end."""

    campaigns: list[CampaignShape]
    next: str | None


class DayShape(msgspec.Struct, frozen=True, kw_only=True):
    """Mails received on one day (UTC)."""

    day: date
    mails: int


class CampaignUrlShape(msgspec.Struct, frozen=True, kw_only=True):
    """A URL's shape: tokens are `{t}`, random sub-domains `*`; `example` is one that had it."""

    host: str
    shape: str
    example: str
    first_seen: datetime
    last_seen: datetime
    count: int


class CampaignHostShape(msgspec.Struct, frozen=True, kw_only=True):
    """A host of a campaign's URLs; random sub-domains are `*`."""

    host: str
    first_seen: datetime
    last_seen: datetime
    count: int
    shapes: int


class CampaignFileShape(msgspec.Struct, frozen=True, kw_only=True):
    """An attachment: SHA-256, its newest name, its real type, its bytes, in how many mails it was."""

    sha256: str
    name: str
    type: str
    bytes: int
    count: int


class CampaignRelayShape(msgspec.Struct, frozen=True, kw_only=True):
    """An address that handed mails to a trap's own host; `asn` null: unknown."""

    address: str
    asn: int | None
    first_seen: datetime
    last_seen: datetime
    count: int


class RecipientShape(msgspec.Struct, frozen=True, kw_only=True):
    """A recipient by its keyed HMAC, as one source tells of it."""

    hmac: str
    source: str
    mails: int
    first_seen: datetime | None
    last_seen: datetime | None


class CampaignDetailShape(CampaignShape, frozen=True, kw_only=True):
    """One campaign with what is kept of it, the latest or largest first.

    `urls_cut`, `hosts_cut`: how many more there were than the caps let be kept; `merged`: names of campaigns that
    turned out to be this one; `more`: there is more than is shown here.
    """

    days: list[DayShape]
    urls: list[CampaignUrlShape]
    hosts: list[CampaignHostShape]
    attachments: list[CampaignFileShape]
    relays: list[CampaignRelayShape]
    recipients: list[RecipientShape]
    subjects: list[str]
    urls_cut: int
    hosts_cut: int
    merged: list[str]
    more: bool


class RefusalShape(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent sent and was not taken: the reason's word, when, which version, in words."""

    reason: str
    at: datetime | None
    number: int | None
    detail: str


class AgentShape(msgspec.Struct, frozen=True, kw_only=True):
    """One agent whose versions are taken.

    `last`: the version that is stored (0: none yet), `last_there`: the highest the agent told of, null: unknown.
    `lag_s`: seconds, 0 while nothing the agent told of is missing; else since the version taken last was sealed, or
    since the agent last answered where it does not; null: it never did. `gaps`: versions up to `last` that retention
    had removed before they could be taken. `records`: mails taken; `bytes`: of their versions as they came. `key`: the
    public key believed (base64), `pinned`: it was taken at the first contact. `refused`: what stands against going on.
    """

    name: str
    view: str
    state: str
    last: int
    last_there: int | None
    records: int
    lag_s: float | None
    gaps: int
    bytes: int
    withdrawn: int
    sealed: datetime | None
    taken: datetime | None
    last_success: datetime | None
    error: str | None
    refused: RefusalShape | None
    key: str
    pinned: bool
    tlp: str
    licence: str
    onward: bool
    backlog: bool


class AgentList(msgspec.Struct, frozen=True, kw_only=True):
    """All agents that are configured and that the caller may see."""

    agents: list[AgentShape]


class TrapShape(msgspec.Struct, frozen=True, kw_only=True):
    """An archive or an agent (`kind`) as a place mails come from; `traps`: distinct recipients by their HMACs.

    `entries`: addresses listed now because of it.
    """

    name: str
    kind: str
    state: str
    mails: int
    traps: int
    first_seen: datetime | None
    last_seen: datetime | None
    entries: int
    last_success: datetime | None
    next_run: datetime | None
    error: str | None
    tlp: str
    licence: str


class NetworkCountShape(msgspec.Struct, frozen=True, kw_only=True):
    """Mails that addresses of one AS delivered; `asn` null: unknown; `name`: by the operator's AS table."""

    asn: int | None
    name: str
    mails: int
    addresses: int


class SpamtrapsShape(msgspec.Struct, frozen=True, kw_only=True):
    """What the traps take in. All counts but those of `spamtraps` are of the days shown."""

    spamtraps: list[TrapShape]
    days: list[DayShape]
    classes: dict[str, int]
    defects: dict[str, int]
    networks: list[NetworkCountShape]


class MailShape(msgspec.Struct, frozen=True, kw_only=True):
    """One stored mail: the SHA-256 of its bytes as they lay on the host, when it was received, who handed it over.

    `trap`: keyed HMAC of the recipient, null where the view tells none; `campaign`: the name of the one it belongs to.
    """

    sha256: str
    at: datetime
    class_: str = msgspec.field(name="class")
    size: int
    source: str
    tlp: str
    relay: str | None
    trap: str | None
    campaign: str | None
    subject: str
    defects: list[str]


class MailPage(msgspec.Struct, frozen=True, kw_only=True):
    """Mails, the latest first; `next` is the next page's `after`, null at the end."""

    mails: list[MailShape]
    next: str | None


class MailDetail(MailShape, frozen=True, kw_only=True):
    """One stored mail as one source tells of it; `record`: what of its record has no place above.

    It is empty for a mail of a known campaign: the version that brought it is kept as a file.
    """

    record: dict[str, Any]


class MailAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What every source tells of one mail."""

    sha256: str
    mails: list[MailDetail]


class SpamSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What spam says of one value: in how many mails it was and when, by which sources.

    `how` it was there: `relay` (it handed mails over), `url`, `host`, `attachment`, `mail` (it is a mail's SHA-256).
    """

    mails: int
    first_seen: datetime
    last_seen: datetime
    how: list[str]
    sources: list[str]
