"""What all units of one scheduler stand on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from tipd.clock import Clock
    from tipd.log import Log
    from tipd.nursery.contract import Context, FindingLog, ScheduleStore
    from tipd.nursery.health import Tree
    from tipd.nursery.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Injected once; `poll` is how long, in seconds, a unit sleeps at most without looking up.

    `on_round(name)` is called when a round completed, `on_failed(name, error)` when a module begins to count as failed;
    neither may wait.
    """

    ctx_for: Callable[[str], Context]
    schedule: ScheduleStore
    findings: FindingLog
    clock: Clock
    rng: random.Random
    health: Tree
    log: Log
    policy: Policy
    on_round: Callable[[str], None]
    on_failed: Callable[[str, Exception], None]
    poll: float
    jobs: frozenset[str] = frozenset()
