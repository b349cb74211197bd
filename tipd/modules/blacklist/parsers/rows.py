"""What a parser gives, and what it is: the same for every format."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from tipd.modules.blacklist.reading.intake import Unit


@dataclass(slots=True)
class Rows:
    """Texts that should name indicators: `values[i]` came from unit `units[i]` and has `contexts[i]` beside it.

    `units` None: one value a unit, in order. `contexts` None: nothing beside any; else raw values by name as they
    stand (lists of several), which `reading.beside` reads. `columns`: the same by name, a text for each value (empty
    where it says nothing), from parsers whose rows are all alike; then `contexts` is None. `blank`: units that are no
    rows (comments, empty lines). `filtered`: rows that `[where]` left out. `refused`: (unit, reason) of rows that
    could not be read. A value may be empty, or hold several indicators only as a range. `withdrawn`: places in
    `values` of rows whose source takes them back (MISP `deleted`, STIX `revoked`): in a whole set they are left out,
    in an increment they end the indicator's interval.
    """

    values: list[bytes] = field(default_factory=list)
    units: list[int] | None = field(default_factory=list)
    contexts: list[dict[str, Any] | None] | None = None
    columns: dict[str, list[str]] | None = None
    blank: int = 0
    filtered: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)
    withdrawn: set[int] = field(default_factory=set)

    def add(self, unit: int, value: bytes, context: dict[str, Any] | None = None, *, withdrawn: bool = False) -> None:
        """Add one value of a unit; `withdrawn`: it is taken back."""
        assert self.units is not None  # noqa: S101 - whoever calls add began with a list
        if withdrawn:
            self.withdrawn.add(len(self.values))
        self.values.append(value)
        self.units.append(unit)
        if self.contexts is not None:
            self.contexts.append(context)


class Parser(Protocol):
    """One format. Built from a source's declaration; raises ValueError (with the option's name) where that is wrong."""

    def units(self, chunks: Iterable[bytes]) -> Iterator[Unit]:
        """Cut a body into units: what is compared with yesterday's, and what line numbers count."""
        ...

    def begin(self, units: list[bytes]) -> list[bytes]:
        """See every unit first, in order: take header lines out (leave empty ones) and learn from them."""
        ...

    def parse(self, units: Sequence[bytes]) -> Rows:
        """Read the units that are not known from yesterday."""
        ...

    @property
    def mark(self) -> str:
        """What the header lines said, where the meaning of rows hangs on it, else an empty string."""
        ...


class Where:
    """`[where]`: rows whose field has one of the values, letters' case apart."""

    def __init__(self, wanted: Mapping[str, Sequence[Any]]) -> None:
        """Take the declaration's table; empty lets every row pass."""
        self._wanted = {name: frozenset(_folded(value) for value in values) for name, values in wanted.items()}

    def __bool__(self) -> bool:
        return bool(self._wanted)

    def passes(self, get: Callable[[str], Any]) -> bool:
        """Ask `get(name)` for each field (a list: one of its values must match)."""
        for name, wanted in self._wanted.items():
            found = get(name)
            values = found if isinstance(found, list) else [found]
            if not any(_folded(value) in wanted for value in values):
                return False
        return True


def _folded(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip().casefold()
