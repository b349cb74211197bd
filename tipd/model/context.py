"""What a source says beside an indicator: names, types, and how the words of several rows become one context.

A context is a JSON object. A key has one value, or a sorted list of at most 16 different ones:

- `port`: 1 to 65535
- `class`: what being listed means (tipd/model/classes.py); only where it differs from the source's own
- `malware`, `reference`, `status` and every further name that a declaration gives: text, numbers and truth values
- `confidence`: as the source says it: a number (of 0 to 1, of 0 to 100, whatever its scale) or a word
- `first_seen`, `last_seen`: the source's own dates, RFC 3339 in UTC, always one: the earliest and the latest

`tlp` and `until` are said by rows too, but stand in columns of their own. Pure; hostile text is tamed here: no control
or formatting characters, white space as single blanks, at most 500 characters a value and 8 KiB a context.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import msgspec

from tipd.model.classes import read_class
from tipd.model.moment import read_moment, rfc3339
from tipd.model.tlp import read_tlp

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime, tzinfo

type Scalar = str | int | float | bool
type Context = dict[str, Any]  # name -> Scalar or list of them

PORT, CLASS, MALWARE, REFERENCE, STATUS, CONFIDENCE = "port", "class", "malware", "reference", "status", "confidence"
FIRST_SEEN, LAST_SEEN = "first_seen", "last_seen"
KNOWN = (PORT, CLASS, MALWARE, REFERENCE, STATUS, CONFIDENCE, FIRST_SEEN, LAST_SEEN)
TLP, UNTIL = "tlp", "until"  # not in the context: columns
MOST_VALUES = 16  # of one key
LONGEST = 500  # characters of a value
MOST_BYTES = 8192  # of a context as JSON

_DATES = {FIRST_SEEN: min, LAST_SEEN: max}
# What lists write where they have nothing to say.
NOTHING = frozenset({"", "-", "--", "none", "null", "nil", "n/a", "nan", "\\n"})
_NO_DATE = NOTHING | {"0", "never", "unknown", "na", "?", "0000-00-00", "0000-00-00 00:00:00"}
_ALL_PORTS = re.compile(
    r"(?:(?:[1-9]\d{0,3}|[1-5]\d{4}|6(?:[0-4]\d{3}|5(?:[0-4]\d\d|5(?:[0-2]\d|3[0-5]))))(?:\n|\Z))++", re.ASCII
)
_encode = msgspec.json.Encoder(order="sorted").encode


class Unreadable(ValueError):
    """A value that is not what its key wants: a port of 70000, a date of the year 9999."""


def text_of(value: Any) -> str:
    """Return any value as decent text; it may be empty."""
    text = value if isinstance(value, str) else "" if value is None else _json(value)
    if not text.isprintable():
        text = "".join([sign if sign.isprintable() else " " if sign.isspace() else "" for sign in text])
    if "  " in text or text[:1] == " " or text[-1:] == " ":
        text = " ".join(text.split())
    return text if len(text) <= LONGEST else text[:LONGEST].rstrip()


def _json(value: Any) -> str:
    try:
        return _encode(value).decode()
    except (OverflowError, UnicodeEncodeError, RecursionError):
        return ""


def value_of(name: str, raw: Any, zone: tzinfo, form: str = "") -> Scalar | None:
    """Return what one raw value says under a key, None where it says nothing; raises Unreadable.

    `zone` is that of dates without offset, `form` their strptime format where they have a rare one.
    """
    if name in _DATES:
        moment = moment_of(raw, zone, form)
        return None if moment is None else rfc3339(moment)
    if not isinstance(raw, str):
        if isinstance(raw, bool):
            return None if name in (PORT, CLASS, CONFIDENCE) else raw
        if isinstance(raw, int | float) and name not in (PORT, CLASS):
            return _number(raw)
    text = text_of(raw)
    if len(text) < 5 and text.lower() in NOTHING:
        return None
    reader = _READERS.get(name)
    return text if reader is None else reader(text)


def all_ports(lines: str) -> bool:
    """Say whether all of the lines are ports as JSON writes them."""
    return _ALL_PORTS.fullmatch(lines) is not None


def all_plain_texts(lines: str, texts: Sequence[str]) -> bool:
    """Say whether `text_of` and JSON leave all of the texts (and `lines`, the same joined) as they are."""
    if any(mark in lines for mark in ('"', "\\", "  ", " \n", "\n ")) or lines[:1] == " " or lines[-1:] == " ":
        return False
    sizes = [*map(len, texts)]
    return min(sizes) > 4 and max(sizes) <= LONGEST and "".join(texts).isprintable()


def moment_of(raw: Any, zone: tzinfo, form: str = "") -> datetime | None:
    """Return the moment a raw value names, None where it says nothing; raises Unreadable."""
    text = raw if isinstance(raw, str) else text_of(raw)
    moment = read_moment(text, zone, form)
    if moment is None and text.strip().lower() not in _NO_DATE:
        raise Unreadable(f"{text[:60]!r} is no date")
    return moment


def _number(raw: float) -> Scalar | None:
    """Return a number as JSON and jsonb hold it, one of each size: `1.0` is `1`."""
    if not math.isfinite(raw):
        return None
    if abs(raw) >= 2**63:
        raise Unreadable("a number of more than 19 digits")
    return int(raw) if raw == int(raw) and abs(raw) < 2**53 else raw


def _port(text: str) -> int | None:
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise Unreadable(f"{text[:60]!r} is no port")
    number = int(text)
    if number > 65535:
        raise Unreadable(f"{number} is no port")
    return number or None


def _class(text: str) -> str:
    word = read_class(text)
    if word is None:
        raise Unreadable(f"{text[:60]!r} is no class")
    return word


def _confidence(text: str) -> Scalar | None:
    try:
        number = float(text.removesuffix("%").strip())
    except ValueError:
        return text
    return text if "_" in text else _number(number)


_READERS = {PORT: _port, CLASS: _class, CONFIDENCE: _confidence}


def joined(name: str, values: Iterable[Scalar]) -> Any:
    """Return values of one key as a context holds them: one, or the first 16 of their order; of dates the right one."""
    distinct = {_order(value): value for value in values}
    if name in _DATES:
        return _DATES[name](distinct.values())
    chosen = [distinct[place] for place in sorted(distinct)[:MOST_VALUES]]
    return chosen[0] if len(chosen) == 1 else chosen


def _order(value: Scalar) -> tuple[int, Any]:
    """Truth values, numbers, text: JSON's `true`, `1` and `"1"` are three values, its `1` and `1.0` are one."""
    return (0 if isinstance(value, bool) else 2 if isinstance(value, str) else 1, value)


