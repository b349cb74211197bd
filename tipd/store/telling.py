"""Findings on their way into the log: from `NewFinding` to rows, inside a writer's transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tipd.model.key import key_of
from tipd.model.kind import CODE_OF
from tipd.store.text import storable, to_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from tipd.model.finding import NewFinding
    from tipd.store.connection import Connection

LONGEST_WORD = 100  # of a finding's kind and module


class Told(NamedTuple):
    """One row of `finding` but for what the transaction gives it (`seq`, `at`, the source's id)."""

    key: int | None
    source: str | None
    subject_kind: int | None
    initial: bool
    kind: str
    module: str
    subject_value: str | None
    data: str | None
    tlp: int | None = None


def told(finding: NewFinding, seed: int) -> Told:
    """Return the row. Raises TypeError for data without a JSON form, ValueError for a kind that is no word."""
    for word in (finding.kind, finding.module):
        if not word or len(word) > LONGEST_WORD or not word.replace(".", "").replace("_", "").isalnum():
            raise ValueError(f"a finding's kind and module are words, not {word!r}")
    subject, key = finding.subject, finding.key
    value = None if subject is None else storable(subject.value)
    if subject is not None and value is not None and key is None:
        key = key_of(seed, subject.kind, value)
    return Told(
        key,
        finding.source,
        None if subject is None else CODE_OF[subject.kind],
        finding.initial,
        finding.kind,
        finding.module,
        value,
        to_json(finding.data) if finding.data else None,
        finding.tlp,
    )


_INSERT = """
INSERT INTO finding (at, key, source_id, subject_kind, initial, kind, module, subject_value, data, tlp)
SELECT $1, u.key, u.source_id, u.subject_kind, u.initial, u.kind, u.module, u.subject_value, u.data::jsonb, u.tlp
  FROM unnest($2::bigint[], $3::integer[], $4::smallint[], $5::boolean[],
              $6::text[], $7::text[], $8::text[], $9::text[], $10::smallint[])
       WITH ORDINALITY AS u (key, source_id, subject_kind, initial, kind, module, subject_value, data, tlp, n)
 ORDER BY u.n
RETURNING seq
"""


async def insert(
    connection: Connection, rows: Sequence[Told], at: datetime, source_ids: Mapping[str, int]
) -> list[int]:
    """Insert the rows in order and return their seqs. The writers' lock must be held."""
    if not rows:
        return []
    columns = list(zip(*rows, strict=True))
    columns[1] = tuple(None if name is None else source_ids[name] for name in columns[1])
    return [row["seq"] for row in await connection.fetch(_INSERT, at, *columns)]


async def source_ids(connection: Connection, names: Iterable[str]) -> dict[str, int]:
    """Return the ids of the sources so named. Raises ValueError when one is not declared."""
    wanted = set(names)
    if not wanted:
        return {}
    rows = await connection.fetch("SELECT name, id FROM source WHERE name = ANY($1::text[])", sorted(wanted))
    found = {row["name"]: row["id"] for row in rows}
    if missing := wanted - found.keys():
        raise ValueError(f"a finding names a source that is not declared: {min(missing)!r}")
    return found
