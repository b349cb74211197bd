"""`misp`: attributes of MISP events, from a feed or from `restSearch`.

Sources: the MISP core format (types and their values), MISP's automation API. What is kept beside a value, where
`[fields]` does not say otherwise, stands in `_OWN`. A row's TLP are the `tlp:` tags of the attribute and of its event;
distribution 0, "your organisation only", is amber+strict, which means the same.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

import msgspec

from tipd.model.classes import read_class
from tipd.model.kind import Kind
from tipd.modules.blacklist.parsers.misp_units import Case, Cutter, Head, Tag, Thing
from tipd.modules.blacklist.parsers.named import Named
from tipd.modules.blacklist.parsers.rows import Rows
from tipd.modules.blacklist.reading.batch import text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tipd.modules.blacklist.declaration import Source
    from tipd.modules.blacklist.parsers.options_structured import MispOptions
    from tipd.modules.blacklist.reading.intake import Unit

VERSION = 1

_ADDRESS = frozenset({Kind.IPV4, Kind.IPV6, Kind.NETWORK})
_HOST = _ADDRESS | {Kind.DOMAIN}
_DIGESTS = {"md5": Kind.MD5, "sha1": Kind.SHA1, "sha256": Kind.SHA256}
_FINGERPRINTS = {"x509-fingerprint-sha1": Kind.CERT_SHA1, "x509-fingerprint-sha256": Kind.CERT_SHA256}
# Type → what its parts (between `|`) are: kinds, or "port", or "" for what is not read.
_PARTS: dict[str, tuple[frozenset[Kind] | str, ...]] = {
    **dict.fromkeys(("ip-src", "ip-dst"), (_ADDRESS,)),
    **dict.fromkeys(("ip-src|port", "ip-dst|port"), (_ADDRESS, "port")),
    "domain": (frozenset({Kind.DOMAIN}),),
    "hostname": (_HOST,),
    "domain|ip": (frozenset({Kind.DOMAIN}), _ADDRESS),
    "hostname|port": (_HOST, "port"),
    **dict.fromkeys(("url", "uri"), (frozenset({Kind.URL}),)),
    **dict.fromkeys(
        ("email", "email-src", "email-dst", "email-reply-to", "whois-registrant-email"), (frozenset({Kind.EMAIL}),)
    ),
    "AS": (frozenset({Kind.ASN}),),
    **{name: (frozenset({kind}),) for name, kind in (_DIGESTS | _FINGERPRINTS).items()},
    **{f"filename|{name}": ("", frozenset({kind})) for name, kind in _DIGESTS.items()},
    "malware-sample": ("", frozenset({Kind.MD5})),
}
_OWN = {
    "reference": "event_uuid",
    "event": "event_info",
    "category": "category",
    "comment": "comment",
    "malware": "malware",
    "class": "class",
    "tlp": "tlp",
    "first_seen": "first_seen",
    "last_seen": "last_seen",
}
_GALAXIES = ("malware", "mitre-malware", "malpedia", "botnet", "ransomware", "rat", "banker", "stealer", "tool")
_FAMILY = tuple(f"misp-galaxy:{name}=" for name in _GALAXIES)
_OWN_ONLY = "tlp:amber+strict"
_NOBODY = ("0", 0)  # a distribution


class Attribute(msgspec.Struct, gc=False):
    """What is read of an attribute."""

    type: str
    value: str
    category: Any = None
    comment: Any = None
    uuid: Any = None
    id: Any = None
    timestamp: Any = None
    to_ids: Any = None
    deleted: Any = False
    distribution: Any = None
    first_seen: Any = None
    last_seen: Any = None
    object_relation: Any = None
    tags: list[Tag] | None = msgspec.field(default=None, name="Tag")
    event: Case | None = msgspec.field(default=None, name="Event")


class Row:
    """One attribute under its event and object: what it says by name."""

    __slots__ = ("attribute", "event", "tags", "thing")

    def __init__(self, attribute: Attribute, event: Case, thing: Thing) -> None:
        """Put the three together; `tags` are the names of all, the attribute's first."""
        self.attribute, self.event, self.thing = attribute, event, thing
        self.tags = [tag.name for tag in attribute.tags if tag.name] if attribute.tags else []
        if event.tags:
            self.tags += [tag.name for tag in event.tags if tag.name]

    @property
    def deleted(self) -> bool:
        """Whether the source takes the attribute back."""
        return _true(self.attribute.deleted) or _true(self.thing.deleted)

    def get(self, name: str) -> Any:
        """Return the raw value of one of NAMES."""
        return NAMES[name](self)

    def tlp(self) -> str | list[str]:
        """Return the mark, or marks; distribution 0 is one."""
        marks = [tag for tag in self.tags if tag[:4].lower() == "tlp:"]
        attribute, event, thing = self.attribute, self.event, self.thing
        if attribute.distribution in _NOBODY or event.distribution in _NOBODY or thing.distribution in _NOBODY:
            marks.append(_OWN_ONLY)
        return marks[0] if len(marks) == 1 else marks

    def malware(self) -> list[str]:
        """Return what galaxies of malware the tags name."""
        return [tag.partition("=")[2].strip('"') for tag in self.tags if tag.startswith(_FAMILY)]

    def classes(self) -> list[str]:
        """Return what the incident taxonomy's tags say."""
        return [word for tag in self.tags if tag.startswith("rsit:") and (word := read_class(tag))]