def merged(contexts: Sequence[Mapping[str, Any]]) -> Context:
    """Return what several contexts say together. In whatever order, however grouped, said once or twice: the same."""
    if len(contexts) == 1:
        return dict(contexts[0])
    values: dict[str, list[Scalar]] = {}
    for context in contexts:
        for name, value in context.items():
            values.setdefault(name, []).extend(value if isinstance(value, list) else (value,))
    return {name: joined(name, all_of_it) for name, all_of_it in values.items()}


def fitted(context: Context) -> Context:
    """Return the context, at most 8 KiB large: values are left out from the end of lists, then further names."""
    if len(context) <= 8 and not any(isinstance(value, list) for value in context.values()):
        sizes = sum(len(value) for value in context.values() if isinstance(value, str))
        if sizes * 6 + 400 < MOST_BYTES:
            return context
    for most in (MOST_VALUES, 8, 4, 2, 1):
        cut = {
            name: joined(name, value[:most]) if isinstance(value, list) else value for name, value in context.items()
        }
        if len(_encode(cut)) <= MOST_BYTES:
            return cut
    for name in sorted(cut, key=lambda name: (name in KNOWN, name), reverse=False):
        del cut[name]
        if len(_encode(cut)) <= MOST_BYTES:
            break
    return cut


def encoded(context: Context) -> bytes:
    """Return the context as JSON, the same bytes for the same context: names in order, no blanks."""
    return _encode(context)


def json_of(value: Scalar | list[Scalar]) -> bytes:
    """Return one key's value as `encoded` writes it."""
    return _encode(value)


def mark_of(raws: Sequence[Any]) -> int | None:
    """Return the TLP of a row: the strictest that its values name, None where they name none.

    A single text that is no mark is red (nobody knows who may see it); among tags those that begin with `tlp` count.
    """
    texts = [text for text in map(text_of, raws) if text.lower() not in NOTHING]
    if len(raws) > 1:
        texts = [text for text in texts if text.lower().startswith("tlp")]
    return max((int(read_tlp(text)) for text in texts), default=None)


def stricter(one: int | None, other: int | None) -> int | None:
    """Return the stricter of two marks, None where there is none."""
    return other if one is None else one if other is None else max(one, other)


def later(one: int | None, other: int | None) -> int | None:
    """Return the later of two ends (of any unit); None has no end."""
    return None if one is None or other is None else max(one, other)
