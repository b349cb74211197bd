"""The `[options]` of parsers whose records are no lines: MISP, STIX, RSS, HTML."""

from __future__ import annotations

from typing import Literal

import msgspec

_MEBIBYTE = 2**20


def check_longest(longest: int, most: int = 64 * _MEBIBYTE) -> None:
    """Raise ValueError where a bound is out of bounds."""
    if not 80 <= longest <= most:
        raise ValueError(f"longest must be from 80 to {most}")


class MispOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`misp`: attributes of events, of a feed or from `restSearch`.

    `to_ids`: only attributes that their source marks as fit for detection
    `longest`: bytes of an attribute, of an object with all its attributes, and of each other value of an event
    """

    to_ids: bool = True
    longest: int = 16 * _MEBIBYTE

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        check_longest(self.longest)


class StixOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`stix`: indicators of STIX 2.1 bundles and TAXII envelopes.

    `observables`: objects that are only observed (`ipv4-addr`, `url`, `file`, …) are rows too
    `markings`: what markings mean that are no TLP ones, by id: `{ "marking-definition--…" = "green" }`; others are red
    `longest`: bytes of an object
    """

    observables: bool = False
    markings: dict[str, str] = {}
    longest: int = _MEBIBYTE

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        from tipd.model.tlp import tlp_of

        check_longest(self.longest)
        for identity, word in self.markings.items():
            try:
                tlp_of(word)
            except ValueError as error:
                raise ValueError(f"markings.{identity}: {error}") from None


class RssOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`rss`: RSS and Atom. An item's elements are named as they stand there, `dc:date`, `enclosure@url`, `author/name`.

    `item`: the element of an item, one or several
    `value`: the element of an item that has the value; where it is empty, its `@href`
    `pattern`: an RE2 expression: every match in the value is one; the group `value`, else the first, else all of it
    `longest`: bytes of an item
    """

    item: str | tuple[str, ...] = ("item", "entry")
    value: str = "link"
    pattern: str = ""
    longest: int = _MEBIBYTE

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        check_longest(self.longest)


class HtmlOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`html`: tables of a page, or its links, or the lines of its text.

    `take`: `table`: a row is a row; `links`: the addresses of links; `pre`: the lines of preformatted text; `text`: all
        lines
    `table`: which table, counted from 0, `#id` or `.class`; empty: all of them
    `column`: where the value stands: a number from 0, or a name in the row of headings
    `href`: the address of the link in the column, not its text
    `port_column`: the column of the port that goes with the value
    `pattern`: an RE2 expression: every match in the value is one; the group `value`, else the first, else all of it
    `longest`: bytes of a page; a longer one is refused
    """

    take: Literal["table", "links", "pre", "text"] = "table"
    table: int | str = ""
    column: int | str = 0
    href: bool = False
    port_column: int | str | None = None
    pattern: str = ""
    longest: int = 16 * _MEBIBYTE

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        check_longest(self.longest)
        if isinstance(self.table, str) and self.table and self.table[0] not in "#.":
            raise ValueError("table must be a number, '#id' or '.class'")
        if isinstance(self.column, int) and self.column < 0:
            raise ValueError("column must not be negative")
