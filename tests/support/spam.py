"""Campaigns, mails, agents and archives in memory, as the store would tell of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import trio

from tipd.errors import StoreAway
from tipd.model.tlp import Tlp
from tipd.model.trapped import (
    AgentRow,
    CampaignDetail,
    CampaignFile,
    CampaignHost,
    CampaignPage,
    CampaignRelay,
    CampaignRow,
    CampaignTrap,
    CampaignUrl,
    DayCount,
    MailTold,
    SpamSeen,
    Spamtraps,
    TrapNetwork,
    TrapSource,
)

START = datetime(2026, 11, 22, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)
NASTY = "<script>alert(1)</script>\x1b[31m\u202egnp.exe"
"""What a stranger may write: a tag, a terminal's sequence, and what turns the direction of writing."""


def campaign(key: int = 1, **more: Any) -> CampaignRow:
    """Return a campaign's row."""
    row: dict[str, Any] = {
        "first": START - 48 * HOUR,
        "last": START,
        "mails": 1200,
        "traps": 40,
        "relays": 300,
        "urls": 2,
        "hosts": 1,
        "attachments": 1,
        "subject": "Your parcel waits",
        "sources": ("mx1",),
        "tlp": Tlp.GREEN,
    }
    return CampaignRow(key=key, **(row | more))


def detail(row: CampaignRow, **more: Any) -> CampaignDetail:
    """Return a campaign with one of everything."""
    span: dict[str, Any] = {"first": row.first, "last": row.last}
    parts: dict[str, Any] = {
        "days": tuple(DayCount(day=date(2026, 11, 20 + n), mails=400 * n) for n in range(3)),
        "urls": (
            CampaignUrl(
                host="*.parcels.example.org",
                shape="http://*.parcels.example.org/{t}",
                example="http://a1b2.parcels.example.org/<b>q9x7",
                count=1100,
                **span,
            ),
        ),
        "hosts": (CampaignHost(host="*.parcels.example.org", count=1100, shapes=1, **span),),
        "attachments": (CampaignFile(sha256="ab" * 32, name=NASTY, real="application/zip", size=4711, count=12),),
        "relays": (
            CampaignRelay(address="198.51.100.7", count=9, asn=64500, **span),
            CampaignRelay(address="203.0.113.5", count=3, **span),
        ),
        "traps": (CampaignTrap(trap="0011223344556677", source="mx1", mails=30, **span),),
        "subjects": (row.subject, NASTY),
        "urls_cut": 17,
        "merged": (-2,),
    }
    return CampaignDetail(row=row, **(parts | more))


def agent(name: str = "mx1", **more: Any) -> AgentRow:
    """Return an agent that is up to date."""
    row: dict[str, Any] = {
        "view": "redacted",
        "state": "ok",
        "tlp": Tlp.GREEN,
        "last": 7,
        "last_there": 7,
        "sealed": START - HOUR,
        "taken": START - HOUR,
        "records": 1234,
        "bytes": 99_000,
        "key": "aGVsbG8=",
        "last_success": START,
    }
    return AgentRow(name=name, **(row | more))


def mail(number: int = 1, **more: Any) -> MailTold:
    """Return a mail; its SHA-256 is its number."""
    row: dict[str, Any] = {
        "at": START - number * HOUR,
        "class_": "spam",
        "size": 2048,
        "source": "mx1",
        "tlp": Tlp.GREEN,
        "relay": "198.51.100.7",
        "trap": "0011223344556677",
        "campaign": 1,
        "subject": NASTY,
        "defects": ("bad_base64",),
        "record": {"from": "bank@example.org"},
    }
    return MailTold(sha256=f"{number:064x}", **(row | more))


