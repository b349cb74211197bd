"""All scores of a name taken again from its stored look-ups, with the present model and the present knowledge. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from tipd.model.flux import Score, State
from tipd.modules.fastflux.scores.history import History
from tipd.modules.fastflux.scores.look import Look

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tipd.model.flux import Run
    from tipd.modules.fastflux.scores.holz import Window
    from tipd.modules.fastflux.scores.verdict import Verdict


class Judged(Protocol):
    """What a judge says of a history (`tipd.modules.fastflux.judging.Judgement`)."""

    @property
    def state(self) -> State:
        """Where the name goes."""
        ...

    @property
    def reason(self) -> str:
        """The word for why; empty where it stays."""
        ...

    @property
    def verdict(self) -> Verdict:
        """The verdict."""
        ...

    @property
    def window(self) -> Window | None:
        """The last window."""
        ...


class Judging(Protocol):
    """Whoever sifts look-ups and judges histories, for one name."""

    def sift(self, look: Look) -> Look:
        """Return the look-up without addresses that count for nothing."""
        ...

    def judge(self, state: State, history: History, at: float) -> Judged:
        """Return where a name in this state goes that has this history as of `at` (seconds)."""
        ...


class Asked(NamedTuple):
    """A look-up of a name's name servers: when, their names, and their addresses, packed, with their ASNs."""

    at: float
    names: Sequence[str]
    addresses: bytes
    asns: Sequence[int] = ()


class Rescored(NamedTuple):
    """What came out: a score wherever it changed, and where the name stands in the end, since when and why."""

    scores: list[Score]
    state: State
    reason: str
    since: float
    history: History
    last: Judged | None


def rescore(name_id: int, runs: Iterable[Run], judge: Judging, servers: Iterable[Asked] = ()) -> Rescored:
    """Return all scores of a name from its runs (ascending in time).

    A name that was let go in between and came back begins anew as a candidate: its next look-up shows that it did.
    `servers`: look-ups of its name servers, ascending, as far as they are known.
    """
    taking = _Taking(name_id, judge, servers)
    for run in runs:
        taking.take(run)
    return Rescored(taking.scores, taking.state, taking.reason, taking.since, taking.history, taking.last)


class _Taking:
    def __init__(self, name_id: int, judge: Judging, servers: Iterable[Asked]) -> None:
        self.scores: list[Score] = []
        self.state, self.reason, self.since = State.CANDIDATE, "", 0.0
        self.history = History()
        self.last: Judged | None = None
        self._name_id, self._judge = name_id, judge
        self._servers = list(reversed(list(servers)))

    def take(self, run: Run) -> None:
        """Take a run's first look-up, then the others at once."""
        look = Look(
            run.first, run.outcome, run.addresses, run.asns, ttl=run.ttl_min, true_ttl=run.true_ttl, cname=run.cname
        )
        sifted = self._judge.sift(look)
        if self.state is State.DROPPED:
            self.state, self.reason, self.since = State.CANDIDATE, "", run.first
            self.history.back()
        self._ask_servers(run.first)
        self.history.add(sifted)
        self._score(run.first)
        if run.count > 1:
            self._ask_servers(run.last)
            self._repeat(run)

    def _repeat(self, run: Run) -> None:
        """Count the rest of a run, one by one while a window may still change something, then at once."""
        history, left = self.history, run.count - 1
        step = (run.last - run.first) / left
        for number in range(1, min(left, 3)):
            history.again(1, run.first + number * step, run.ttl_min)
            self._score(run.first + number * step)
        history.again(left - min(left, 3) + 1, run.last, run.ttl_min)
        self._score(run.last)

    def _ask_servers(self, until: float) -> None:
        while self._servers and self._servers[-1].at <= until:
            asked = self._servers.pop()
            self.history.add_ns(asked.at, asked.names, asked.addresses, asked.asns)

    def _score(self, at: float) -> None:
        found = self.last = self._judge.judge(self.state, self.history, at)
        if found.state is not self.state:
            self.state, self.reason, self.since = found.state, found.reason, at
        window = found.window
        holz = window.holz if window is not None else None
        score = Score(
            id=self._name_id,
            at=at,
            holz=holz.hundredths if holz is not None else None,
            n_a=window.n_a if window is not None else 0,
            n_asn=(window.n_asn or 0) if window is not None else 0,
            total=len(self.history.spread),
            tier=found.verdict.tier,
            state=found.state,
        )
        if not self.scores or _said(score) != _said(self.scores[-1]):
            self.scores.append(score)


def _said(score: Score) -> tuple[object, ...]:
    return (score.holz, score.n_a, score.n_asn, score.total, score.tier, score.state)