def _true(value: Any) -> bool:
    return value in (True, 1, "1", "true")


NAMES: dict[str, Callable[[Row], Any]] = {
    **{
        key: attrgetter(f"attribute.{key}")
        for key in ("type", "value", "category", "comment", "uuid", "id", "timestamp", "to_ids", "object_relation")
    },
    "first_seen": lambda row: row.attribute.first_seen or row.thing.first_seen,
    "last_seen": lambda row: row.attribute.last_seen or row.thing.last_seen,
    "object_name": lambda row: row.thing.name,
    "object_comment": lambda row: row.thing.comment,
    **{f"event_{key}": attrgetter(f"event.{key}") for key in ("id", "uuid", "info", "date")},
    "organisation": lambda row: row.event.maker.name if row.event.maker else None,
    "tags": attrgetter("tags"),
    "tlp": Row.tlp,
    "malware": Row.malware,
    "class": Row.classes,
}
_NO_EVENT, _NO_THING = Case(), Thing()


class Misp:
    """Attributes whose type is of the source's kinds; others are passed over, as `[where]` would."""

    def __init__(self, source: Source, options: MispOptions) -> None:
        """Raise ValueError for fields an attribute does not have."""
        self._longest = options.longest
        self._to_ids = options.to_ids
        self._beside = Named(source, _OWN, NAMES)
        self._readers = self._beside.bound(NAMES.__getitem__)
        kinds = source.kinds
        # By its looks a fingerprint of a certificate is one of a file.
        mixed = {
            _FINGERPRINTS[f"x509-fingerprint-{name}"]
            for name, kind in _DIGESTS.items()
            if name != "md5" and kind in kinds
        }
        usable = kinds - mixed
        self._parts = {
            name: tuple(part if isinstance(part, str) else bool(part & usable) for part in parts)
            for name, parts in _PARTS.items()
            if any(not isinstance(part, str) and part & usable for part in parts)
        }
        self._decode = msgspec.json.Decoder(Attribute).decode
        self._head_text, self._head = b"{}", Head()

    @property
    def mark(self) -> str:
        """A unit says all of itself."""
        return ""

    def units(self, chunks: Iterable[bytes]) -> Iterator[Unit]:
        """Cut into attributes."""
        return Cutter(chunks, self._longest).units()

    def begin(self, units: list[bytes]) -> list[bytes]:
        """There are no header lines."""
        return units

    def parse(self, units: Sequence[bytes]) -> Rows:
        """Return each attribute's values."""
        rows = Rows(contexts=[])
        for place, unit in enumerate(units):
            row = self._row(unit)
            if row is None:
                rows.refused.append((place, "malformed"))
                continue
            parts = self._parts.get(row.attribute.type)
            if parts is None or not self._wanted(row):
                rows.filtered += 1
                continue
            self._add(place, row, parts, rows)
        return rows

    def _row(self, unit: bytes) -> Row | None:
        head, _, raw = unit.partition(b"\n")
        try:
            if head != self._head_text:
                self._head, self._head_text = msgspec.json.decode(head, type=Head), head
            try:
                attribute = self._decode(raw)
            except UnicodeDecodeError:
                attribute = self._decode(text_of(raw))
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return None
        return Row(attribute, self._head.event or attribute.event or _NO_EVENT, self._head.thing or _NO_THING)

    def _wanted(self, row: Row) -> bool:
        if self._to_ids and not _true(row.attribute.to_ids):
            return False
        return self._beside.passes(row.get)

    def _add(self, place: int, row: Row, parts: tuple[bool | str, ...], rows: Rows) -> None:
        kind, text = row.attribute.type, row.attribute.value
        values = text.split("|") if len(parts) > 1 else [text]
        if len(values) != len(parts):
            rows.refused.append((place, "malformed"))
            return
        context = Named.context_of(row, self._readers)
        if "port" in parts:
            context = {"port": values[1], **(context or {})}
        for value, part in zip(values, parts, strict=True):
            if part is True:
                number = f"AS{value.strip()}" if kind == "AS" and value.strip().isdigit() else value
                rows.add(place, one_line(number), context, withdrawn=row.deleted)


def one_line(text: str) -> bytes:
    """Return a value's bytes as rows hold them: without line ends, and whatever JSON's escapes made of it."""
    return text.strip().replace("\n", " ").encode("utf-8", "replace")