@dataclass
class FakeSpam:
    """Rows in lists; each call tells what bears the mark or less, as the real one does."""

    rows: list[CampaignDetail] = field(default_factory=list)
    hosts: list[AgentRow] = field(default_factory=list)
    stored: list[MailTold] = field(default_factory=list)
    about: dict[str, tuple[SpamSeen, Tlp]] = field(default_factory=dict)
    traps: list[TrapSource] = field(default_factory=list)
    networks: tuple[TrapNetwork, ...] = ()
    asked: list[dict[str, Any]] = field(default_factory=list)
    away: bool = False

    async def _look(self, **asked: Any) -> None:
        await trio.lowlevel.checkpoint()
        if self.away:
            raise StoreAway("away")
        self.asked.append(asked)

    async def campaigns(self, *, limit: int = 100, after: str = "", max_tlp: Tlp, **asked: Any) -> CampaignPage:
        await self._look(after=after, **asked)
        if after and not after.isdecimal():
            raise ValueError("no page gave that")
        rows = [one.row for one in self.rows if one.row.tlp <= max_tlp][int(after or 0) :]
        return CampaignPage(rows=tuple(rows[:limit]), next=str(int(after or 0) + limit) if len(rows) > limit else "")

    async def campaign(self, key: int, *, max_tlp: Tlp) -> CampaignDetail | None:
        await self._look(key=key)
        found = (one for one in self.rows if one.row.tlp <= max_tlp and key in (one.row.key, *one.merged))
        return next(found, None)

    async def agents(self, *, max_tlp: Tlp) -> Sequence[AgentRow]:
        await self._look()
        return [one for one in self.hosts if one.tlp <= max_tlp]

    async def spamtraps(self, *, days: int = 30, recipients: bool = True, max_tlp: Tlp) -> Spamtraps:
        await self._look(days=days)
        begun = START.date() - timedelta(days=days - 1)
        return Spamtraps(
            traps=tuple(one for one in self.traps if one.tlp <= max_tlp),
            days=tuple(DayCount(day=begun + timedelta(days=n), mails=100 * n) for n in range(days)),
            classes=(("spam", 900), ("bounce", 12)),
            defects=(("bad_base64", 40),),
            networks=self.networks,
        )

    async def mails(
        self, value: str | None = None, *, limit: int = 100, after: str = "", max_tlp: Tlp, **asked: Any
    ) -> Sequence[MailTold]:
        await self._look(value=value, after=after, **asked)
        rows = [one for one in self.stored if one.tlp <= max_tlp]
        for name, of in (("sha256", "sha256"), ("campaign", "campaign"), ("source", "source")):
            if asked.get(name) is not None:
                rows = [one for one in rows if getattr(one, of) == asked[name]]
        if value is not None:
            rows = [one for one in rows if value in (one.relay, one.sha256)]
        begin = next((at + 1 for at, one in enumerate(rows) if one.sha256 == after), 0)
        return rows[begin : begin + limit]

    async def seen(self, value: str, *, max_tlp: Tlp) -> SpamSeen | None:
        await self._look(value=value)
        found = self.about.get(value)
        return None if found is None or found[1] > max_tlp else found[0]


def fill(spam: FakeSpam) -> None:
    """Put some of everything in, and one of each that only who sees red may know of."""
    spam.rows = [detail(campaign()), detail(campaign(-7, subject=NASTY, tlp=Tlp.RED), merged=())]
    spam.hosts = [agent(), agent("hidden", tlp=Tlp.RED)]
    spam.stored = [*(mail(number) for number in range(1, 6)), mail(9, source="hidden", tlp=Tlp.RED, campaign=-7)]
    seen = SpamSeen(
        mails=5, first=START - 5 * HOUR, last=START, how=("relay",), campaigns=(campaign(),), sources=("mx1",)
    )
    spam.about = {"198.51.100.7": (seen, Tlp.GREEN), "203.0.113.66": (seen, Tlp.RED)}
    spam.traps = [
        TrapSource(name="mx1", kind="agent", state="ok", tlp=Tlp.GREEN, mails=1234, traps=40, first=START, last=START),
        TrapSource(name="hidden", kind="archive", state="ok", tlp=Tlp.RED, mails=5),
    ]
    spam.networks = (TrapNetwork(asn=64500, mails=700, addresses=50), TrapNetwork(asn=0, mails=200, addresses=20))
