"""Guess how a list is to be read from its body: a declaration to begin with, and on what the guess rests."""

from __future__ import annotations

import ipaddress
import itertools
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from tipd.config import nearest
from tipd.model.canonical import read
from tipd.model.indicator import RefusedValue
from tipd.model.kind import Kind
from tipd.modules.blacklist.guess_formats import further
from tipd.modules.blacklist.parsers.json_records import find
from tipd.modules.blacklist.reading.batch import text_of
from tipd.modules.blacklist.reading.intake import Intake, split_lines
from tipd.modules.blacklist.reading.json_stream import JsonFault, records
from tipd.work.unpack import UnpackLimits, open_body

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

SAMPLE = 300  # rows looked at
_MOST = 0.6  # this share of the rows must be readable
_LONGEST = 4 * 2**20  # bytes of a list that is a single line
_HOSTS = re.compile(r"(?:0\.0\.0\.0|127\.0\.0\.1|::1?)\s+\S")
_P2P = re.compile(r".*:\s*[0-9.]{7,15}\s*-\s*[0-9.]{7,15}\s*\Z")
_INLINE = re.compile(r"[ \t]+[#;].*")
_PATTERNS = {
    "url": r"https?://[^\s\"'<>]+",
    "network": r"\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?:/\d{1,2})?\b",
    "sha256": r"\b[0-9a-fA-F]{64}\b",
}
_DELIMITERS = ("\t", ",", ";", "|", " ")
# Poison is read all the same: a list of private networks is a list of networks.
_UNREADABLE = frozenset({"malformed", "empty", "too_long"})


class Guess(NamedTuple):
    """A declaration's keys (parser, kind, options, expect) and one line on each thing that was guessed."""

    tree: dict[str, Any]
    because: list[str]


def guess(body: Path) -> Guess:
    """Look at the body's first rows. Raises UnpackError, OSError; a body like nothing known is guessed as lines."""
    intake, lines = _first_lines(body)
    look = further(lines, is_page=intake.html)
    found = _guess_json(body) if look is None else Guess(look.tree, [look.because])
    if found is None:
        found = _guess_lines(lines)
        if intake.html:
            found.tree["expect"] = {"html": True}
            found.because.append("it is an HTML page: expect.html says that this is meant")
    return found


def _chunks(body: Path, intake: Intake) -> Iterator[bytes]:
    return intake.clean(open_body(body, UnpackLimits()))


def _first_lines(body: Path) -> tuple[Intake, list[str]]:
    intake = Intake(None)
    lines: list[str] = []
    for run in split_lines(_chunks(body, intake), 65536):
        lines += [text_of(unit) for unit in run.units[: 4 * SAMPLE]]
        if len(lines) >= 4 * SAMPLE:
            break
    return intake, lines


def kind_of(text: str) -> Kind | None:
    """Return the kind a text would have, poison included; None where it cannot be read."""
    try:
        return read(text, poison=False).indicators[0].kind
    except RefusedValue:
        return None


def _share(texts: Sequence[str]) -> float:
    """Return the share of texts that can be read and look like more than a word."""
    if not texts:
        return 0.0
    return sum(_telling(text) for text in texts) / len(texts)


def _telling(text: str) -> bool:
    kind = kind_of(text)
    return kind is not None and (kind is not Kind.DOMAIN or "." in text.strip("."))


def kinds_word(texts: Iterable[str]) -> str | list[str]:
    """Return what `kind` would say of these texts."""
    counts = Counter(kind for text in texts if (kind := kind_of(text)) is not None)
    total = counts.total()
    common = [kind for kind, count in counts.most_common() if count >= 0.02 * total]
    if len(common) == 1:
        return str(common[0])
    if common and set(common) <= {Kind.IPV4, Kind.IPV6, Kind.NETWORK}:
        return "network" if Kind.NETWORK in common else ["ipv4", "ipv6"]
    return "auto"


def _guess_lines(lines: list[str]) -> Guess:
    because: list[str] = []
    options: dict[str, Any] = {}
    marks = [mark for mark in ("#", ";", "//", "!") if any(line.lstrip().startswith(mark) for line in lines)]
    if marks and marks != ["#"]:
        options["comment"] = marks if len(marks) > 1 else marks[0]
        because.append(f"comment: lines begin with {' '.join(marks)}")
    rows = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith(tuple(marks or ["#"]))]
    rows = rows[:SAMPLE]
    for attempt in (_as_hosts, _as_p2p, _as_plain, _as_separated, _as_delimited, _as_regex):
        found = attempt(rows)
        if found is not None:
            found.tree.setdefault("options", {})
            found.tree["options"] = options | found.tree["options"]
            return Guess(found.tree, because + found.because)
    tree = {"parser": "lines", "kind": "auto", "options": options}
    return Guess(tree, [*because, "parser: nothing known was recognised"])


def _matching(rows: list[str], test: Callable[[str], Any]) -> bool:
    return bool(rows) and sum(bool(test(row)) for row in rows) >= _MOST * len(rows)


def _as_hosts(rows: list[str]) -> Guess | None:
    if not _matching(rows, _HOSTS.match):
        return None
    return Guess({"parser": "hosts", "kind": "domain"}, ["parser: lines are an address that leads nowhere and a name"])


def _as_p2p(rows: list[str]) -> Guess | None:
    if not _matching(rows, _P2P.match):
        return None
    return Guess({"parser": "p2p", "kind": "network"}, ["parser: lines are label:first-last"])


def _as_plain(rows: list[str]) -> Guess | None:
    values = [_INLINE.sub("", row) for row in rows]
    if _share(values) < _MOST:
        return None
    kind = kinds_word(values)
    return Guess({"parser": "lines", "kind": kind}, [f"parser: one value a line; kind: {kind}"])


