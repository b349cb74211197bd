"""Tells systemd that the daemon is alive, only while it is: the loop turns, the scheduler and the store beat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from collections.abc import Callable

    from tipd.log import Log
    from tipd.nursery.health import Tree
    from tipd.nursery.systemd import Notifier


class Pulse:
    """A heartbeat: alive while the last `beat` is no older than `within` seconds of trio's time."""

    def __init__(self, within: float) -> None:
        self._within = within
        self._last: float | None = None

    def beat(self) -> None:
        """Say that the part lives now."""
        self._last = trio.current_time()

    def alive(self) -> bool:
        """Tell whether it did lately."""
        return self._last is not None and trio.current_time() - self._last <= self._within


class Liveness:
    """All that must live for the daemon to count as alive, by name.

    A check is quick and answers for the part itself, not for what it talks to: a database that is away is a state, and
    a restart would not bring it back.
    """

    def __init__(self) -> None:
        self._checks: dict[str, Callable[[], bool]] = {}

    def add(self, name: str, check: Callable[[], bool]) -> None:
        """Ask this too."""
        self._checks[name] = check

    def pulse(self, name: str, within: float) -> Pulse:
        """Add a heartbeat, and return it to be beaten."""
        pulse = Pulse(within)
        self.add(name, pulse.alive)
        return pulse

    def dead(self) -> list[str]:
        """Return the names of what is not alive; a check that raises is not."""
        return [name for name, check in self._checks.items() if not _passes(check)]


def _passes(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except Exception:
        return False


async def watch(
    notifier: Notifier,
    liveness: Liveness,
    log: Log,
    health: Tree,
    *,
    interval: float,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Send `WATCHDOG=1` every `interval` seconds while nothing is dead; runs until cancelled.

    That this task runs at all is the proof that the loop turns. What died, and that it came back, is logged once.
    """
    node = health.node("watchdog")
    node.state = "running"
    task_status.started()
    silent: list[str] = []
    while True:
        dead = liveness.dead()
        if dead != silent:
            _say(log, dead)
            silent = dead
            node.note(dead=dead or None)
        if not dead:
            await notifier.watchdog()
            node.beat()
        await trio.sleep(interval)


def _say(log: Log, dead: list[str]) -> None:
    if dead:
        log.error("parts of the daemon are stuck, the watchdog is not fed", dead=dead)
    else:
        log.info("all parts of the daemon move again")
