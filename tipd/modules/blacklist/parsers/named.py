"""What parsers share whose rows have names of their own: what is kept beside a value, and which rows pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tipd.modules.blacklist.parsers.rows import Where

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tipd.modules.blacklist.declaration import Source


class Named:
    """`[fields]` over what a format keeps by itself, and `[where]`: both by the format's own names."""

    def __init__(self, source: Source, own: Mapping[str, str], names: Iterable[str] | None = None) -> None:
        """`own` is what is kept where `[fields]` does not say; `names` are all there are, None where that is open.

        A field whose place is `""` is left out. Raises ValueError for a name the format does not have.
        """
        asked = {key: str(place) for key, place in source.places.items()}
        self._fields = {key: place for key, place in {**own, **asked}.items() if place}
        self._where = Where(source.where)
        known = None if names is None else frozenset(names)
        for table, places in (("fields", asked), ("where", {name: name for name in source.where})):
            for key, place in places.items():
                if known is not None and place and place not in known:
                    raise ValueError(f"{table}.{key}: parser {source.parser} has {', '.join(sorted(known))}")

    def passes(self, get: Callable[[str], Any]) -> bool:
        """Say whether `[where]` takes the row; `get(name)` gives a raw value, a list of them, or None."""
        return not self._where or self._where.passes(get)

    def context(self, get: Callable[[str], Any]) -> dict[str, Any] | None:
        """Return what stands beside the row's values, raw."""
        context: dict[str, Any] = {}
        for key, place in self._fields.items():
            value = get(place)
            if value or value == 0:
                context[key] = value
        return context or None

    def bound[T](self, reader_of: Callable[[str], Callable[[T], Any]]) -> list[tuple[str, Callable[[T], Any]]]:
        """Return what `context_of` wants: each key kept, and what reads it from a row (`reader_of` its place)."""
        return [(key, reader_of(place)) for key, place in self._fields.items()]

    @staticmethod
    def context_of[T](row: T, readers: Iterable[tuple[str, Callable[[T], Any]]]) -> dict[str, Any] | None:
        """Return what stands beside the row's values, raw; for formats with many rows."""
        context: dict[str, Any] = {}
        for key, read in readers:
            value = read(row)
            if value or value == 0:
                context[key] = value
        return context or None
