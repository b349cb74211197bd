"""Archives and agents, and what they took in, as far as a caller may see. Asyncio-flavoured."""

from __future__ import annotations

import base64
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from tipd.mail.defects import words
from tipd.model.spam import CLASSES
from tipd.model.tlp import Tlp
from tipd.model.trapped import AgentRow, DayCount, Spamtraps, TrapNetwork, TrapSource
from tipd.store.spam import asked, sets

if TYPE_CHECKING:
    from tipd.store.connection import Connection, Row

MOST_NETWORKS = 20
TRAP_DAYS = 400  # of which distinct traps are counted

_OURS = "module = 'spamtrap' AND tlp <= $1 AND (declared OR state IN ('off', 'left_out'))"
_AGENTS = f"""
SELECT s.id, s.name, s.state, s.tlp, s.licence, s.last_success, s.error, coalesce(c.view, a.view, '') AS view,
       c.number, c.sealed, c.taken, c.records, c.bytes, c.gaps, c.withdrawn, c.manifest, a.there,
       coalesce(nullif(a.key, ''), c.key, '') AS key, coalesce(a.pinned, false) AS pinned,
       r.reason AS refused, r.last AS refused_at, r.number AS refused_number, r.detail
  FROM (SELECT * FROM source WHERE {_OURS}) AS s
  LEFT JOIN spam_agent AS a ON a.source_id = s.id
  LEFT JOIN LATERAL (SELECT * FROM spam_cursor AS c WHERE c.source_id = s.id ORDER BY taken DESC LIMIT 1) AS c ON true
  LEFT JOIN LATERAL (SELECT * FROM spam_refusal AS r WHERE r.source_id = s.id ORDER BY last DESC LIMIT 1) AS r ON true
 WHERE a.source_id IS NOT NULL OR c.source_id IS NOT NULL OR r.source_id IS NOT NULL ORDER BY s.name
"""  # noqa: S608 - our own words
_TRAPS = f"""
SELECT s.id, s.name, s.state, s.tlp, s.licence, s.last_success, s.error, s.entries, s.due, d.mails, d.first, d.last,
       EXISTS (SELECT FROM spam_agent AS a WHERE a.source_id = s.id)
           OR EXISTS (SELECT FROM spam_cursor AS c WHERE c.source_id = s.id)
           OR EXISTS (SELECT FROM spam_refusal AS r WHERE r.source_id = s.id) AS agent
  FROM (SELECT * FROM source WHERE {_OURS}) AS s
  LEFT JOIN (SELECT source_id, sum(mails)::bigint AS mails, min(first) AS first, max(last) AS last
               FROM spam_day GROUP BY 1) AS d ON d.source_id = s.id
 ORDER BY s.name
"""  # noqa: S608
# Of each source the smallest hashes of all its days: as many as a set has, so that nothing of the union is lost.
_THEIR_TRAPS = f"""
SELECT s.id, ARRAY(SELECT DISTINCT x FROM spam_trap_day AS d CROSS JOIN unnest(d.traps) AS x
                    WHERE d.source_id = s.id AND d.day > $2 ORDER BY x LIMIT {sets.MOST}) AS traps
  FROM unnest($1::integer[]) AS s (id)
"""  # noqa: S608
_WINDOW = "source_id = ANY($1::integer[]) AND day BETWEEN $2 AND $3"
_DAYS = f"SELECT day, sum(mails)::bigint AS mails FROM spam_day WHERE {_WINDOW} GROUP BY 1"  # noqa: S608
_CLASSES = f"""
SELECT class, sum(mails)::bigint AS mails FROM spam_day WHERE {_WINDOW} GROUP BY 1 ORDER BY mails DESC, class
"""  # noqa: S608
_DEFECTS = f"""
SELECT bit, sum(mails)::bigint AS mails FROM spam_defect_day WHERE {_WINDOW} GROUP BY 1 ORDER BY mails DESC, bit
"""  # noqa: S608
_NETWORKS = f"""
SELECT asn, sum(mails)::bigint AS mails,
       (SELECT count(DISTINCT relay) FROM spam_relay AS r
         WHERE r.source_id = ANY($1::integer[]) AND r.last >= $2::date AND r.asn = d.asn) AS addresses
  FROM (SELECT asn, sum(mails) AS mails FROM spam_asn_day WHERE {_WINDOW}
         GROUP BY 1 ORDER BY mails DESC, asn LIMIT {MOST_NETWORKS}) AS d GROUP BY asn ORDER BY mails DESC, asn
"""  # noqa: S608


