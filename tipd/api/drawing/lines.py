"""A value over time: steps that hold until the next, and a limit to hold them against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tipd.api.drawing.scale import AmountScale, Tick, TimeScale

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

WIDTH, HEIGHT = 640, 200
LEFT, RIGHT, TOP, BOTTOM = 44, 632, 10, 174
ROOM_ABOVE = 1.1
MOST_POINTS = 2000  # more than there are pixels: what lies between is folded


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing of `WIDTH` by `HEIGHT`: the line as an SVG path, the limit's height (None for none), the marks."""

    path: str
    limit: float | None
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    last: tuple[float, float]


def chart(
    points: Sequence[tuple[datetime, float]], until: datetime, *, since: datetime | None = None, limit: float = 0.0
) -> Chart | None:
    """Draw (moment, amount), ascending by moment, up to `until`; None where there is nothing to draw.

    Of more than `MOST_POINTS` the greatest and the last of each slice stay.
    """
    if not points:
        return None
    points = folded(points)
    time = TimeScale(since or points[0][0], max(until, points[-1][0]), LEFT, RIGHT)
    amount = AmountScale(ROOM_ABOVE * max(limit, *(value for _, value in points), 1.0), BOTTOM, TOP)
    steps: list[str] = []
    height = 0.0
    for moment, value in points:
        x, height = time.at(moment), amount.at(value)
        steps.append(f"H{x:g}V{height:g}" if steps else f"M{x:g} {height:g}")
    steps.append(f"H{time.at(time.until):g}")
    return Chart(
        path="".join(steps),
        limit=amount.at(limit) if limit else None,
        x_ticks=time.ticks(),
        y_ticks=amount.ticks(),
        last=(time.at(time.until), height),
    )


def folded(points: Sequence[tuple[datetime, float]]) -> Sequence[tuple[datetime, float]]:
    """Return at most `MOST_POINTS` points: of each slice the greatest and the last, in their order."""
    if len(points) <= MOST_POINTS:
        return points
    size = -(-2 * len(points) // MOST_POINTS)
    kept: list[tuple[datetime, float]] = []
    for at in range(0, len(points), size):
        part = points[at : at + size]
        greatest = max(part[:-1], key=lambda point: point[1], default=part[-1])
        kept += [greatest, part[-1]] if greatest is not part[-1] else [greatest]
    return kept
