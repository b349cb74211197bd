"""Spans over time, one below the other: when each address answered for a name, coloured by its AS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tipd.api.drawing.scale import Tick, TimeScale

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

WIDTH = 640
LEFT, RIGHT = 150, 632
ROW, TOP = 14, 4
LEAST = 2.0  # what was seen once can be seen
MOST_ROWS = 200
COLOURS = 8  # groups share one where there are more


@dataclass(frozen=True, slots=True)
class Span:
    """What was there from `first` to `last`; `group` gives the colour, `title` the words."""

    label: str
    group: str
    first: datetime
    last: datetime
    title: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A span's place; `colour` is from 0 to `COLOURS` - 1, the largest groups first."""

    label: str
    x: float
    y: float
    width: float
    colour: int
    title: str


@dataclass(frozen=True, slots=True)
class Spans:
    """A drawing of `WIDTH` by `height`; `left_out` spans did not fit."""

    bars: list[Bar]
    x_ticks: list[Tick]
    height: float
    groups: list[tuple[str, int, int]]  # group, colour, spans
    left_out: int


def spans(found: Sequence[Span], since: datetime, until: datetime) -> Spans:
    """Draw the newest `MOST_ROWS` spans in the order in which they began."""
    shown = sorted(sorted(found, key=lambda span: span.last, reverse=True)[:MOST_ROWS], key=lambda span: span.first)
    time = TimeScale(since, until, LEFT, RIGHT)
    sizes: dict[str, int] = {}
    for span in shown:
        sizes[span.group] = sizes.get(span.group, 0) + 1
    ranked = sorted(sizes, key=lambda group: (-sizes[group], group))
    colours = {group: min(at, COLOURS - 1) for at, group in enumerate(ranked)}
    bars = []
    for row, span in enumerate(shown):
        begin, end = time.at(span.first), time.at(span.last)
        width = max(LEAST, end - begin)
        x = min(begin, RIGHT - width)
        bars.append(Bar(span.label, round(x, 1), TOP + row * ROW, round(width, 1), colours[span.group], span.title))
    groups = [(group, colours[group], sizes[group]) for group in ranked]
    return Spans(bars, time.ticks(), TOP + len(shown) * ROW + 20, groups, len(found) - len(shown))
