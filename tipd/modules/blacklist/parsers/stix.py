"""`stix`: indicators of STIX 2.1 bundles and TAXII 2.1 envelopes.

Source: STIX 2.1 (OASIS). Kept beside a value, where `[fields]` does not say otherwise: `_OWN`. An indicator that is
`revoked` is taken back; one that says of itself that it is benign is no row. A pattern that is more than a list of
indicators is refused (stix_pattern.py), other pattern languages are passed over.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from tipd.model.classes import read_class
from tipd.model.kind import Kind
from tipd.modules.blacklist.parsers.json_records import find
from tipd.modules.blacklist.parsers.misp import one_line
from tipd.modules.blacklist.parsers.named import Named
from tipd.modules.blacklist.parsers.rows import Rows
from tipd.modules.blacklist.parsers.stix_pattern import PATHS, Malformed, Unsupported, values_of
from tipd.modules.blacklist.parsers.stix_units import Cutter
from tipd.modules.blacklist.reading.batch import text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tipd.modules.blacklist.declaration import Source
    from tipd.modules.blacklist.parsers.options_structured import StixOptions
    from tipd.modules.blacklist.reading.intake import Unit

VERSION = 1
_OWN = {
    "reference": "id",
    "name": "name",
    "class": "class",
    "confidence": "confidence",
    "tlp": "tlp",
    "first_seen": "valid_from",
    "until": "valid_until",
}
# Object of an observation → the paths of its values.
_OBSERVED: dict[str, list[str]] = {}
for _path in PATHS:
    if ":value" in _path or _path.startswith(("autonomous-system:", "file:", "x509-certificate:")):
        _OBSERVED.setdefault(_path.partition(":")[0], []).append(_path)
_BENIGN = "benign"
_VAGUE = ("undetermined", "other")
_LOOK_ALIKE = ((Kind.CERT_SHA1, Kind.SHA1), (Kind.CERT_SHA256, Kind.SHA256))
_CLASSES = {"anonymization": "proxy"}  # of the open vocabulary of indicator types; read_class knows others


class Stix:
    """Indicators, and where declared what was only observed."""

    def __init__(self, source: Source, options: StixOptions) -> None:
        """Keep what is wanted."""
        self._options = options
        self._beside = Named(source, _OWN)
        self._readers = self._beside.bound(_reader)
        self._kinds = source.kinds
        self._mixed = frozenset(cert for cert, file in _LOOK_ALIKE if file in self._kinds)
        self._types = frozenset({"indicator", *(_OBSERVED if options.observables else ())})
        self._decode = msgspec.json.Decoder(dict[str, Any]).decode

    @property
    def mark(self) -> str:
        """A unit says all of itself."""
        return ""

    def units(self, chunks: Iterable[bytes]) -> Iterator[Unit]:
        """Cut into objects."""
        options = self._options
        return Cutter(chunks, options.longest, self._types, options.markings).units()

    def begin(self, units: list[bytes]) -> list[bytes]:
        """There are no header lines."""
        return units

    def parse(self, units: Sequence[bytes]) -> Rows:
        """Return each object's values."""
        rows = Rows(contexts=[])
        for place, unit in enumerate(units):
            words, _, raw = unit.partition(b"\n")
            try:
                self._read(place, self._object(raw), words.decode(), rows)
            except Unsupported:
                rows.refused.append((place, "unsupported"))
            except (Malformed, msgspec.DecodeError, UnicodeError, RecursionError):
                rows.refused.append((place, "malformed"))
        return rows

    def _object(self, raw: bytes) -> dict[str, Any]:
        try:
            return self._decode(raw)
        except UnicodeDecodeError:
            return self._decode(text_of(raw))

    def _read(self, place: int, thing: dict[str, Any], words: str, rows: Rows) -> None:
        row = (thing, words)
        values = [value for kinds, value in self._values(thing) if value and kinds & self._kinds]
        benign = _BENIGN in _list(thing.get("indicator_types"))
        if not values or benign or not self._beside.passes(lambda name: _reader(name)(row)):
            rows.filtered += 1
            return
        context = Named.context_of(row, self._readers)
        withdrawn = thing.get("revoked") is True
        for value in values:
            rows.add(place, one_line(value), context, withdrawn=withdrawn)

    def _values(self, thing: dict[str, Any]) -> Iterable[tuple[frozenset[Kind], str]]:
        kind = thing.get("type")
        if kind != "indicator":
            return self._observed(thing, str(kind))
        if thing.get("pattern_type", "stix") != "stix":
            return ()
        pattern = thing.get("pattern")
        if not isinstance(pattern, str):
            raise Malformed("an indicator without a pattern")
        return [self._told(kinds, value) for kinds, value in values_of(pattern)]

    def _observed(self, thing: dict[str, Any], kind: str) -> Iterator[tuple[frozenset[Kind], str]]:
        for path in _OBSERVED.get(kind, ()):
            name = path.partition(":")[2]
            if name.startswith("hashes."):
                hashes = thing.get("hashes")
                wanted = name.removeprefix("hashes.")
                found = [
                    value
                    for key, value in (hashes.items() if isinstance(hashes, dict) else ())
                    if key.lower().replace("-", "") == wanted
                ]
            else:
                found = [thing.get(name)]
            yield from (self._told(PATHS[path], str(each)) for each in found if isinstance(each, str | int))

    def _told(self, kinds: frozenset[Kind], value: str) -> tuple[frozenset[Kind], str]:
        """A number of an autonomous system is written `AS64500`; by its looks a certificate's hash is a file's."""
        if Kind.ASN in kinds and value.isdigit():
            value = f"AS{value}"
        return kinds - self._mixed, value


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


@lru_cache(maxsize=1000)
def _reader(name: str) -> Callable[[tuple[dict[str, Any], str]], Any]:
    """Return what gives the raw value at a path; `tlp` and `class` are made of what the object says."""
    if name == "tlp":
        return lambda row: _marks(row[1])
    if name == "class":
        return lambda row: list(_classes(row[0]))
    if "." not in name:
        return lambda row: row[0].get(name)

    def at_path(row: tuple[dict[str, Any], str]) -> Any:
        found = find(row[0], name)
        return found[0] if len(found) == 1 else found

    return at_path


def _marks(words: str) -> str | list[str]:
    if "," in words:
        return [f"tlp:{word}" for word in words.split(",")]
    return words and f"tlp:{words}"


def _classes(thing: dict[str, Any]) -> Iterator[str]:
    for word in (*_list(thing.get("indicator_types")), *_list(thing.get("labels"))):
        found = _class_of(word) if isinstance(word, str) else None
        if found:
            yield found


@lru_cache(maxsize=1000)
def _class_of(word: str) -> str | None:
    found = _CLASSES.get(word) or read_class(word[:100])
    return None if found in _VAGUE else found
