"""Views: which part of its records a host shows to whom, as data."""

from __future__ import annotations

import msgspec

FULL = "full"
OF_NOBODY = ("format", "sha256", "at", "size", "class", "trap", "urls", "hosts", "template", "text_hash", "defects")
"""Fields that say nothing of people."""


class View(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One view, `[views.NAME]`.

    `maildirs`: of which maildirs (globs as in `[agent] maildirs`); empty: of all
    `fields`: the keys of a record it shows; empty: all
    `delay`: how long after a mail came it may be told at the earliest
    `tlp`: how it is marked: `"clear"`, `"green"`, `"amber"`, `"amber+strict"` or `"red"`
    `licence`: under which terms it is given
    `onward`: whether whoever takes it may pass it on
    """

    maildirs: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    delay: str = "0s"
    tlp: str = "amber"
    licence: str = ""
    onward: bool = False


SHIPPED = {
    "urls": View(fields=OF_NOBODY, tlp="green", onward=True),
    "redacted": View(tlp="amber"),
    FULL: View(tlp="red"),
}
