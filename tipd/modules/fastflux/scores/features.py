"""Long-window features of a name, beside Holz's score and never mixed into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from tipd.modules.fastflux.scores.history import History

DAY = 86400.0


class Given(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What others know of the name.

    `known`: what the knowledge says, as `kind:what` (`cdn:*.cdn.example`, `sinkhole:192.0.2.1`), as `Knowledge.of`
    returns. `shared`: how many of its addresses other watched names have too, and `shared_names`: how many such names.
    `registered`: seconds, when the domain was registered. `siblings`: hits in other modules and lists, by kind of hit
    (`spam`, `listed_addresses`, …). `foreign_cname`: its CNAME chain ends under another registrable domain.
    """

    known: tuple[str, ...] = ()
    shared: int = 0
    shared_names: int = 0
    registered: float | None = None
    siblings: dict[str, int] = {}
    foreign_cname: bool = False


NOTHING = Given()


class Features(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The features, all of addresses that count (sinkholes, bogons and private ones do not).

    `looks`: look-ups with addresses, from `since` to `until` (seconds). `distinct`: addresses over all of them, of
    which at most 4,096 are kept: `cut` found no room. `per_look`, `per_day`: new addresses a look-up and a day, over
    the epoch that runs and the one before; less than a day counts as one. `fluxiness`: distinct over all look-ups by
    those in one, on average. `late`: the share of the distinct ones that the second half of the look-ups brought.
    `prefixes16`, `prefixes24`: distinct prefixes. `asns`, `entropy` (bits), `as_fraction` (ASNs by addresses with a
    known AS): None without an AS table; `unplaced`: addresses whose AS is not known.
    `ns…`: of the name servers' names and addresses. `networks6`: distinct IPv6 /64s. `cnames`: distinct chain ends.
    `age_days`: None where the registration is not known. `windows`: of two look-ups each; `flux_windows` and
    `moved_windows`: how many of the last three lay above Holz's bound, and how many held a change.
    """

    looks: int
    since: float
    until: float
    distinct: int
    cut: int
    per_look: float
    per_day: float
    fluxiness: float
    late: float
    prefixes16: int
    prefixes24: int
    asns: int | None
    unplaced: int
    entropy: float | None
    as_fraction: float | None
    ttl_min: int
    ttl_median: int
    stable: int
    windows: int
    flux_windows: int
    moved_windows: int
    ns_names: int = 0
    ns_addresses: int = 0
    ns_asns: int = 0
    ns_new: int = 0
    ns_fluxiness: float = 0.0
    ns_new_per_day: float = 0.0
    networks6: int = 0
    cname: str = ""
    cnames: int = 0
    barred: int = 0
    away: int = 0
    age_days: float | None = None
    given: Given = NOTHING


def features_of(history: History, now: float, given: Given = NOTHING) -> Features:
    """Return the features as of `now` (seconds)."""
    spread, ns = history.spread, history.ns
    distinct, looks = len(spread.numbers), history.looks
    placed = spread.placed
    known = placed > 0 or not history.unplaced
    recent = history.epoch_looks + history.former_looks
    new = history.epoch_new + history.former_new
    start = history.epoch - (7 * DAY if history.former_looks else 0.0)
    return Features(
        looks=looks,
        since=history.first,
        until=history.last,
        distinct=distinct,
        cut=spread.cut,
        per_look=new / recent if recent else 0.0,
        per_day=new * DAY / max(DAY, now - start),
        fluxiness=distinct * looks / history.size if history.size else 0.0,
        late=history.growth.late(looks),
        prefixes16=spread.wide,
        prefixes24=spread.narrow,
        asns=len(spread.asns) if known else None,
        unplaced=distinct - placed,
        entropy=spread.entropy if known else None,
        as_fraction=(len(spread.asns) / placed if placed else 0.0) if known else None,
        ttl_min=history.ttls.least,
        ttl_median=history.ttls.median,
        stable=history.stable,
        windows=history.windows,
        flux_windows=(history.flux & 7).bit_count(),
        moved_windows=(history.moved & 7).bit_count(),
        ns_names=len(ns.names) if ns else 0,
        ns_addresses=len(ns.spread) if ns else 0,
        ns_asns=len(ns.spread.asns) if ns else 0,
        ns_new=len(ns.spread) - ns.start if ns else 0,
        ns_fluxiness=ns.fluxiness if ns else 0.0,
        ns_new_per_day=(len(ns.spread) - ns.start) * DAY / max(DAY, now - ns.first) if ns else 0.0,
        networks6=len(history.spread6) if history.spread6 else 0,
        cname=history.shown.cname if history.shown else "",
        cnames=len(history.cnames),
        barred=history.barred,
        away=history.away,
        age_days=None if given.registered is None else max(0.0, (now - given.registered) / DAY),
        given=given,
    )
