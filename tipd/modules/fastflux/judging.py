"""What a name's history amounts to: features, verdict, and where the name goes next. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tipd.model.canonical.suffix import registrable
from tipd.model.dns import Outcome
from tipd.modules.fastflux.scores.features import NOTHING
from tipd.modules.fastflux.scores.look import SINKHOLE, Look
from tipd.modules.fastflux.scores.states import Limits, Standing, next_state
from tipd.modules.fastflux.scores.verdict import verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.model.flux import State
    from tipd.modules.fastflux.knowledge.knowledge import Knowledge
    from tipd.modules.fastflux.scores.features import Features, Given
    from tipd.modules.fastflux.scores.history import History
    from tipd.modules.fastflux.scores.holz import Window
    from tipd.modules.fastflux.scores.verdict import Verdict
    from tipd.modules.fastflux.settings import FluxSettings

_WHY_AWAY = {Outcome.NXDOMAIN: "nxdomain", Outcome.NODATA: "nodata"}


class Judgement(NamedTuple):
    """Where a name goes and why; `reason` is empty where it stays where it is."""

    state: State
    reason: str
    verdict: Verdict
    features: Features
    window: Window | None


class Judge:
    """Knows the settings and what is known of names, networks and ASes; `knowledge` may be exchanged."""

    def __init__(self, knowledge: Knowledge, settings: FluxSettings) -> None:
        """Take the bounds out of the settings."""
        self.knowledge = knowledge
        self.limits = Limits(let_go_after=settings.let_go_after, dormant_after=settings.seconds("dormant_after"))

    def judge(
        self,
        name: str,
        state: State,
        history: History,
        at: float,
        *,
        given: Given = NOTHING,
        servers: Sequence[str] = (),
    ) -> Judgement:
        """Return where a name goes that has this history as of `at` (seconds); `given`: what others know of it."""
        shown = history.shown
        foreign = bool(shown and shown.cname) and registrable(shown.cname) != registrable(name) if shown else False
        known = self.knowledge.known(name, history, servers)
        given = msgspec.structs.replace(given, known=known, foreign_cname=foreign)
        features = history.features(at, given)
        found = verdict(features)
        state, reason = next_state(state, standing_of(history, at, found), self.limits)
        return Judgement(state, reason, found, features, history.window)


def standing_of(history: History, at: float, found: Verdict | None) -> Standing:
    """Return what the step to the next state needs of a history."""
    return Standing(
        looks=history.looks,
        stable=history.stable,
        away=history.away,
        away_for=max(0.0, at - history.away_since) if history.away else 0.0,
        why_away=why_away(history.shown) if history.away else "",
        calm=calm_windows(history),
        verdict=found,
    )


def why_away(look: Look | None) -> str:
    """Return the word for why a look-up brought no address that counts."""
    if look is None:
        return ""
    if look.barred:
        return "sinkhole" if look.barred & SINKHOLE else "private"
    return _WHY_AWAY.get(look.outcome, "nodata")


def calm_windows(history: History) -> int:
    """Return how many windows in a row, up to now, did not speak for flux (as far as it is remembered)."""
    last = (history.flux & -history.flux).bit_length() - 1 if history.flux else 8
    return min(last, history.windows)
