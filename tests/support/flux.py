"""Tracked names in memory, as the store would tell of them."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import msgspec
import trio

from tipd.errors import StoreAway
from tipd.model import dns
from tipd.model.flux import NewName, State, Tier
from tipd.model.kind import Kind
from tipd.model.tlp import Tlp
from tipd.model.tracked import (
    Added,
    Network,
    Origin,
    Pivot,
    PivotRow,
    ScorePoint,
    Seen,
    StoredRun,
    Tracked,
    TrackedDetail,
)

START = datetime(2026, 11, 22, 4, tzinfo=UTC)


def tracked(name: str, **more: Any) -> Tracked:
    """Return a name's row."""
    row: dict[str, Any] = {
        "apex": ".".join(name.split(".")[-2:]),
        "state": State.WATCHED,
        "tier": Tier.UNKNOWN,
        "reason": "judged",
        "since": START,
        "added": START,
        "tlp": Tlp.GREEN,
    }
    return Tracked(name=name, **(row | more))


def seen(name: str, data: str, rtype: int = dns.A, **more: Any) -> Seen:
    """Return a row of passive DNS."""
    row: dict[str, Any] = {
        "asn": 64500 if rtype in {dns.A, dns.AAAA} else 0,
        "first": START,
        "last": START + timedelta(hours=1),
        "count": 3,
        "ttl_min": 60,
        "ttl_max": 300,
        "true_ttl": False,
    }
    return Seen(name=name, rtype=rtype, data=data, **(row | more))


def run(number: int, *addresses: str, asns: tuple[int, ...] = (), count: int = 1) -> StoredRun:
    """Return the `number`-th stored look-up, five minutes after the one before."""
    at = START + number * timedelta(minutes=5)
    packed = sorted(ipaddress.IPv4Address(one).packed for one in addresses)
    return StoredRun(
        first=at,
        last=at + (count - 1) * timedelta(minutes=1),
        count=count,
        outcome=dns.Outcome.NOERROR,
        addresses=b"".join(packed),
        asns=asns or tuple(range(64500, 64500 + len(packed))),
        ttl_min=60,
        ttl_max=60,
    )


def nodes(number: int) -> StoredRun:
    """Return a look-up that brings ten other addresses in ten ASNs each time."""
    return run(number, *(f"198.51.100.{(10 * number + place) % 250}" for place in range(10)))