def _as_separated(rows: list[str]) -> Guess | None:
    """Values one after the other, all of them good: not columns, of which one would be taken."""
    for separator in (",", ";", "|"):
        values = [cell.strip() for row in rows for cell in row.split(separator) if cell.strip()]
        if len(values) >= 3 * len(rows) > 0 and _share(values) == 1 and len({kind_of(value) for value in values}) <= 2:
            kind = kinds_word(values)
            tree = {"parser": "lines", "kind": kind, "options": {"separator": separator, "longest": _LONGEST}}
            return Guess(tree, [f"parser: values between {separator!r}; kind: {kind}"])
    return None


def _as_delimited(rows: list[str]) -> Guess | None:
    if len(rows) < 2:
        return None  # one row has no columns: they are seen where rows agree
    best: tuple[float, str, int, list[str]] | None = None
    for delimiter in _DELIMITERS:
        table = [row.split() if delimiter == " " else row.split(delimiter) for row in rows]
        width = Counter(map(len, table)).most_common(1)[0][0] if table else 0
        for column in range(width if width > 1 else 0):
            values = [cells[column].strip(' "') for cells in table if column < len(cells)]
            share = _share(values) * len(values) / len(rows)
            if share >= _MOST and (best is None or share > best[0] + 0.01):
                best = (share, delimiter, column, values)
    if best is None:
        return None
    _, delimiter, column, values = best
    options: dict[str, Any] = {"delimiter": delimiter, "column": column}
    because = [f"parser: columns between {delimiter!r}, the value in column {column} (from 0)"]
    if len(values) > 1 and not _telling(values[0]):
        values = values[1:]
        options["skip"] = 1
        because.append("skip: the first row names the columns")
    kind = kinds_word(values)
    if kind == "ipv4" and _ends_in_next([row.split(delimiter) for row in rows[-len(values) :]], column):
        options["end_column"] = column + 1
        because.append(f"end_column: column {column + 1} has the last address of a range")
        kind = "network"
    return Guess({"parser": "delimited", "kind": kind, "options": options}, [*because, f"kind: {kind}"])


def _ends_in_next(table: list[list[str]], column: int) -> bool:
    """Say whether each row has a range: an address in the column, and one that is not before it in the next."""
    try:
        pairs = [[ipaddress.IPv4Address(cell.strip(' "')) for cell in cells[column : column + 2]] for cells in table]
    except ValueError:
        return False
    return all(len(pair) == 2 and pair[0] <= pair[1] for pair in pairs) and any(pair[0] < pair[1] for pair in pairs)


def _as_regex(rows: list[str]) -> Guess | None:
    for kind, pattern in _PATTERNS.items():
        if sum(bool(re.search(pattern, row)) for row in rows) >= max(1, len(rows) / 4):
            tree = {"parser": "regex", "kind": kind, "options": {"pattern": pattern}}
            return Guess(tree, [f"parser: {kind} values stand inside other text"])
    return None


def _guess_json(body: Path) -> Guess | None:
    intake, lines = _first_lines(body)
    rows = [line.strip() for line in lines if line.strip()]
    if not rows or rows[0][0] not in "{[":
        return None
    objects = [_decoded(row) for row in rows[:SAMPLE]]
    if len(objects) > 1 and sum(isinstance(each, dict) for each in objects) >= _MOST * len(objects):
        field = _best_field(objects)
        if field:
            return _json_guess("jsonl", field, objects, {}, "one JSON object a line")
    for path in ("", "data", "*", "results", "items", "data.*", "indicators"):
        members = _members(body, intake, path)
        field = _best_field(members)
        if field is not None:
            return _json_guess("json", field, members, {"records": path} if path else {}, "a JSON document")
    return None


def _json_guess(parser: str, field: str, members: list[Any], options: dict[str, Any], why: str) -> Guess:
    values = [str(value) for member in members for value in find(member, field) if isinstance(value, str | int)]
    kind = kinds_word(values)
    tree = {"parser": parser, "kind": kind, "options": options | ({"field": field} if field else {})}
    return Guess(tree, [f"parser: {why}; field: {field or 'the record itself'}; kind: {kind}"])


def _decoded(text: str | bytes) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError):
        return None


def _members(body: Path, intake: Intake, path: str) -> list[Any]:
    try:
        found = records(_chunks(body, Intake(None, keep_line_ends=True)), path, 2**20)
        return [_decoded(raw) for _, raw in itertools.islice(found, SAMPLE)]
    except JsonFault:
        return []


def _best_field(members: list[Any]) -> str | None:
    """Return the path whose values can be read most often, an empty one where the members are values themselves."""
    scalars = [member for member in members if isinstance(member, str)]
    if scalars and _share(scalars) >= _MOST:
        return ""
    shares: dict[str, float] = {}
    dicts = [member for member in members if isinstance(member, dict)]
    for key in {key for member in dicts for key in member}:
        values = [str(member[key]) for member in dicts if isinstance(member.get(key), str | int)]
        shares[key] = _share(values) * len(values) / max(len(dicts), 1) + _liking(key)
    best = max(shares, key=shares.__getitem__, default=None)
    return best if best is not None and shares[best] >= _MOST else None


def _liking(key: str) -> float:
    """Return a small advantage for names that mean the value: `url` rather than `reference`."""
    known = frozenset({"ip", "ip_address", "cidr", "url", "domain", "ioc", "ioc_value", "indicator", "value", "host"})
    return 0.1 if key.lower() in known else 0.05 if nearest(key.lower(), known) else 0.0
