"""The explicit list of formats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from tipd.exports import csv, jsonl, txt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tipd.exports.row import Row


class Format(Protocol):
    """A module that writes rows."""

    @property
    def NAME(self) -> str:  # noqa: N802 - a module's constant
        """The ending of the address."""
        ...

    @property
    def CONTENT_TYPE(self) -> str:  # noqa: N802
        """The media type."""
        ...

    @property
    def HEAD(self) -> bytes:  # noqa: N802
        """What stands before the first row."""
        ...

    def lines(self, rows: Sequence[Row]) -> bytes:
        """Return rows in the format."""
        ...


FORMATS: Mapping[str, Format] = {one.NAME: one for one in (txt, csv, jsonl)}
