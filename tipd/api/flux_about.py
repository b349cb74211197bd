"""What fast-flux tracking knows of one indicator, for who asks about the indicator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd.api.flux_view import score_of, type_word
from tipd.api.shapes_flux import DnsRow, FluxMention
from tipd.model.kind import Kind

if TYPE_CHECKING:
    from tipd.api.services_flux import Flux
    from tipd.model.indicator import Indicator
    from tipd.model.tlp import Tlp
    from tipd.model.tracked import Seen

MOST_ROWS = 100
MOST_NAMES = 20
_PLACES = frozenset({Kind.IPV4, Kind.IPV6, Kind.NETWORK, Kind.ASN})


async def mentions(flux: Flux, subject: Indicator, max_tlp: Tlp) -> list[FluxMention] | None:
    """Return the tracked name it is, or those that have the address or one in there; None for other kinds."""
    if subject.kind is Kind.DOMAIN:
        found = await flux.get(subject.value, max_tlp=max_tlp)
        if found is None:
            return []
        row = found.row
        score, tier = score_of(row.holz), row.tier.value
        return [FluxMention(domain=row.name, state=row.state.word, tags=list(row.tags), score=score, tier=tier)]
    if subject.kind not in _PLACES:
        return None
    walk = await flux.pivot(subject.value, limit=MOST_ROWS, max_tlp=max_tlp)
    named = {
        row.found: FluxMention(domain=row.found, state=row.state.word, tags=list(row.tags))
        for row in walk.rows
        if row.state is not None and row.how == "had_by"
    }
    return list(named.values())[:MOST_NAMES]


async def passive(flux: Flux, subject: Indicator, max_tlp: Tlp) -> list[DnsRow] | None:
    """Return what passive DNS has of it, the latest first; None for URLs, hashes and the like."""
    if subject.kind is not Kind.DOMAIN and subject.kind not in _PLACES:
        return None
    return [_row(one) for one in await flux.pdns(subject.value, max_tlp=max_tlp, limit=MOST_ROWS)]


def _row(one: Seen) -> DnsRow:
    return DnsRow(
        name=one.name,
        type=type_word(one.rtype),
        data=one.data,
        asn=one.asn or None,
        first=one.first,
        last=one.last,
        count=one.count,
    )
