"""`rss`: items of RSS 0.9 to 2.0 and Atom feeds.

Sources: RSS 2.0 (RSS Advisory Board), RFC 4287 (Atom). A unit is an item: JSON of its elements' texts by name. XML is
read by expat as it comes; a document type or an entity of its own ends the reading (there is no feed that needs them,
and they are how XML is made to grow or to open files).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

import msgspec

from tipd.modules.blacklist.parsers.matching import compiled, values_in
from tipd.modules.blacklist.parsers.misp import one_line
from tipd.modules.blacklist.parsers.named import Named
from tipd.modules.blacklist.parsers.rows import Rows
from tipd.modules.blacklist.reading.intake import BodyFault, Unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tipd.modules.blacklist.declaration import Source
    from tipd.modules.blacklist.parsers.options_structured import RssOptions

VERSION = 1
_OWN = {"reference": "link", "first_seen": "date"}
_DATES = ("pubDate", "published", "dc:date", "updated")
_UTF16 = re.compile(rb"<\?xml[^>]{0,200}encoding\s*=\s*[\"']utf-?16", re.IGNORECASE)
_DEEPEST = 64
_NAMES = 200  # of one item
_RUN = 1000

type Item = dict[str, list[str]]


class _Feed:
    """What expat tells, gathered to items. `longest` bounds an item, and what expat holds, in bytes."""

    def __init__(self, items: frozenset[str], longest: int, encoding: str | None) -> None:
        self._items = items
        self._longest = longest
        self._fed = 0
        self._path: list[str] = []  # inside an item
        self._depth = 0
        self._size = 0
        self._item: Item | None = None
        self._texts: list[str] = []
        self.found: list[bytes] = []
        self._parser = expat.ParserCreate(encoding)
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.EntityDeclHandler = self._refuse

    def feed(self, chunk: bytes, *, last: bool = False) -> None:
        """Read on; raises BodyFault."""
        try:
            self._parser.Parse(chunk, last)
        except expat.ExpatError as error:
            raise BodyFault(f"no XML: {expat.ErrorString(error.code)} in line {error.lineno}") from None
        except (LookupError, ValueError) as error:
            if isinstance(error, BodyFault):
                raise
            raise BodyFault(f"no XML: {error}") from None
        self._fed += len(chunk)
        if self._fed - max(self._parser.CurrentByteIndex, 0) > self._longest + len(chunk):
            raise self._fault("a tag or text is too long")

    def _fault(self, text: str) -> BodyFault:
        return BodyFault(f"{text} in line {self._parser.CurrentLineNumber}")

    def _refuse(self, *_: Any) -> None:
        raise self._fault("a document type or entity declaration")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._fault("nested too deep")
        if self._item is None:
            if name in self._items or name.rpartition(":")[2] in self._items:
                self._item, self._path, self._size = {}, [], 0
            return
        self._flush()
        self._path.append(name)
        for key, value in attributes.items():
            self._keep(f"{'/'.join(self._path)}@{key}", value)

    def _end(self, _: str) -> None:
        self._depth -= 1
        if self._item is None:
            return
        self._flush()
        if self._path:
            self._path.pop()
        else:
            self.found.append(msgspec.json.encode(self._item))
            self._item = None

    def _text(self, text: str) -> None:
        if self._item is not None and self._path:
            self._size += len(text)
            if self._size > self._longest:
                raise self._fault("an item is too long")
            self._texts.append(text)

    def _flush(self) -> None:
        text = "".join(self._texts).strip()
        self._texts.clear()
        if text:
            self._keep("/".join(self._path), text)

    def _keep(self, name: str, value: str) -> None:
        assert self._item is not None  # noqa: S101 - whoever calls is inside an item
        self._size += len(name) + len(value)
        if self._size > self._longest:
            raise self._fault("an item is too long")
        if len(self._item) < _NAMES or name in self._item:
            self._item.setdefault(name, []).append(value)


class Rss:
    """Items; which of their elements has the value is declared."""

    def __init__(self, source: Source, options: RssOptions) -> None:
        """Compile the pattern; raises ValueError where it is broken."""
        self._options = options
        self._items = frozenset((options.item,) if isinstance(options.item, str) else options.item)
        self._pattern = compiled(options.pattern) if options.pattern else None
        own = {key: name for key, name in _OWN.items() if name != options.value or self._pattern is not None}
        self._beside = Named(source, own)
        self._decode = msgspec.json.Decoder(dict[str, list[str]]).decode

    @property
    def mark(self) -> str:
        """A unit says all of itself."""
        return ""

    def units(self, chunks: Iterable[bytes]) -> Iterator[Unit]:
        """Cut into items; raises BodyFault."""
        feed: _Feed | None = None
        number = 1
        for chunk in chunks:
            if not chunk:
                continue
            if feed is None:
                # The body is UTF-8 by now where it was UTF-16, whatever it says of itself.
                feed = _Feed(self._items, self._options.longest, "utf-8" if _UTF16.match(chunk.lstrip()) else None)
                chunk = chunk.lstrip()  # noqa: PLW2901 - expat wants no blanks before the declaration
            feed.feed(chunk)
            while len(feed.found) >= _RUN:
                run, feed.found = feed.found[:_RUN], feed.found[_RUN:]
                yield Unit(number, run)
                number += len(run)
        if feed is not None:
            feed.feed(b"", last=True)
            if feed.found:
                yield Unit(number, feed.found)

    def begin(self, units: list[bytes]) -> list[bytes]:
        """There are no header lines."""
        return units

    def parse(self, units: Sequence[bytes]) -> Rows:
        """Return each item's values."""
        rows = Rows(contexts=[])
        for place, unit in enumerate(units):
            item = _Entry(self._decode(unit))
            if not self._beside.passes(item.get):
                rows.filtered += 1
                continue
            found = self._values(item)
            if not found and self._pattern is not None:
                rows.blank += 1
            elif not found:
                rows.refused.append((place, "empty"))
            context = self._beside.context(item.get) if found else None
            for value in found:
                rows.add(place, one_line(value), context)
        return rows

    def _values(self, item: _Entry) -> list[str]:
        texts = item.all(self._options.value)
        if self._pattern is None:
            return texts
        return [value for text in texts for value in values_in(self._pattern, text)]


class _Entry:
    """An item's elements by name."""

    def __init__(self, said: Item) -> None:
        self._said = said

    def all(self, name: str) -> list[str]:
        """Return the texts of an element, of its `@href` where it has none."""
        return self._said.get(name) or self._said.get(f"{name}@href") or []

    def get(self, name: str) -> Any:
        """Return one text or several; `date` is whichever date the item has."""
        if name == "date" and name not in self._said:
            return next((self._said[each][0] for each in _DATES if each in self._said), None)
        found = self.all(name)
        return found[0] if len(found) == 1 else found or None
