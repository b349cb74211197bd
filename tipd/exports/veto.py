"""Take out of an export what the operator allows; a listed network is carved around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd.model.kind import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tipd.exports.row import Row
    from tipd.model.allow import AllowList


def without_allowed(rows: Iterable[Row], allow: AllowList) -> Iterator[Row]:
    """Yield what is left of the rows, in their order.

    What is left of a network are the fewest networks and addresses (kind `ipv4` or `ipv6`) that hold all of it but what
    is allowed; each of them is a row like the network's own.
    """
    for row in rows:
        kind = Kind(row.kind)
        if allow.covers(kind, row.value):
            continue
        carved = allow.carve(row.value) if kind is Kind.NETWORK else None
        if carved is None:
            yield row
            continue
        for part in carved:
            yield row._replace(kind=part.kind.value, value=part.value)