@dataclass
class FakeFlux:
    """Rows by name; each call shows what bears the mark or less, as the real one does."""

    rows: dict[str, Tracked] = field(default_factory=dict)
    records: list[Seen] = field(default_factory=list)
    scores: dict[str, list[ScorePoint]] = field(default_factory=dict)
    verdicts: dict[str, dict[str, Any]] = field(default_factory=dict)
    kept: dict[str, list[StoredRun]] = field(default_factory=dict)
    groups: list[Network] = field(default_factory=list)
    batches: list[tuple[list[NewName], bool]] = field(default_factory=list)
    said: list[tuple[str, str, str]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    away: bool = False
    away_after: int | None = None  # batches
    revised: int = 0

    def put(self, *names: Tracked) -> None:
        self.rows |= {one.name: one for one in names}

    def _visible(self, name: str, max_tlp: Tlp) -> bool:
        self._check()
        return name in self.rows and self.rows[name].tlp <= max_tlp

    def _check(self) -> None:
        if self.away:
            raise StoreAway("away")

    async def add(self, names: Sequence[NewName], *, initial: bool = False, max_tlp: Tlp = Tlp.RED) -> Added:
        await trio.lowlevel.checkpoint()
        self._check()
        assert len(names) <= 10_000
        assert len({one.name for one in names}) == len(names)
        if self.away_after is not None and len(self.batches) >= self.away_after:
            raise StoreAway("away")
        self.batches.append((list(names), initial))
        new, known, refused = [], [], {}
        for one in names:
            if one.name.startswith("full."):
                refused[one.name] = "there is no room"
                continue
            before = self.rows.get(one.name)
            (known if before is not None and before.tlp <= max_tlp else new).append(one.name)
            mark = one.tlp if one.tlp is not None else Tlp.GREEN
            row = before or tracked(one.name, state=State.CANDIDATE, tlp=mark)
            self.rows[one.name] = msgspec.structs.replace(
                row,
                tags=tuple(sorted({*row.tags, *one.tags})),
                note=row.note or one.note,
                path=row.path or one.path,
                tlp=min(row.tlp, mark),
            )
        return Added(new=tuple(new), known=tuple(known), refused=refused)

    async def edit(
        self,
        name: str,
        *,
        add_tags: Sequence[str] = (),
        remove_tags: Sequence[str] = (),
        note: str | None = None,
        by: str = "",
    ) -> bool:
        row = self.rows.get(name)
        if row is None:
            return False
        tags = tuple(sorted({*row.tags, *add_tags} - set(remove_tags)))
        self.rows[name] = msgspec.structs.replace(row, tags=tags, note=row.note if note is None else note)
        self.said.append(("edit", name, by))
        self.revised += 1
        return True

    async def drop(self, name: str, reason: str, by: str) -> bool:
        self.rows[name] = msgspec.structs.replace(self.rows[name], state=State.DROPPED, reason=reason)
        self.said.append(("drop", name, by))
        return True

    async def list(self, *, max_tlp: Tlp, after: str = "", limit: int = 1000, **asked: Any) -> list[Tracked]:
        self._check()
        self.asked.append(asked)
        rows = [
            row
            for name, row in sorted(self.rows.items())
            if name > after
            and row.tlp <= max_tlp
            and (not asked.get("state") or row.state in asked["state"])
            and (not asked.get("tag") or set(row.tags) & set(asked["tag"]))
            and (not asked.get("tier") or row.tier.value in asked["tier"])
            and (not asked.get("apex") or row.apex == asked["apex"])
            and (not asked.get("text") or asked["text"] in name)
        ]
        return rows[:limit]

    async def get(self, name: str, *, max_tlp: Tlp, at: datetime | None = None) -> TrackedDetail | None:
        if not self._visible(name, max_tlp):
            return None
        origin = Origin(why="person", source=None, class_=None, by="uid 0", tlp=Tlp.GREEN, first=START, last=START)
        records = [one for one in self.records if one.name == name and (at is None or one.first <= at)]
        return TrackedDetail(
            row=self.rows[name],
            verdict=self.verdicts.get(name, {}),
            origins=(origin,),
            scores=tuple(self.scores.get(name, ())),
            seen=tuple(records),
        )

    async def runs(self, name: str, *, since: datetime | None = None, limit: int = 10_000) -> list[StoredRun]:
        return [one for one in self.kept.get(name, []) if since is None or one.first > since][:limit]

    async def pivot(
        self,
        value: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        tag: Sequence[str] = (),
        limit: int = 1000,
        max_tlp: Tlp,
    ) -> Pivot:
        await trio.lowlevel.checkpoint()
        self.asked.append({"since": since, "until": until, "tag": tuple(tag), "limit": limit})
        shown = [one for one in self.records if self._visible(one.name, max_tlp)]
        rows: list[PivotRow] = []
        for one in shown:
            if one.name == value:
                rows.append(self._row(one.data, "has", one, kind="ipv4" if one.rtype == dns.A else "domain"))
                rows += [
                    self._row(other.name, "shares", other, via=one.data)
                    for other in shown
                    if other.data == one.data and other.name != value
                ]
            elif one.data == value or f"AS{one.asn}" == value:
                rows.append(self._row(one.name, "had_by", one))
        kind = "domain" if any(one.name == value for one in self.records) else "ipv4"
        return Pivot(kind=kind, value=value, rows=tuple(rows[:limit]), more=len(rows) > limit)

    def _row(self, found: str, how: str, one: Seen, *, kind: str = "domain", via: str = "") -> PivotRow:
        row = self.rows.get(found)
        return PivotRow(
            found=found,
            kind=kind,
            how=how,
            rtype=one.rtype,
            asn=one.asn,
            first=one.first,
            last=one.last,
            count=one.count,
            via=via,
            state=None if row is None else row.state,
            tags=() if row is None else row.tags,
            tlp=self.rows[one.name].tlp,
        )

    async def pdns(self, value: str, *, max_tlp: Tlp, limit: int = 1000) -> list[Seen]:
        shown = [one for one in self.records if self._visible(one.name, max_tlp) or one.name.startswith("ns")]
        return [one for one in shown if value in (one.name, one.data)][:limit]

    async def export(
        self,
        *,
        state: Sequence[State] = (),
        tag: Sequence[str] = (),
        of: str = "names",
        max_tlp: Tlp,
        public: bool = False,
    ) -> AsyncIterator[list[SimpleNamespace]]:
        self.asked.append({"of": of, "public": public})
        rows = await self.list(state=state, tag=tag, max_tlp=Tlp.CLEAR if public else max_tlp, limit=10_000)
        if of == "nodes":
            names = {row.name for row in rows}
            found = sorted({one.data for one in self.records if one.name in names and one.rtype == dns.A})
            found.sort(key=ipaddress.ip_address)
            pairs = [(Kind.IPV4, value) for value in found]
        else:
            pairs = [(Kind.DOMAIN, row.name) for row in rows]
        for kind, value in pairs:
            yield [SimpleNamespace(kind=kind, value=value, sources=[], since=START, context={"tags": []})]

    async def count(self, *, state: Sequence[State] = (), of: str = "names", max_tlp: Tlp, public: bool = False) -> int:
        return len([page async for page in self.export(state=state, of=of, max_tlp=max_tlp, public=public)])

    async def counts(self, *, max_tlp: Tlp) -> dict[State, int]:
        found: dict[State, int] = {}
        for row in self.rows.values():
            if row.tlp <= max_tlp:
                found[row.state] = found.get(row.state, 0) + 1
        return found

    async def revision(self) -> int:
        return self.revised

    async def networks(self, *, max_tlp: Tlp, after: int = 0, limit: int = 100) -> list[Network]:
        return [one for one in self.groups if one.id > after][:limit]
