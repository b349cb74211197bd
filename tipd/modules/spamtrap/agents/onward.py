"""Chains as they may be passed on: the agent's own manifests, whole and in order, and the lines each of them allows.

A manifest that does not allow its lines to be passed on is still served: without it the chain would have a hole, and
nobody could verify what follows. It tells numbers, times and counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tipd.agent.protocol import Manifest
from tipd.model.tlp import Tlp, read_tlp

if TYPE_CHECKING:
    from pathlib import Path

    from tipd.agent.chain import Chain

_decoder = msgspec.json.Decoder(Manifest)
LATEST = 4096  # verdicts remembered


class Onward:
    """A pulled chain, as `tipd.agent.shelf.Readable`. Only versions up to `upto` are shown: those that are stored."""

    def __init__(self, chain: Chain, most: Tlp) -> None:
        """`most`: the strictest mark that is passed on."""
        self._chain = chain
        self._most = most
        self._allowed: dict[int, bool] = {}
        self._looked = 0
        self._any = False
        self.last = 0
        self.first = 0

    def show(self, upto: int) -> None:
        """Show versions up to this one; look again at what lies there."""
        self._chain.refresh()
        self.last = min(upto, self._chain.last)
        start = self.first or self._chain.first or self.last + 1
        self.first = next((n for n in range(start, self.last + 1) if self._gives(n)), 0)
        while not self._any and self._looked < self.last:
            self._looked += 1
            self._any = self._may(self._looked)

    @property
    def allowed(self) -> bool:
        """Whether any of its lines may be passed on, or might have been: who has them must hear what is taken back."""
        return self._any

    def manifest(self, n: int) -> bytes:
        """Return a manifest as the agent signed it; raises FileNotFoundError."""
        if n > self.last:
            raise FileNotFoundError(n)
        return self._chain.manifest(n)

    def body(self, n: int) -> Path:
        """Return where the lines lie; raises FileNotFoundError where they are gone or may not be passed on."""
        if n > self.last or not self._may(n):
            raise FileNotFoundError(n)
        return self._chain.body(n)

    def _gives(self, n: int) -> bool:
        return self._chain.has_body(n) and self._may(n)

    def _may(self, n: int) -> bool:
        if n not in self._allowed:
            if len(self._allowed) >= LATEST:
                self._allowed.clear()
            manifest = _decoder.decode(self._chain.manifest(n))
            mark = read_tlp(manifest.tlp)
            self._allowed[n] = manifest.onward and mark <= self._most and mark < Tlp.RED
        return self._allowed[n]
