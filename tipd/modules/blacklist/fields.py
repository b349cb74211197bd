"""`[fields]`: where a row says something beside its indicator, and how it is read."""

from __future__ import annotations

import re
import warnings
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from tipd.config import nearest
from tipd.model.classes import CLASSES
from tipd.model.context import CLASS, FIRST_SEEN, LAST_SEEN, TLP, UNTIL
from tipd.model.tlp import tlp_of

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST = 24  # keys beside a row
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}\Z", re.ASCII)
_SAMPLE = datetime(2026, 11, 22, 13, 14, 15, tzinfo=UTC)
_DATES = (FIRST_SEEN, LAST_SEEN, UNTIL)


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[fields]`: an entry that is more than a place, such as `tags = { at = "tags", split = "," }`.

    `at`: the place, as it stands alone elsewhere: a column's number or name, a path, a group
    `split`: a text that parts several values in one; empty parts are left out
    `map`: the source's words (letters' case apart) to those that are kept; `""` keeps nothing, other words stay
    `format`: how rare dates are written, in the marks of strptime (`%d/%m/%Y %H:%M`); usual forms need none
    """

    at: int | str
    split: str = ""
    map: dict[str, str] = {}
    format: str = ""


type Place = int | str | Field


def check(fields: Mapping[str, Place]) -> None:
    """Raise ValueError, with the key, for an entry that cannot be meant."""
    if len(fields) > MOST:
        raise ValueError(f"fields: at most {MOST}")
    for name, place in fields.items():
        if not _NAME.match(name):
            raise ValueError(f"fields.{name}: a field's name is lower-case letters, digits and '_'")
        if isinstance(place, Field):
            _check_field(name, place)


def _check_field(name: str, field: Field) -> None:
    if field.format and name not in _DATES:
        raise ValueError(f"fields.{name}: format is for dates ({', '.join(_DATES)})")
    if field.format:
        _check_format(name, field.format)
    for word in field.map.values():
        if name == CLASS and word and word not in CLASSES:
            raise ValueError(f"fields.{name}: there is no class {word!r}{nearest(word, CLASSES)}")
        if name == TLP and word:
            try:
                tlp_of(word)
            except ValueError as error:
                raise ValueError(f"fields.{name}: {error}") from None


def _check_format(name: str, form: str) -> None:
    """Write a date in it, and read it back."""
    try:
        with warnings.catch_warnings(action="ignore"):  # that there is no year is said below
            read = datetime.strptime(_SAMPLE.strftime(form), form)  # noqa: DTZ007 - only its day is looked at
    except (ValueError, re.error) as error:
        raise ValueError(f"fields.{name}: format {form!r} cannot be read: {error}") from None
    if read.date() != _SAMPLE.date():
        raise ValueError(f"fields.{name}: format {form!r} names no day: year, month and day are needed")


def places(fields: Mapping[str, Place]) -> dict[str, int | str]:
    """Return where each field stands, for parsers: they hand over what stands there as it is."""
    return {name: place.at if isinstance(place, Field) else place for name, place in fields.items()}
