"""History against a model: in whatever order observations come, however often, whatever was cut off: one outcome."""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path

import trio
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.past import Historian
from support.stores import HandClock, open_store

DAYS = st.integers(-12, -1)
SETS = st.dictionaries(DAYS, st.sets(st.integers(0, 4), max_size=4), min_size=1, max_size=6)


def model(sets: dict[int, set[int]], keep: int, live: int | None) -> dict[int, list[tuple[int, int]]]:
    """Return the intervals that observations make, however they came."""
    days = sorted(day for day in sets if live is None or day < live)
    found: dict[int, list[tuple[int, int]]] = {}
    for day, following in pairwise([*days, live if live is not None else 0]):
        for number in sorted(sets[day]):
            end = min(following, day + keep, 0)
            spans = found.setdefault(number, [])
            if spans and spans[-1][1] == day:
                day_before = spans.pop()[0]
                spans.append((day_before, end))
            else:
                spans.append((day, end))
    return dict(sorted(found.items()))


async def play(
    dsn: str, sets: dict[int, set[int]], orders: list[list[tuple[int, bool]]], keep: int, live: int | None
) -> None:
    async with open_store(dsn, HandClock()) as store:
        known = len(await store.sources.all(declared_only=False))
        with tempfile.TemporaryDirectory() as folder:
            for number, order in enumerate(orders):
                historian = await Historian.of(store, Path(folder), HandClock(), f"s{known + number}")
                if live is not None:
                    await historian.live(live, on={4})
                for day, cut_off in order:
                    if live is None or day < live:
                        await historian.load(day, sets[day], keep=keep, cut_off=cut_off)
                rows = [row for row in await historian.rows() if row["backfilled"]]
                assert await told(historian, rows) == model(sets, keep, live)


async def told(historian: Historian, rows: list) -> dict[int, list[tuple[int, int]]]:
    from support.past import spans

    for row in rows:
        assert row["opened"] < row["closed"] == row["seen"]
        assert row["reason"] in {"left", "aged"}
        assert row["opened_round"]
        assert row["closed_round"]
    return spans(rows)


@st.composite
def plays(draw: st.DrawFn) -> tuple[dict[int, set[int]], list[list[tuple[int, bool]]], int, int | None]:
    """Draw sets, and two orders in which they come; what was cut off comes again, whole, some time later."""
    sets = draw(SETS)
    days = sorted(sets)
    orders: list[list[tuple[int, bool]]] = []
    for _ in range(2):
        order = [
            (day, False) for day in draw(st.permutations(days + draw(st.lists(st.sampled_from(days), max_size=3))))
        ]
        for day in draw(st.lists(st.sampled_from(days), max_size=2, unique=True)):
            first = order.index((day, False))
            order.insert(draw(st.integers(0, first)), (day, True))
        orders.append(order)
    return sets, orders, draw(st.integers(1, 5)), draw(st.none() | DAYS)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=plays())
@example(drawn=({-9: {1, 2}, -8: {1}, -7: {1, 2}}, [[(-9, False), (-7, False), (-8, True), (-8, False)]] * 2, 5, None))
def test_intervals_of_the_past_are_as_the_model_says(dsn: str, drawn) -> None:
    trio.run(play, dsn, *drawn)
