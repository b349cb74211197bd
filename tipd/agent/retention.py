"""Old versions lose their lines: by age, and by what they take on the disk. Their manifests stay as tombstones."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from tipd.agent.protocol import Manifest
from tipd.config import size

if TYPE_CHECKING:
    from tipd.agent.chain import Chain

_manifest = msgspec.json.Decoder(Manifest)


def retain(chain: Chain, before: datetime, most: str) -> int:
    """Bury what was sealed before a moment, then the oldest until the rest takes at most `most`; return how many.

    A version that goes on with older ones is as old as the newest of them. Raises OSError.
    """
    kept: list[tuple[int, int]] = []
    buried = 0
    for n in range(chain.first or chain.last + 1, chain.last + 1):
        if not chain.has_body(n):
            continue
        manifest = _manifest.decode(chain.manifest(n))
        if datetime.fromisoformat(manifest.carried_from or manifest.sealed) < before:
            chain.bury(n)
            buried += 1
        else:
            kept.append((n, manifest.bytes))
    room, total = size(most), sum(taken for _, taken in kept)
    for n, taken in kept[:-1]:  # the newest stays, however long it is
        if total <= room:
            break
        chain.bury(n)
        buried += 1
        total -= taken
    return buried
