"""Names that share addresses, as a graph: one in the middle, the others to both sides, nearer the more they share.

Each name has a line of its own, so that no label lies upon another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

WIDTH = 640
ROW, MARGIN = 20, 40
MOST_NAMES = 40
INNER, OUTER = 104.0, 132.0  # the longest label fits beside either, and in the middle between both sides
LONGEST_LABEL = 28


@dataclass(frozen=True, slots=True)
class Node:
    """A name's place; `anchor` says to which side its label is written, `watched` whether it has a page of its own."""

    name: str
    label: str
    x: float
    y: float
    anchor: str
    shared: int
    watched: bool = True


@dataclass(frozen=True, slots=True)
class Edge:
    """A line between two names; `weight` from 0 to 1 of what the closest two share."""

    x1: float
    y1: float
    x2: float
    y2: float
    weight: float
    title: str


@dataclass(frozen=True, slots=True)
class Graph:
    """A drawing of `WIDTH` by `height`; `left_out` names share less than those shown."""

    nodes: list[Node]
    edges: list[Edge]
    height: int
    left_out: int


def graph(
    centre: str,
    shared: Mapping[str, int],
    between: Sequence[tuple[str, str, int]] = (),
    *,
    unwatched: Collection[str] = (),
) -> Graph | None:
    """Draw a name and those it shares addresses with; None where there is none.

    `shared`: for each other name how many addresses both have; `between`: the same for two of the others;
    `unwatched`: those of them that are known, but not tracked.
    """
    others = sorted((name for name in shared if name != centre), key=lambda name: (-shared[name], name))
    if not others:
        return None
    shown = others[:MOST_NAMES]
    most = max(shared[name] for name in shown)
    height = (len(shown) + 1) // 2 * ROW + 2 * MARGIN
    nodes = {centre: Node(centre, _cut(centre), WIDTH / 2, height / 2, "middle", 0)}
    for side, anchor, names in ((1, "start", shown[::2]), (-1, "end", shown[1::2])):
        top = height / 2 - (len(names) - 1) * ROW / 2
        for at, name in enumerate(names):
            away = INNER + (OUTER - INNER) * (1 - shared[name] / most)
            x, y = round(WIDTH / 2 + side * away, 1), top + at * ROW
            nodes[name] = Node(name, _cut(name), x, y, anchor, shared[name], name not in unwatched)
    lines = [(centre, name, shared[name]) for name in shown]
    lines += [
        (one, two, count) for one, two, count in between if one in nodes and two in nodes and centre not in (one, two)
    ]
    edges = [
        Edge(
            nodes[one].x,
            nodes[one].y,
            nodes[two].x,
            nodes[two].y,
            round(min(1.0, count / most), 2),
            f"{one} and {two} share {count}",
        )
        for one, two, count in lines
    ]
    return Graph(list(nodes.values()), edges, height, len(others) - len(shown))


def _cut(name: str) -> str:
    return name if len(name) <= LONGEST_LABEL else name[: LONGEST_LABEL - 1] + "…"
