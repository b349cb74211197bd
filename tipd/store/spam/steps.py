"""At which sizes a campaign is told: at 5 mails, then at each tenfold; and who has heard of it.

Whoever may see a mark hears what bears that mark or less, so what was told is kept a mark: 8 bits each in one number.
"""

from __future__ import annotations

from tipd.model.tlp import Tlp

FIRST = 5


def step_of(mails: int) -> int:
    """Return how many steps a campaign of that size has taken."""
    step, edge = 0, FIRST
    while mails >= edge:
        step, edge = step + 1, edge * 10
    return step


def heard(told: int, mark: Tlp) -> int:
    """Return the last step that everybody who may see the mark has heard of."""
    return max(told >> (8 * level) & 0xFF for level in Tlp if level <= mark)


def noted(told: int, mark: Tlp, step: int) -> int:
    """Return what was told with one step more, under a mark."""
    shift = 8 * int(mark)
    return told & ~(0xFF << shift) | max(step, told >> shift & 0xFF) << shift


def higher(one: int, other: int) -> int:
    """Return what was told of two campaigns that are one."""
    for level in Tlp:
        one = noted(one, level, other >> (8 * int(level)) & 0xFF)
    return one
