"""Names that share addresses, as a graph: one in the middle, the others around it, nearer the more they share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WIDTH, HEIGHT = 640, 420
MOST_NAMES = 40
INNER, OUTER = 80.0, 185.0
LONGEST_LABEL = 28


@dataclass(frozen=True, slots=True)
class Node:
    """A name's place; `anchor` says to which side its label is written."""

    name: str
    label: str
    x: float
    y: float
    anchor: str
    shared: int


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
    """A drawing of `WIDTH` by `HEIGHT`; `left_out` names share less than those shown."""

    nodes: list[Node]
    edges: list[Edge]
    left_out: int


def graph(centre: str, shared: Mapping[str, int], between: Sequence[tuple[str, str, int]] = ()) -> Graph | None:
    """Draw a name and those it shares addresses with; None where there is none.

    `shared`: for each other name how many addresses both have; `between`: the same for two of the others.
    """
    others = sorted((name for name in shared if name != centre), key=lambda name: (-shared[name], name))
    if not others:
        return None
    shown = others[:MOST_NAMES]
    most = max(shared[name] for name in shown)
    nodes = {centre: Node(centre, _cut(centre), WIDTH / 2, HEIGHT / 2, "middle", 0)}
    for at, name in enumerate(shown):
        angle = 2 * math.pi * at / len(shown) - math.pi / 2
        # Neighbours on the circle stand at two distances, so that their labels do not meet.
        away = INNER + (OUTER - INNER) * (1 - shared[name] / most) + (30 if at % 2 and len(shown) > 12 else 0)
        x, y = WIDTH / 2 + 1.25 * away * math.cos(angle), HEIGHT / 2 + away * math.sin(angle)
        anchor = "middle" if abs(math.cos(angle)) < 0.2 else "start" if math.cos(angle) > 0 else "end"
        nodes[name] = Node(name, _cut(name), round(x, 1), round(y, 1), anchor, shared[name])
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
    return Graph(list(nodes.values()), edges, len(others) - len(shown))


def _cut(name: str) -> str:
    return name if len(name) <= LONGEST_LABEL else name[: LONGEST_LABEL - 1] + "…"
