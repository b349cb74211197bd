"""`[ageing]`: how long a sighting lasts, per source and kind, and when a list counts as gone."""

from __future__ import annotations

from typing import Literal

import msgspec

from tipd.model.kind import Kind
from tipd.modules.blacklist.spans import check_duration


class Ageing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[ageing]`: sightings that end by time, with the reason `aged`.

    `from`: from when it ages: when it was `last` seen (it vanished from a list of recent rows; it stands in a list that
        could be read last then), or `first` seen, wherever it stands; then it is listed again only once it left and
        came back
    `gone`: a list that could not be read for so long ends with all it has (`source_gone`); counted from its first
        failure, whatever came in its place. Read again, it is listed anew
    `kinds`: how long by kind, `{ ipv4 = "7d", domain = "90d" }`; other kinds: the declaration's `keep` where absence
        means nothing or it ages from first seen, else not at all
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
