"""The reasons of a verdict: what speaks for flux and what against it, each with its value and its bound."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tipd.modules.fastflux.scores.features import DAY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tipd.modules.fastflux.scores.features import Features
    from tipd.modules.fastflux.scores.verdict import Bounds


_KNOWN = {
    "cdn": "edges of a content delivery network",
    "pool": "a pool of many owners' servers, on purpose",
    "parking": "a parked name",
    "sinkhole": "a sinkhole",
    "private": "addresses that lead nowhere",
}


class Reason(msgspec.Struct, frozen=True, gc=False):
    """One reason: a word for programs, words for people, what was measured and where the bound lies."""

    code: str
    text: str
    value: float | str
    bound: float | str | None = None


def speaking_for(found: Features, bounds: Bounds) -> Iterator[Reason]:
    """Yield what speaks for flux."""
    if found.flux_windows:
        yield Reason("holz", "windows of the last three above Holz's bound", found.flux_windows, 2)
    yield from _scattered(found, bounds)
    yield from _growing(found, bounds)
    if _double(found, bounds):
        yield Reason("double", "the name servers' addresses change as well", found.ns_new, bounds.ns_new)
    if found.looks and found.ttl_median <= bounds.ttl:
        yield Reason("ttl", "short TTL (median, seconds)", found.ttl_median, bounds.ttl)
    yield from _of_others(found, bounds)


def _scattered(found: Features, bounds: Bounds) -> Iterator[Reason]:
    if found.asns is None or found.entropy is None or _mostly_unplaced(found):
        if found.prefixes16 >= bounds.prefixes16:
            yield Reason("prefixes", "addresses in many /16 networks", found.prefixes16, bounds.prefixes16)
    elif found.asns >= bounds.asns and found.entropy >= bounds.entropy:
        yield Reason("asns", "addresses in many autonomous systems", found.asns, bounds.asns)
        yield Reason("entropy", "spread over them evenly (bits)", round(found.entropy, 2), bounds.entropy)


def _mostly_unplaced(found: Features) -> bool:
    """Whether the table knows the AS of fewer than half of the addresses: then their number says nothing."""
    return 2 * found.unplaced > found.distinct


def _growing(found: Features, bounds: Bounds) -> Iterator[Reason]:
    if found.looks < bounds.looks:
        return
    if found.fluxiness >= bounds.fluxiness:
        text = "distinct addresses by those of one look-up"
        yield Reason("fluxiness", text, round(found.fluxiness, 2), bounds.fluxiness)
    if found.per_day >= bounds.per_day:
        yield Reason("pace", "new addresses a day", round(found.per_day, 2), bounds.per_day)
    if found.late >= bounds.late:
        yield Reason("growth", "share of the addresses that the second half brought", round(found.late, 2), bounds.late)
    if _long(found, bounds):
        text = "look-ups over which addresses kept coming from ever more networks"
        yield Reason("long", text, found.looks, bounds.strong_looks)


def _long(found: Features, bounds: Bounds) -> bool:
    """Whether the long window is enough by itself: answers may be too small for two look-ups to show it."""
    return (
        found.looks >= bounds.strong_looks
        and found.late >= bounds.late
        and found.fluxiness >= bounds.strong_fluxiness
        and found.per_day >= bounds.strong_per_day
        and (found.asns or 0) >= bounds.strong_asns
        and (found.entropy or 0.0) >= bounds.strong_entropy
    )


def _double(found: Features, bounds: Bounds) -> bool:
    return (
        found.ns_new >= bounds.ns_new
        and found.ns_fluxiness >= bounds.ns_fluxiness
        and (found.ns_asns >= bounds.ns_asns or found.asns is None)
    )


def _of_others(found: Features, bounds: Bounds) -> Iterator[Reason]:
    given = found.given
    if given.shared_names >= bounds.shared_names:
        yield Reason("shared", "other names that have the same addresses", given.shared_names, bounds.shared_names)
    if found.age_days is not None and found.age_days <= bounds.age_days:
        yield Reason("young", "days since it was registered", round(found.age_days, 1), bounds.age_days)
    for kind, count in sorted(given.siblings.items()):
        if count:
            yield Reason("siblings", f"hits: {kind}", count, 1)


def against(found: Features, bounds: Bounds) -> Iterator[Reason]:
    """Yield what speaks against it, or holds the tier down."""
    given = found.given
    for known in given.known:
        yield Reason("known", _KNOWN.get(known.partition(":")[0], "known to be no flux"), known)
    if found.looks and found.stable >= bounds.settled:
        yield Reason("stable", "look-ups in a row that brought the same", found.stable, bounds.settled)
    if _saturated(found, bounds):
        yield Reason(
            "saturated", "no new address in the second half of so many look-ups", found.looks, bounds.saturated
        )
    if given.foreign_cname:
        yield Reason("foreign_cname", "its CNAME ends under somebody else's domain", found.cname)
    if found.asns is None:
        yield Reason("no_asns", "without an AS table there is no Holz score, and no more than `likely`", "none")
    elif _mostly_unplaced(found):
        yield Reason("unplaced", "addresses whose AS the table does not know", found.unplaced, found.distinct // 2)
    elif found.asns <= bounds.few_asns and found.looks:
        yield Reason("few_asns", "all addresses in so few autonomous systems", found.asns, bounds.few_asns)
    if found.barred:
        yield Reason(
            "barred", "look-ups with sinkholes, bogons or private addresses, which count for nothing", found.barred
        )
    if found.age_days is not None and found.age_days > 365:
        yield Reason("old", "days since it was registered", round(found.age_days), 365)


def _saturated(found: Features, bounds: Bounds) -> bool:
    lasted = found.until - found.since
    return found.looks >= bounds.saturated and found.late == 0.0 and lasted >= bounds.saturated_days * DAY
