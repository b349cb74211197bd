import random
from datetime import UTC, datetime

import pytest
import trio
from support.silence import SILENT
from trio.testing import MockClock

from tipd.clock import MovedClock
from tipd.errors import StoreAway
from tipd.nursery.health import Tree
from tipd.nursery.patience import Patience


def make() -> tuple[Patience, Tree]:
    tree = Tree(MovedClock(datetime(2026, 11, 22, tzinfo=UTC)))
    return Patience(tree.node("x"), SILENT, random.Random(1)), tree


async def test_an_answer_comes_at_once(autojump_clock: MockClock) -> None:
    patience, _ = make()

    async def call() -> None:
        return None

    assert await patience.outlast(call) is None
    assert trio.current_time() == 0


@pytest.mark.parametrize("trouble", [StoreAway("gone"), ExceptionGroup("g", [StoreAway()]), ValueError("odd")])
async def test_trouble_is_waited_out_and_shown(trouble: Exception, autojump_clock: MockClock) -> None:
    patience, tree = make()
    seen: list[object] = []

    async def call() -> int:
        seen.append(tree.node("x").facts.get("waits_for"))
        if trio.current_time() < 3600:
            raise trouble
        return 7

    assert await patience.outlast(call) == 7
    assert 3600 <= trio.current_time() <= 3616
    assert seen[0] is None
    assert set(seen[1:]) == {"store"}
    assert len(seen) < 1000
    assert tree.node("x").facts == {}


async def test_cancelling_ends_the_wait(autojump_clock: MockClock) -> None:
    patience, _ = make()

    async def call() -> None:
        raise StoreAway("gone")

    with trio.move_on_after(10) as scope:
        await patience.outlast(call)
    assert scope.cancelled_caught
