"""What is told of a name: the verdict as it is stored, and the findings."""

from __future__ import annotations

from datetime import UTC, datetime
from socket import AF_INET, inet_ntop
from typing import TYPE_CHECKING, Any

import msgspec

from tipd.model import flux
from tipd.model.finding import NewFinding
from tipd.model.flux import State
from tipd.model.indicator import Indicator
from tipd.model.kind import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.modules.fastflux.judging import Judgement
    from tipd.modules.fastflux.records import Label
    from tipd.modules.fastflux.scores.holz import Window
    from tipd.modules.fastflux.scores.look import Look

MODULE = "fastflux"
MOST_ADDRESSES = 1_000  # in one finding; more are counted
_KINDS = {
    State.LIKELY: flux.LIKELY,
    State.CONFIRMED: flux.CONFIRMED,
    State.DORMANT: flux.DORMANT,
    State.DROPPED: flux.DROPPED,
}
_encode = msgspec.json.Encoder().encode


def when(at: float) -> str:
    """Return a moment (seconds since 1970) as JSON has it."""
    text = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z"


def holz_of(window: Window | None) -> dict[str, Any] | None:
    """Return the score of a window for people; None where there is none."""
    holz = window.holz if window is not None else None
    if window is None or holz is None:
        return None
    return {
        "score": holz.score,
        "n_a": holz.n_a,
        "n_asn": holz.n_asn,
        "n_ns": holz.n_ns,
        "window": [when(window.first), when(window.second)],
    }


def stored_verdict(judgement: Judgement) -> bytes:
    """Return a judgement as JSON (docs/reference/fast-flux.md has the keys)."""
    found = judgement.verdict
    return _encode(
        {
            "tier": found.tier,
            "reasons": found.reasons,
            "model": found.model,
            "looks": found.looks,
            "since": when(found.since),
            "until": when(found.until),
            "lowered": found.lowered,
            "holz": holz_of(judgement.window),
            "features": judgement.features,
        }
    )


def addresses_of(packed: bytes) -> list[str]:
    """Return packed IPv4 addresses as texts, in their order."""
    return [inet_ntop(AF_INET, packed[at : at + 4]) for at in range(0, len(packed), 4)]


def finding(kind: str, name: str, label: Label, told: dict[str, Any]) -> NewFinding:
    """Return a finding about a name, with its tags and its mark."""
    return NewFinding(
        kind=kind,
        module=MODULE,
        subject=Indicator(Kind.DOMAIN, name),
        data=told | {"tags": list(label.tags)},
        tlp=label.tlp,
    )


def state_finding(
    name: str, label: Label, former: State, judgement: Judgement, *, look: Look | None, ns: Sequence[str]
) -> NewFinding | None:
    """Return what is told where a name comes into a state; None where nothing is (it is only watched).

    `look`: the last one; `ns`: the name servers of its zone, as far as they are known.
    """
    state = judgement.state
    back = former is State.DORMANT and state is State.LIKELY
    kind = flux.REVIVED if back else _KINDS.get(state, "")
    if not kind:
        return None
    told: dict[str, Any] = {"reason": judgement.reason, "former": former.word}
    if kind in (flux.LIKELY, flux.CONFIRMED, flux.REVIVED):
        found = judgement.verdict
        told |= {
            "holz": holz_of(judgement.window),
            "verdict": {
                "tier": found.tier.value,
                "reasons": [msgspec.to_builtins(reason) for reason in found.reasons],
                "model": found.model,
            },
            "addresses": addresses_of(look.addresses[: 4 * MOST_ADDRESSES]) if look else [],
            "asns": sorted({*look.asns} - {0}) if look else [],
            "ns": list(ns),
        }
    return finding(kind, name, label, told)


def nodes_finding(name: str, label: Label, before: Look | None, now: Look, distinct: int) -> NewFinding | None:
    """Return what came and what went between two look-ups; None where nothing did."""
    old, new = _placed(before) if before else {}, _placed(now)
    added = [_node(packed, new[packed]) for packed in sorted(new.keys() - old.keys())]
    removed = [_node(packed, old[packed]) for packed in sorted(old.keys() - new.keys())]
    if not added and not removed:
        return None
    told: dict[str, Any] = {"added": added[:MOST_ADDRESSES], "removed": removed[:MOST_ADDRESSES], "distinct": distinct}
    if max(len(added), len(removed)) > MOST_ADDRESSES:
        told["cut"] = len(added) + len(removed) - len(told["added"]) - len(told["removed"])
    return finding(flux.NODES, name, label, told)


def _placed(look: Look) -> dict[bytes, int]:
    packed = look.addresses
    places = range(0, len(packed), 4)
    asns = look.asns if look.placed else (0,) * len(places)
    return {packed[at : at + 4]: asn for at, asn in zip(places, asns, strict=True)}


def _node(packed: bytes, asn: int) -> dict[str, Any]:
    return {"address": inet_ntop(AF_INET, packed), "asn": asn or None}
