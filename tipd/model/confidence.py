"""How sure tipd is about an indicator, from the weights of the sources that name it. Pure arithmetic.

The model is the noisy-or of Pearl (Probabilistic Reasoning in Intelligent Systems, 1988, 4.3.2): each source counts
once with its weight, and the confidence is one minus the product of what each leaves in doubt. The factors a later
model may have (kind, decay, dependence between sources) are one here, and are told as such.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MODEL = "noisy-or/1"
DIGITS = 4


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """What one source adds; the contributions add up to the confidence.

    `contribution` is the part of the remaining doubt this source takes away, the weightiest source first.
    """

    source: str
    weight: float
    kind_factor: float = 1.0
    count: int = 1
    decay: float = 1.0
    dependence: float = 1.0
    contribution: float


def confidence(weights: Iterable[float]) -> float:
    """Return one minus the product of `1 - weight`, to four digits; 0 for no weights."""
    return round(1.0 - prod(1.0 - weight for weight in weights), DIGITS)


def terms(weights: Mapping[str, float]) -> list[Term]:
    """Return the arithmetic for sources by name, the weightiest first, ties by name."""
    found: list[Term] = []
    doubt = 1.0
    for source, weight in sorted(weights.items(), key=lambda pair: (-pair[1], pair[0])):
        found.append(Term(source=source, weight=weight, contribution=round(doubt * weight, DIGITS)))
        doubt *= 1.0 - weight
    return found
