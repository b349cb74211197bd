"""Long-window features of a name, beside Holz's score and never mixed into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from tipd.modules.fastflux.scores.history import History
    from tipd.modules.fastflux.scores.nameservers import Nameservers

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


class Features(msgspec.Struct, frozen=True, gc=False):
    """The features, all of addresses that count (sinkholes, bogons and private ones do not).

    `looks`: look-ups with addresses, from `since` to `until` (seconds). `distinct`: addresses over all of them, of
    which at most 4,096 are kept: `cut` found no room. `per_look`, `per_day`: new addresses a look-up and a day, over
    the epoch that runs and the one before; less than a day counts as one. `fluxiness`: distinct over all look-ups by
    those in one, on average. `late`: the share of the distinct ones that the second half of the look-ups brought.
    `prefixes16`, `prefixes24`: distinct prefixes. `asns`, `entropy` (bits), `as_fraction`: None without an AS table;
    `unplaced`: addresses whose AS is not known.
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
    networks6: int
    cname: str
    cnames: int
    barred: int
    away: int
    age_days: float | None
    given: Given
    ns_names: int = 0
    ns_addresses: int = 0
    ns_asns: int = 0
    ns_new: int = 0
    ns_fluxiness: float = 0.0
    ns_new_per_day: float = 0.0


def features_of(history: History, now: float, given: Given = NOTHING) -> Features:
    """Return the features as of `now` (seconds)."""
    spread, looks, ns = history.spread, history.looks, history.ns
    distinct, placed, asns = len(spread.numbers), spread.placed, len(spread.asns)
    known = placed > 0 or not history.unplaced
    recent, new, begun = history.rates()
    # In the order of the fields: by name this would take twice the time, and it is done at every change of a name.
    return Features(
        looks,
        history.first,
        history.last,
        distinct,
        spread.cut,
        new / recent if recent else 0.0,
        new * DAY / max(DAY, now - begun),
        distinct * looks / history.size if history.size else 0.0,
        history.growth.late(looks),
        spread.wide,
        spread.narrow,
        asns if known else None,
        distinct - placed,
        spread.entropy if known else None,
        as_fraction(asns, placed) if known else None,
        history.ttls.least,
        history.ttls.median,
        history.stable,
        history.windows,
        (history.flux & 7).bit_count(),
        (history.moved & 7).bit_count(),
        len(history.spread6) if history.spread6 is not None else 0,
        history.shown.cname if history.shown is not None else "",
        len(history.cnames),
        history.barred,
        history.away,
        None if given.registered is None else max(0.0, (now - given.registered) / DAY),
        given,
        *(_servers(ns, now) if ns is not None else ()),
    )


def as_fraction(asns: int, placed: int) -> float:
    """Return (ASNs - 1) / (addresses - 1): 0 where all are in one AS, 1 where each is in another."""
    return (asns - 1) / (placed - 1) if placed > 1 else 0.0


def _servers(ns: Nameservers, now: float) -> tuple[int, int, int, int, float, float]:
    new = len(ns.spread) - ns.start
    return (
        len(ns.names),
        len(ns.spread),
        len(ns.spread.asns),
        new,
        ns.fluxiness,
        new * DAY / max(DAY, now - ns.first),
    )
