"""Rows that their source takes back: of all a body says about an indicator, the last word holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from tipd.modules.blacklist.reading.batch import Group


class Withdrawn:
    """Parts what is taken back from what is listed, in the order of the body."""

    def __init__(self) -> None:
        """Nothing was taken back yet."""
        self._last: dict[int, bool] = {}  # of keys that were taken back once: whether that was the last word

    def part(self, group: Group, rows: AbstractSet[int]) -> Group:
        """Return the group without the rows that are taken back (`rows`: their places)."""
        if not rows and not self._last:
            return group
        stays = np.ones(len(group.rows), np.bool_)
        for place, (row, key) in enumerate(zip(group.rows.tolist(), group.keys.tolist(), strict=True)):
            if row in rows:
                stays[place] = False
                self._last[key] = True
            elif key in self._last:
                self._last[key] = False
        if stays.all():
            return group
        places = np.flatnonzero(stays)
        values = [group.values[place] for place in places.tolist()]
        return group._replace(values=values, keys=group.keys[places], rows=group.rows[places])

    def write(self, path: Path) -> int:
        """Write the keys whose last word was that they are taken back (little-endian int64); return how many."""
        keys = np.array(sorted(key for key, taken in self._last.items() if taken), "<u8")
        path.write_bytes(keys.tobytes())
        return len(keys)
