"""`[ageing]`: how long a sighting lasts, per source and kind, and when a list counts as gone."""

from __future__ import annotations

from typing import Literal

import msgspec

from tipd.model.kind import Kind
from tipd.modules.blacklist.spans import check_duration


class Ageing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[ageing]`: sightings that end by time.

    `from`: whether a sighting ages from when it was `last` seen or `first` seen
    `gone`: a list that could not be read for so long ends with all it has (`source_gone`): the dead block nobody
    `kinds`: how long by kind, `{ ipv4 = "7d", domain = "90d" }`; other kinds: the declaration's `keep`
    """

    from_: Literal["first", "last"] = msgspec.field(default="last", name="from")
    gone: str = "30d"
    kinds: dict[str, str] = {}

    def __post_init__(self) -> None:
        """Refuse what cannot be meant; ValueError names the key."""
        check_duration("ageing.gone", self.gone)
        for name, span in self.kinds.items():
            if name not in set(Kind):
                raise ValueError(f"ageing.kinds.{name}: is no kind ({', '.join(Kind)})")
            check_duration(f"ageing.kinds.{name}", span)
