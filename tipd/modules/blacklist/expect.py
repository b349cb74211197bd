"""`[expect]`: what a right body looks like."""

from __future__ import annotations

import msgspec

from tipd.modules.blacklist.spans import check_duration


class Expect(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[expect]`: what a right body looks like; one that does not is set aside and the last good set stays.

    `must_match`: a text that stands in it
    `min_rows`: fewer rows than this are refused
    `max_rows`: more are
    `max_shrink`: the share of yesterday's indicators that may be gone; when not given 0.5 for lists of 10 and more; not
        asked where absence means nothing
    `max_growth`: so many times yesterday's; when not given 20 for lists of 100 and more
    `max_bad`: the share of rows that may be unreadable; when not given 0.5
    `may_be_empty`: no rows at all are good news, not a fault
    `html`: the list is an HTML page
    `max_age`: a list that did not change for longer is stale
    """

    must_match: str = ""
    min_rows: int = 0
    max_rows: int = 0
    max_shrink: float | None = None
    max_growth: float | None = None
    max_bad: float = 0.5
    may_be_empty: bool = False
    html: bool = False
    max_age: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be meant; ValueError names the key."""
        for key in ("max_shrink", "max_bad"):
            value = getattr(self, key)
            if value is not None and not 0 <= value <= 1:
                raise ValueError(f"{key} must be from 0 to 1")
        if self.max_growth is not None and self.max_growth < 1:
            raise ValueError("max_growth must be at least 1")
        if self.min_rows < 0 or self.max_rows < 0:
            raise ValueError("min_rows and max_rows must not be negative")
        if self.max_age:
            check_duration("max_age", self.max_age)
