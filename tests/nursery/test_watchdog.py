import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import trio
from support.silence import SILENT
from trio.testing import MockClock

from tipd.clock import MovedClock
from tipd.nursery.health import Tree
from tipd.nursery.systemd import Notifier
from tipd.nursery.watchdog import Liveness, watch


class Fed:
    """Stands for the notifier; notes when the watchdog was fed."""

    def __init__(self) -> None:
        self.at: list[float] = []

    async def watchdog(self) -> bool:
        self.at.append(trio.current_time())
        return True


async def test_it_is_fed_only_while_all_parts_live(autojump_clock: MockClock) -> None:
    liveness, fed = Liveness(), Fed()
    pulse = liveness.pulse("store", within=10)
    well = True
    liveness.add("scheduler", lambda: well)
    tree = Tree(MovedClock(datetime(2026, 11, 22, tzinfo=UTC)))

    async def beat() -> None:
        while trio.current_time() < 60:
            pulse.beat()
            await trio.sleep(1)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(beat)
        await trio.sleep(0.5)

        async def run(task_status: Any) -> None:
            await watch(cast("Notifier", fed), liveness, SILENT, tree, interval=5, task_status=task_status)

        await nursery.start(run)
        await trio.sleep(18)
        assert fed.at == [0.5, 5.5, 10.5, 15.5]
        well = False
        await trio.sleep(10)
        assert tree.node("watchdog").facts == {"dead": ["scheduler"]}
        well = True
        await trio.sleep(100)
        nursery.cancel_scope.cancel()
    assert fed.at[4] > 28  # silent while the scheduler was dead
    assert 65 < fed.at[-1] < 71  # and since the store's pulse ran out
    assert tree.node("watchdog").facts == {"dead": ["store"]}


async def test_what_never_beat_or_cannot_be_asked_is_dead(autojump_clock: MockClock) -> None:
    liveness = Liveness()
    assert liveness.dead() == []
    liveness.pulse("loop", within=5)
    liveness.add("broken", lambda: bool(1 / 0))
    assert liveness.dead() == ["loop", "broken"]


async def test_systemd_hears_it(tmp_path: Path) -> None:
    name = str(tmp_path / "n")
    tree = Tree(MovedClock(datetime(2026, 11, 22, tzinfo=UTC)))
    with trio.socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        await listening.bind(name)
        async with trio.open_nursery() as nursery:
            notifier = Notifier({"NOTIFY_SOCKET": name}, SILENT)
            await nursery.start(
                lambda task_status: watch(notifier, Liveness(), SILENT, tree, interval=0.001, task_status=task_status)
            )
            with trio.fail_after(60):
                assert [await listening.recv(100) for _ in range(3)] == [b"WATCHDOG=1"] * 3
            nursery.cancel_scope.cancel()
