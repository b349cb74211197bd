"""The `[options]` of each parser: frozen types, unknown keys are errors."""

from __future__ import annotations

import msgspec


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every parser of lines takes.

    `comment`: what begins a comment line, one mark or several; `""` or `[]` for none
    `skip`: so many rows at the top are no data (counted without comments and empty lines)
    `longest`: bytes of a line or record; a longer one is refused
    """

    comment: str | tuple[str, ...] = ("#",)
    skip: int = 0
    longest: int = 65536

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if self.skip < 0:
            raise ValueError("skip must not be negative")
        if not 80 <= self.longest <= 4 * 2**20:
            raise ValueError("longest must be from 80 to 4194304")

    @property
    def comments(self) -> tuple[bytes, ...]:
        """The marks as bytes."""
        marks = (self.comment,) if isinstance(self.comment, str) else self.comment
        return tuple(mark.encode() for mark in marks if mark)


class LinesOptions(Options, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`lines`: one value a line.

    `inline`: a comment mark after a blank ends the value (`192.0.2.1 # why`); false where it belongs to it
    `separator`: one character that parts values besides the line's end
    `prefix`: a text before each value that is taken off (`deny from `); lines without it are refused
    """

    inline: bool = True
    separator: str = ""
    prefix: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        super().__post_init__()
        if len(self.separator.encode()) > 1:
            raise ValueError("separator must be one ASCII character")


class DelimitedOptions(Options, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`delimited`: columns, counted from 0 or named by a header line.

    `delimiter`: one or more characters; `" "` means any run of blanks
    `column`: where the value stands: a number, or a name in the header
    `header`: the first row that is no comment names the columns; true without being asked where `column` is a name
    `header_comment`: the last comment line before the first row names them (`# id,dateadded,url`)
    `quote`: the character around fields, doubled inside; `""` for none
    `strip`: take blanks off every field
    `prefix_column`: column of a prefix length or dotted mask that goes with the address
    `end_column`: column of the last address of a range
    `port_column`: column of the port that goes with the value
    `split`: a text that parts several values in the one column
    """

    delimiter: str = ","
    column: int | str = 0
    header: bool = False
    header_comment: bool = False
    quote: str = '"'
    strip: bool = True
    prefix_column: int | str | None = None
    end_column: int | str | None = None
    port_column: int | str | None = None
    split: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        super().__post_init__()
        if not self.delimiter or "\n" in self.delimiter:
            raise ValueError("delimiter must be at least one character, and no line end")
        if len(self.quote.encode()) > 1:
            raise ValueError("quote must be one ASCII character")
        if self.prefix_column is not None and self.end_column is not None:
            raise ValueError("prefix_column and end_column exclude each other")
        for name in ("column", "prefix_column", "end_column", "port_column"):
            value = getattr(self, name)
            if isinstance(value, int) and not -100 <= value <= 1000:
                raise ValueError(f"{name} must be from -100 to 1000")


class HostsOptions(Options, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`hosts`: `0.0.0.0 name`; the names that every such file has for the machine itself are passed over."""


class JsonOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`json` and `jsonl`: records, and where in each the value stands.

    `records`: (json) dotted path to the records; `*` steps into every member of an object or array; the members of
        what the path names are the records. Empty: the whole document is the array or object of records
    `field`: dotted path inside a record to its value; `*` for every element; empty where the record *is* the value
    `key`: (json) the value is the record's own key in its object
    `port_field`: dotted path to the port that goes with the value
    `prefix_field`: dotted path to a prefix length that goes with the address
    `withdrawn`: field → values, as in `[where]`: a record that fits takes its value back, whatever `[where]` says;
        where only changes are asked for, what was listed ends
    `comment`: (jsonl) what begins a comment line
    `longest`: bytes of a record
    """

    records: str = ""
    field: str = ""
    key: bool = False
    port_field: str = ""
    prefix_field: str = ""
    withdrawn: dict[str, tuple[str | int | bool, ...]] = {}
    comment: str | tuple[str, ...] = ("#",)
    longest: int = 2**20

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if not 80 <= self.longest <= 16 * 2**20:
            raise ValueError("longest must be from 80 to 16777216")


class RegexOptions(Options, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`regex`: every match in a line, by RE2 (linear in time; no look-around, no back-references).

    `pattern`: the expression. The value is the group `value`, else the first group, else the whole match; groups
        `first` and `last` make a range, `network` and `mask` a network, `port` a port; others are for `[fields]`
    """

    pattern: str
    comment: str | tuple[str, ...] = ()


class P2pOptions(Options, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`p2p`: `label:first-last`, as peer-to-peer programs read it."""
