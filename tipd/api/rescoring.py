"""Scores taken again out of stored look-ups, with the present formulas, settings and knowledge. For a thread."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tipd.api.flux_view import score_of
from tipd.api.shapes_walk import Rescored, StoredScore
from tipd.model.flux import Run
from tipd.modules.fastflux.judging import Judge, Judgement
from tipd.modules.fastflux.knowledge.knowledge import Knowledge
from tipd.modules.fastflux.scores import holz, verdict
from tipd.modules.fastflux.scores.rescore import rescore

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.model.flux import State
    from tipd.model.tracked import StoredRun, Tracked
    from tipd.modules.fastflux.scores.history import History
    from tipd.modules.fastflux.scores.look import Look
    from tipd.modules.fastflux.settings import FluxSettings

VERSION = f"{holz.VERSION} {verdict.MODEL}"


@dataclass(frozen=True, slots=True)
class _OfName:
    """The judge of one name."""

    name: str
    judge_of: Judge

    def sift(self, look: Look) -> Look:
        return self.judge_of.knowledge.sift(look)

    def judge(self, state: State, history: History, at: float) -> Judgement:
        return self.judge_of.judge(self.name, state, history, at)


def make_judge(settings: FluxSettings) -> Judge:
    """Read the knowledge as it is now. Raises ConfigError."""
    return Judge(Knowledge.load([Path(folder) for folder in settings.knowledge_dirs]), settings)


def rescored(row: Tracked, runs: Sequence[StoredRun], judge: Judge) -> Rescored:
    """Return what a name's score is now, beside what was stored; some milliseconds for a thousand runs."""
    found = rescore(0, [_run(one) for one in runs], _OfName(row.name, judge))
    last = found.scores[-1] if found.scores else None
    taken = [score.holz for score in found.scores if score.holz is not None]
    score = last.holz if last is not None else None
    tier = last.tier if last is not None else row.tier
    return Rescored(
        domain=row.name,
        looks=sum(one.count for one in runs),
        changes=len(found.scores),
        score=score_of(score),
        best=score_of(max(taken, default=None)),
        flux=None if score is None else score > holz.BOUND,
        tier=tier.value,
        state=found.state.word,
        reason=found.reason,
        before=StoredScore(score=score_of(row.holz), tier=row.tier.value, state=row.state.word),
        changed=(score, tier) != (row.holz, row.tier),
    )


def _run(one: StoredRun) -> Run:
    return Run(
        name_id=0,
        first=one.first.timestamp(),
        last=one.last.timestamp(),
        count=one.count,
        outcome=one.outcome,
        addresses=one.addresses,
        asns=one.asns,
        ttl_min=one.ttl_min,
        ttl_max=one.ttl_max,
        true_ttl=one.true_ttl,
        cname=one.cname,
    )
