"""The verdict: a tier, with every reason for and against it, beside Holz's score (docs/reference/fast-flux.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tipd.model.flux import Tier
from tipd.modules.fastflux.scores.reasons import Reason, against, speaking_for

if TYPE_CHECKING:
    from tipd.modules.fastflux.scores.features import Features

MODEL = "flux-1"
JUDGED = 2  # look-ups with addresses before anything is said
_LOWERS = frozenset({"known", "stable", "saturated"})
_ONE_PLACE = ("parking:", "sinkhole:", "private:")  # no such place scores as flux, so the score is believed
_LOWERS_WITHOUT_HOLZ = frozenset({"foreign_cname", "few_asns"})
_NEVER_CONFIRMED = frozenset({"no_asns", "few_asns"})
_GROWING = frozenset({"fluxiness", "growth", "pace"})
_SCATTERED = frozenset({"asns", "prefixes"})
_ORDER = {tier: place for place, tier in enumerate(Tier)}  # unknown, benign, possible, likely, confirmed


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """What counts as much; each is argued in docs/reference/fast-flux.md.

    `asns`, `entropy` (bits): from how many networks on addresses lie scattered; `prefixes16`: the same where no AS
    table is there. `looks`, `fluxiness`, `per_day`, `late`: from when on addresses keep coming. `strong_…`: what a long
    window needs of these to confirm by itself. `ttl`: seconds, at most. `ns_asns`, `ns_new`, `ns_fluxiness`: when name
    servers flux. `shared_names`: other names on the same addresses. `age_days`: at most, to count as young. `settled`:
    look-ups without a change after which a name counts as stable. `saturated`: look-ups, over at least
    `saturated_days`, the second half of which brought nothing new: a fixed pool. `few_asns`: so few are no flux.
    """

    asns: int = 5
    entropy: float = 2.0
    prefixes16: int = 8
    looks: int = 6
    fluxiness: float = 2.0
    per_day: float = 3.0
    late: float = 0.2
    strong_looks: int = 24
    strong_asns: int = 12
    strong_entropy: float = 3.0
    strong_fluxiness: float = 5.0
    strong_per_day: float = 10.0
    ttl: int = 1800
    ns_asns: int = 4
    ns_new: int = 3
    ns_fluxiness: float = 1.5
    shared_names: int = 2
    age_days: float = 60.0
    settled: int = 96
    saturated: int = 500
    saturated_days: float = 7.0
    few_asns: int = 2


DEFAULTS = Bounds()


class Verdict(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """How sure it is that a name fluxes, and why. `lowered`: by knowledge. `since`, `until`: the window it is of."""

    tier: Tier
    reasons: tuple[Reason, ...]
    since: float
    until: float
    looks: int
    why: str = ""  # the reason that carried it, where it speaks for flux
    lowered: bool = False
    model: str = MODEL


def verdict(features: Features, bounds: Bounds = DEFAULTS) -> Verdict:
    """Return the verdict on a name's features (they hold what the knowledge says of it, in `given`)."""
    pro, contra = tuple(speaking_for(features, bounds)), tuple(against(features, bounds))
    codes, checks = {reason.code for reason in pro}, {reason.code for reason in contra}
    if "holz" in codes and all(known.startswith(_ONE_PLACE) for known in features.given.known):
        checks.discard("known")
    raised, why = _raised(features, codes)
    tier = _capped(raised, codes, checks)
    return Verdict(
        tier=tier,
        reasons=(*pro, *contra),
        since=features.since,
        until=features.until,
        looks=features.looks,
        why=why,
        lowered="known" in checks,
    )


def _raised(found: Features, codes: set[str]) -> tuple[Tier, str]:
    """Return the tier out of what speaks for flux alone, and the reason that carries it."""
    if found.looks < JUDGED:
        return Tier.UNKNOWN, ""
    scattered, growing = not codes.isdisjoint(_SCATTERED), codes >= _GROWING
    if "holz" in codes:
        return (Tier.CONFIRMED if found.flux_windows >= 2 and found.moved_windows else Tier.LIKELY), "holz"
    if "long" in codes:
        return Tier.CONFIRMED, "long"
    if scattered and growing:
        return Tier.LIKELY, "growth"
    if "double" in codes:
        return (Tier.LIKELY if growing else Tier.POSSIBLE), "double"
    if scattered and "shared" in codes:
        return Tier.LIKELY, "shared"
    return (Tier.POSSIBLE, "asns" if scattered else "growth") if scattered or growing else (Tier.BENIGN, "")


def _capped(tier: Tier, codes: set[str], checks: set[str]) -> Tier:
    """Hold a tier down: to `possible` by what is known or settled, to `likely` in few ASNs or without an AS table."""
    most = Tier.CONFIRMED
    if not checks.isdisjoint(_LOWERS) or ("holz" not in codes and not checks.isdisjoint(_LOWERS_WITHOUT_HOLZ)):
        most = Tier.POSSIBLE
    elif not checks.isdisjoint(_NEVER_CONFIRMED):
        most = Tier.LIKELY
    return min(tier, most, key=_ORDER.__getitem__)
