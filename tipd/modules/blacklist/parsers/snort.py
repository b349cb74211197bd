"""`snort`: addresses in the headers of Snort and Suricata rules, and where declared the names in their contents.

Sources: the rule formats of Snort 2.9, Snort 3 and Suricata. A rule may go over several lines, each but the last
ending in a backslash. Rules that are switched off (`# alert …`) are comments; `pass` lists nothing; variables and `any`
are no addresses; an address that is excepted (`!`) turns the whole list's meaning around: refused as `negated`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tipd.modules.blacklist.parsers.named import Named
from tipd.modules.blacklist.parsers.plain import LineParser
from tipd.modules.blacklist.parsers.rows import Rows
from tipd.modules.blacklist.parsers.snort_options import Options as RuleOptions
from tipd.modules.blacklist.parsers.snort_options import names_in
from tipd.modules.blacklist.reading.batch import text_of
from tipd.modules.blacklist.reading.intake import Unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tipd.modules.blacklist.declaration import Source
    from tipd.modules.blacklist.parsers.options_rules import SnortOptions

VERSION = 1
_OWN = {"reference": "reference"}
_NAMES = ("sid", "rev", "msg", "reference", "classtype", "priority", "action", "protocol", "metadata")
_ACTIONS = r"alert|block|drop|reject|rejectsrc|rejectdst|rejectboth|react|rewrite|sdrop|log|pass|config"
_LIST = r"!?\[[^\[\]]*+(?:\[[^\[\]]*+\][^\[\]]*+)*+\]|[^\s\[(]+"
_HEADER = re.compile(
    rf"\s*+(?P<action>{_ACTIONS})\s++(?P<protocol>[\w.-]++)\s*+"
    rf"(?:(?P<source>{_LIST})\s++(?P<port>{_LIST})\s++(?:->|<>|<-|=>)\s++(?P<destination>{_LIST})\s++(?:{_LIST})\s*+)?"
    r"\((?P<options>.*)\)\s*+",
    re.ASCII | re.DOTALL | re.IGNORECASE,
)
_ELEMENT = re.compile(r"(!?)\s*+(\[|\]|\$\w++|[\w.:/-]++)", re.ASCII)
_PASSING = frozenset({"pass", "config"})


class Snort(LineParser):
    """Rules, one or several lines each."""

    def __init__(self, source: Source, options: SnortOptions) -> None:
        """Raise ValueError for fields a rule does not have."""
        super().__init__(options)
        self._beside = Named(source, _OWN, _NAMES)
        self._sides = options.addresses
        self._buffers = frozenset(options.content)
        self._bound = options.longest

    def units(self, chunks: Iterable[bytes]) -> Iterator[Unit]:
        """Cut into lines; a rule over several stands in its last."""
        held, last = b"", 1
        for run in super().units(chunks):
            last = run.first + len(run.units)
            if not held and not any(line.endswith(b"\\") for line in run.units):
                yield run
                continue
            units, overlong = list(run.units), list(run.overlong)
            for place, line in enumerate(run.units):
                whole = held + line
                held = b""
                if len(whole) > self._bound:
                    overlong.append(place)
                    whole = b""
                elif line.endswith(b"\\") and not self.is_blank(whole):
                    held, whole = whole[:-1] + b" ", b""
                units[place] = whole
            yield Unit(run.first, units, tuple(sorted(set(overlong))))
        if held:
            yield Unit(last, [held])

    def parse(self, units: Sequence[bytes]) -> Rows:
        """Return the addresses and names of each rule."""
        rows = Rows(contexts=[])
        for place, line in enumerate(units):
            if self.is_blank(line):
                rows.blank += 1
                continue
            match = _HEADER.fullmatch(text_of(line))
            if match is None:
                rows.refused.append((place, "malformed"))
            else:
                self._rule(place, match, rows)
        return rows

    def _rule(self, place: int, match: re.Match[str], rows: Rows) -> None:
        options = RuleOptions(match["options"])
        said: dict[str, Any] = {
            **options.said,
            "action": match["action"].lower(),
            "protocol": match["protocol"].lower(),
        }
        if said["action"] in _PASSING or not self._beside.passes(said.get):
            rows.filtered += 1
            return
        found: list[str] = []
        for side in self._sides:
            addresses = _addresses(match[side] or "")
            if addresses is None:
                rows.refused.append((place, "negated"))
                return
            found += addresses
        if self._buffers:
            found += names_in(options, self._buffers, said["protocol"])
        if not found:
            rows.refused.append((place, "unsupported"))
            return
        context = self._beside.context(said.get)
        for value in dict.fromkeys(found):
            rows.add(place, value.encode(), context)


def _addresses(text: str) -> list[str] | None:
    """Return the addresses in a list, without variables and `any`; None where an address is excepted."""
    found: list[str] = []
    if "." not in text and ":" not in text:
        return found
    turned = [False]  # of the lists we are in
    for match in _ELEMENT.finditer(text):
        excepted, word = turned[-1] or bool(match[1]), match[2]
        if word == "[":
            turned.append(excepted)
        elif word == "]":
            turned = turned[:-1] or [False]
        elif word[0] != "$" and ("." in word or ":" in word):
            if excepted:
                return None
            found.append(word)
    return found
