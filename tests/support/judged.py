"""What becomes of a name over a stream of look-ups: history, verdict and state, as the tracker does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tipd.model.flux import State, Tier
from tipd.modules.fastflux.judging import Judge
from tipd.modules.fastflux.knowledge.knowledge import Knowledge
from tipd.modules.fastflux.scores.features import NOTHING, Given
from tipd.modules.fastflux.scores.history import History
from tipd.modules.fastflux.settings import FluxSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tipd.modules.fastflux.judging import Judgement
    from tipd.modules.fastflux.scores.look import Look
    from tipd.modules.fastflux.scores.verdict import Verdict


class Course(NamedTuple):
    """What became of it: each new state with the number of the look-up and the word for why, and all tiers."""

    states: list[tuple[int, State, str]]
    tiers: list[Tier]
    last: Judgement
    history: History

    @property
    def state(self) -> State:
        return self.states[-1][1]

    @property
    def verdict(self) -> Verdict:
        return self.last.verdict

    @property
    def codes(self) -> set[str]:
        return {reason.code for reason in self.verdict.reasons}

    def when(self, state: State) -> int | None:
        """With which look-up (from 1) it came into a state."""
        return next((number for number, each, _ in self.states if each is state), None)


SHIPPED = Knowledge.load()


def follow(
    looks: Iterable[Look],
    name: str = "name.example",
    *,
    knowledge: Knowledge = SHIPPED,
    given: Given = NOTHING,
    servers: tuple[str, ...] = (),
    each: Callable[[int, History, Look], None] | None = None,
) -> Course:
    """Follow a name through its look-ups; `each` is called before a look-up is judged, with its number from 1."""
    judge = Judge(knowledge, FluxSettings())
    history, state = History(), State.CANDIDATE
    states: list[tuple[int, State, str]] = [(0, state, "")]
    tiers: list[Tier] = []
    found: Judgement | None = None
    for number, look in enumerate(looks, 1):
        history.add(knowledge.sift(look))
        if each is not None:
            each(number, history, look)
        found = judge.judge(name, state, history, look.at, given=given, servers=servers)
        if found.state is not state:
            state = found.state
            states.append((number, state, found.reason))
        tiers.append(found.verdict.tier)
        if state is State.DROPPED:
            break
    assert found is not None
    return Course(states, tiers, found, history)
