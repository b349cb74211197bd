"""From what the store tells of tracked names to what the API says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tipd.api.shapes_flux import (
    DomainDetail,
    DomainRow,
    GrowthPoint,
    HolzShape,
    NameServerShape,
    NetworkShape,
    OriginShape,
    RecordShape,
    RRsetShape,
    ScoreShape,
    VerdictShape,
)
from tipd.model import dns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from tipd.model.tracked import Network, ScorePoint, Seen, Tracked, TrackedDetail

BOUND = 142.38  # Holz et al., NDSS 2008
TYPES = {
    dns.A: "A",
    dns.NS: "NS",
    dns.CNAME: "CNAME",
    dns.SOA: "SOA",
    dns.MX: "MX",
    dns.TXT: "TXT",
    dns.AAAA: "AAAA",
}
_ADDRESSES = frozenset({dns.A, dns.AAAA})


def type_word(rtype: int) -> str:
    """Return a record type as it is written; one without a name as RFC 3597 does."""
    return TYPES.get(rtype, f"TYPE{rtype}")


def row_of(row: Tracked) -> DomainRow:
    """Return a name as lists show it."""
    return DomainRow(**_row(row))


def _row(row: Tracked) -> dict[str, Any]:
    return {
        "domain": row.name,
        "apex": row.apex,
        "state": row.state.word,
        "tier": row.tier.value,
        "score": score_of(row.holz),
        "reason": row.reason,
        "since": row.since,
        "added": row.added,
        "tags": list(row.tags),
        "note": row.note,
        "tlp": row.tlp.word,
        "path": list(row.path),
        "network": row.network,
        "samples": row.samples,
        "last_sample": row.last_sample,
        "due": row.due,
        "ttl": row.ttl,
    }


def score_of(hundredths: int | None) -> float | None:
    """Return a stored score as it is shown."""
    return None if hundredths is None else hundredths / 100


def detail_of(
    found: TrackedDetail, ns: Mapping[str, Sequence[Seen]], networks: Sequence[Network], at: datetime | None
) -> DomainDetail:
    """Return all that is known of a name; `ns`: the addresses of its name servers."""
    latest = _latest(found.scores)
    return DomainDetail(
        **_row(found.row),
        holz=_holz(found, latest),
        verdict=VerdictShape(
            tier=str(found.verdict.get("tier") or found.row.tier.value),
            reasons=list(found.verdict.get("reasons") or [found.row.reason]),
            model=str(found.verdict.get("model") or ""),
        ),
        rrsets=rrsets(found.seen),
        origins=[
            OriginShape(
                why=one.why,
                source=one.source,
                class_=one.class_,
                by=one.by,
                tlp=one.tlp.word,
                first=one.first,
                last=one.last,
                ended=one.ended,
            )
            for one in found.origins
        ],
        scores=[_score(point) for point in found.scores],
        growth=_growth(found),
        asns=_asns(found.seen),
        ns=[_name_server(one, ns.get(one.data, ())) for one in found.seen if one.rtype == dns.NS],
        networks=[network_of(one) for one in networks],
        features=dict(found.verdict.get("features") or {}),
        at=at,
        more=found.more,
    )


def _latest(scores: Sequence[ScorePoint]) -> ScorePoint | None:
    return scores[-1] if scores else None


def _holz(found: TrackedDetail, latest: ScorePoint | None) -> HolzShape:
    """What the verdict says of the window holds where it is there; else what was stored when the score changed."""
    said = found.verdict.get("holz")
    given: dict[str, Any] = said if isinstance(said, dict) else {}
    window = given.get("window", found.verdict.get("window"))
    score = score_of(found.row.holz)
    taken = latest if score is not None else None
    return HolzShape(
        score=score,
        n_a=given.get("n_a", taken.n_a if taken else None),
        n_asn=given.get("n_asn", taken.n_asn if taken else None),
        n_ns=given.get("n_ns", _n_ns(found) if taken else None),
        window=window if isinstance(window, list) else [],
        bound=BOUND,
        flux=None if score is None else score > BOUND,
    )


def _n_ns(found: TrackedDetail) -> int:
    """Name servers count nothing in the score: how many were seen is told all the same."""
    return len({one.data for one in found.seen if one.rtype == dns.NS})


def _score(point: ScorePoint) -> ScoreShape:
    return ScoreShape(
        at=point.at,
        score=score_of(point.holz),
        n_a=point.n_a,
        n_asn=point.n_asn,
        addresses=point.total,
        tier=point.tier.value,
        state=point.state.word,
    )


def rrsets(seen: Iterable[Seen]) -> list[RRsetShape]:
    """Return rows of one name by their types."""
    by_type: dict[int, list[Seen]] = {}
    for one in seen:
        by_type.setdefault(one.rtype, []).append(one)
    return [
        RRsetShape(type=type_word(rtype), records=[_record(one, _last(rows)) for one in rows])
        for rtype, rows in sorted(by_type.items())
    ]


def _last(rows: Sequence[Seen]) -> datetime:
    return max(one.last for one in rows)


def _record(one: Seen, last: datetime) -> RecordShape:
    return RecordShape(
        data=one.data,
        asn=one.asn or None,
        first=one.first,
        last=one.last,
        count=one.count,
        ttl_min=one.ttl_min,
        ttl_max=one.ttl_max,
        true_ttl=one.true_ttl,
        current=one.last >= last,
        vantage=one.vantage,
        upstream=one.upstream,
    )


def _growth(found: TrackedDetail) -> list[GrowthPoint]:
    """Distinct addresses over time; out of the addresses themselves, where all of them are here."""
    if found.more:
        return [GrowthPoint(at=point.at, addresses=point.total) for point in found.scores]
    first: dict[str, datetime] = {}
    for one in found.seen:
        if one.rtype in _ADDRESSES:
            first[one.data] = min(one.first, first.get(one.data, one.first))
    at_moment = {moment: count for count, moment in enumerate(sorted(first.values()), start=1)}
    return [GrowthPoint(at=moment, addresses=count) for moment, count in at_moment.items()]


def _asns(seen: Iterable[Seen]) -> dict[str, int]:
    held: dict[int, set[str]] = {}
    for one in seen:
        if one.rtype in _ADDRESSES and one.asn:
            held.setdefault(one.asn, set()).add(one.data)
    counted = sorted(held.items(), key=lambda found: (-len(found[1]), found[0]))
    return {f"AS{asn}": len(addresses) for asn, addresses in counted}


def _name_server(one: Seen, addresses: Sequence[Seen]) -> NameServerShape:
    held = sorted({row.data for row in addresses if row.rtype in _ADDRESSES})
    return NameServerShape(name=one.data, first=one.first, last=one.last, count=one.count, addresses=held)


def network_of(one: Network) -> NetworkShape:
    """Return a network of names."""
    return NetworkShape(network=one.id, first=one.first, last=one.last, size=one.size, names=list(one.names))
