"""`abp`: adblock rules that stand for a whole host or one address; hosts lines and bare names among them.

Source: the filter syntax of Adblock Plus and what AdGuard and uBlock Origin added. Exceptions (`@@`) list nothing and
count as filtered; cosmetic rules (`##`) are no rows; a rule that is more than a name is refused as `unsupported`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tipd.modules.blacklist.parsers.named import Named
from tipd.modules.blacklist.parsers.plain import LineParser
from tipd.modules.blacklist.parsers.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.modules.blacklist.declaration import Source
    from tipd.modules.blacklist.parsers.options_rules import AbpOptions

VERSION = 1
_COSMETIC = re.compile(rb"#[@?$%]{0,3}#|\$\$|\$@\$")
_HOST = rb"[^\s/^|*$#,;<>\"'\\]"
_WHOLE = re.compile(rb"\|\|(?:\*\.)?(" + _HOST + rb"{1,300}?)(?:\^\|?|\|)?")
_NETWORK = re.compile(rb"\|\|([0-9a-fA-F.:]+/\d{1,3})\^?")
_EXACT = re.compile(rb"\|(https?://[^\s*|]{1,4000}?)(?:\^|\|)?")
_NOWHERE = re.compile(rb"(?:0\.0\.0\.0|127\.0\.0\.1|::1?)\s+(\S{1,300})\s*(?:#.*)?")
_BARE = re.compile(rb"(?:\*\.)?([\w.:-]{1,300}\.[\w-]{1,63})\.?", re.ASCII)
_MODIFIERS = re.compile(rb"\$([\w~,=|.:*/-]*)\Z", re.ASCII)
_OWN = frozenset({b"localhost", b"localhost.localdomain", b"local", b"broadcasthost"})


class Abp(LineParser):
    """Rules one a line; nothing stands beside them."""

    def __init__(self, source: Source, options: AbpOptions) -> None:
        """Raise ValueError for fields: rules have none."""
        super().__init__(options)
        Named(source, {}, ())
        self._any = "*" in options.modifiers
        self._modifiers = frozenset(word.encode() for word in options.modifiers)

    def parse(self, units: Sequence[bytes]) -> Rows:
        """Return the host, network or address of each rule."""
        rows = Rows()
        for place, line in enumerate(units):
            rule = line.strip()
            if not rule or rule.startswith(self.comments) or rule.startswith(b"#") or _COSMETIC.search(rule):
                rows.blank += 1
            elif rule.startswith(b"@@"):
                rows.filtered += 1
            else:
                self._rule(place, rule, rows)
        return rows

    def _rule(self, place: int, rule: bytes, rows: Rows) -> None:
        value = self._value(rule)
        if value is None:
            rows.refused.append((place, "unsupported"))
        elif value in _OWN:
            rows.blank += 1
        else:
            rows.add(place, value)

    def _value(self, rule: bytes) -> bytes | None:
        modifiers = _MODIFIERS.search(rule) if b"$" in rule else None
        if modifiers is not None:
            if not self._any and not self._modifiers.issuperset(modifiers[1].split(b",")):
                return None
            rule = rule[: modifiers.start()]
        for pattern in (_WHOLE, _NETWORK, _EXACT, _NOWHERE, _BARE):
            match = pattern.fullmatch(rule)
            if match is not None:
                return match[1]
        return None