class _Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent says in the manifest of its last version."""

    tlp: str = ""
    licence: str = ""
    onward: bool = False
    backlog: bool = False


async def agents(connection: Connection, max_tlp: Tlp) -> list[AgentRow]:
    """Return the agents, by name."""
    return [_agent(row) for row in await connection.fetch(_AGENTS, int(max_tlp))]


def _agent(row: Row) -> AgentRow:
    fields: dict[str, Any] = dict(row)
    said = _manifest(fields.pop("manifest"))
    del fields["id"]
    number, there = fields.pop("number"), fields.pop("there")
    for name in ("records", "bytes", "gaps", "withdrawn"):
        fields[name] = fields[name] or 0
    return AgentRow(
        **fields
        | {
            "tlp": Tlp(fields["tlp"]),
            "key": base64.b64encode(fields["key"]).decode(),
            "detail": fields["detail"] or "",
            "licence": said.licence or fields["licence"],
        },
        last=number or 0,
        last_there=there,
        onward=said.onward,
        backlog=said.backlog,
    )


def _manifest(raw: bytes | None) -> _Manifest:
    try:
        return msgspec.json.decode(raw or b"{}", type=_Manifest)
    except (msgspec.MsgspecError, UnicodeError):
        return _Manifest()


async def spamtraps(
    connection: Connection, days: int, today: date, max_tlp: Tlp, *, recipients: bool = True
) -> Spamtraps:
    """Return archives and agents, and what they took in over the last days, today among them.

    `recipients`: count the distinct traps of each, which takes the longest.
    """
    seen = list(await asked.sources(connection, max_tlp))
    window = seen, today - timedelta(days=days - 1), today
    mails = {row["day"]: row["mails"] for row in await connection.fetch(_DAYS, *window)}
    classes = await connection.fetch(_CLASSES, *window)
    defects = await connection.fetch(_DEFECTS, *window)
    networks = await connection.fetch(_NETWORKS, *window)
    each_day = (window[1] + timedelta(days=number) for number in range(days))
    return Spamtraps(
        traps=tuple(await _traps(connection, today, max_tlp, recipients=recipients)),
        days=tuple(DayCount(day=day, mails=mails.get(day, 0)) for day in each_day),
        classes=tuple((CLASSES[row["class"]], row["mails"]) for row in classes if 0 <= row["class"] < len(CLASSES)),
        defects=tuple((word, row["mails"]) for row in defects for word in words(1 << row["bit"])),
        networks=tuple(TrapNetwork(**row) for row in networks),
    )


async def _traps(connection: Connection, today: date, max_tlp: Tlp, *, recipients: bool) -> list[TrapSource]:
    rows = await connection.fetch(_TRAPS, int(max_tlp))
    counted: dict[int, int] = {}
    if recipients:
        since = today - timedelta(days=TRAP_DAYS)
        for row in await connection.fetch(_THEIR_TRAPS, [row["id"] for row in rows], since):
            counted[row["id"]] = sets.distinct((row["traps"],))
    return [_trap(row, counted.get(row["id"], 0)) for row in rows]


def _trap(row: Row, traps: int) -> TrapSource:
    due: datetime | None = row["due"]
    return TrapSource(
        name=row["name"],
        kind="agent" if row["agent"] else "archive",
        state=row["state"],
        tlp=Tlp(row["tlp"]),
        mails=row["mails"] or 0,
        traps=traps,
        first=row["first"],
        last=row["last"],
        entries=row["entries"],
        last_success=row["last_success"],
        next_run=due,
        error=row["error"],
        licence=row["licence"],
    )
