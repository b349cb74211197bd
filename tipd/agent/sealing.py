"""Versions out of waiting lines: written whole, signed, chained, and never twice.

In order: what the version is about to hold is noted in the ledger; its lines are compressed into a file beside the
chain and made durable; the chain takes lines and manifest in; the versions it goes on with (`carrying`) lose theirs;
the ledger lets go. Whatever step is cut off, `recover` finishes or takes back, by what the sealed folder holds.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import zstandard

from tipd.agent import carrying
from tipd.agent.protocol import Manifest, digest, public_text, sign
from tipd.mail.headers import written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from tipd.agent.chain import Chain
    from tipd.agent.keys import Keys
    from tipd.agent.ledger import Ledger
    from tipd.clock import Clock
    from tipd.mail.view import View

LEVEL = 6
MOST_WITHDRAWN = 20_000  # of one version: its manifest has a bound
_TMP = "sealing.tmp"


class _Written(NamedTuple):
    """The file of a version's lines; `first`, `last`: times of the mails in it."""

    sha256: str
    size: int
    raw_bytes: int
    records: int
    first: str
    last: str


class Sealer:
    """Seals the chains of one agent. Blocks while it writes: call it from a thread, one at a time."""

    def __init__(
        self,
        *,
        agent: str,
        chains: Mapping[str, Chain],
        views: Mapping[str, View],
        ledger: Ledger,
        keys: Keys,
        clock: Clock,
    ) -> None:
        """`chains`: by view, read anew at each call, so that views may be added."""
        self._agent = agent
        self._chains = chains
        self._views = views
        self._ledger = ledger
        self._keys = keys
        self._clock = clock
        self._told: list[Callable[[str, int], None]] = []

    def on_sealed(self, told: Callable[[str, int], None]) -> None:
        """Have a callable told of each version (view, number) that `tell` is told of."""
        self._told.append(told)

    def tell(self, view: str, n: int) -> None:
        """Tell who wants to know; in the caller's thread."""
        for told in self._told:
            told(view, n)

    def recover(self, view: str) -> int:
        """Finish or take back what was cut off; return how many versions the ledger had missed. Raises OSError."""
        chain = self._chains[view]
        chain.refresh()
        (chain.folder / _TMP).unlink(missing_ok=True)
        known = self._ledger.seen(view)
        for n in range(known + 1, chain.last + 1):
            manifest = msgspec.json.decode(chain.manifest(n), type=Manifest)
            withdrawn = [bytes.fromhex(each) for each in manifest.withdraws]
            carrying.bury(chain, manifest.carries, n)
            if chain.has_body(n):
                held = (bytes.fromhex(known.sha256) for known, _ in carrying.lines_of(chain.body(n)))
                self._ledger.sealed_before(view, n, held, withdrawn)
            else:
                self._ledger.sealed(view, n)
                self._ledger.sealed_before(view, n, (), withdrawn)
        self._ledger.release(view)
        return max(0, chain.last - known)

    def seal(self, view: str, most: int, *, backlog: bool = False) -> int:
        """Seal what waits for a view, `most` lines at most; return the version's number, 0 where nothing waits.

        Raises OSError, sqlite3.Error, ConfigError (a key is missing); then nothing is lost, and `recover` must be
        called before the next attempt.
        """
        chain = self._chains[view]
        plan = carrying.plan(chain, self._ledger.withdrawals(view, MOST_WITHDRAWN))
        # A version that goes on with older ones holds nothing else: it is as old as they are.
        lines = [] if plan.numbers else self._ledger.take(view, self._clock.now().timestamp(), most)
        if not lines and not plan.withdraws:
            return 0
        n = chain.last + 1
        self._ledger.give(view, n, [line.id for line in lines], plan.withdraws)
        chain.folder.mkdir(parents=True, exist_ok=True)
        body = chain.folder / _TMP
        held = carrying.remaining(chain, plan.numbers, plan.withdraws) if plan.numbers else (one.bytes for one in lines)
        try:
            manifest = self._manifest(view, n, _write(body, held), plan, backlog=backlog)
            chain.append(manifest, n, body)
        except BaseException:
            body.unlink(missing_ok=True)
            raise
        carrying.bury(chain, plan.numbers, n)
        self._ledger.sealed(view, n)
        return n

    def _manifest(self, view: str, n: int, lines: _Written, plan: carrying.Plan, *, backlog: bool) -> bytes:
        """Return the manifest, signed by the key that the chain expects."""
        chain = self._chains[view]
        terms = carrying.terms_of(chain, plan.numbers, self._views[view])
        newest = self._keys.public
        due = chain.key_after(chain.last) if chain.last else newest
        private = self._keys.private(due)
        return sign(
            Manifest(
                agent=self._agent,
                view=view,
                n=n,
                previous=digest(chain.manifest(chain.last)) if chain.last else None,
                sha256=lines.sha256,
                bytes=lines.size,
                raw_bytes=lines.raw_bytes,
                records=lines.records,
                sealed=self._moment(chain),
                key=public_text(private.public_key()),
                first=lines.first,
                last=lines.last,
                tlp=terms.tlp,
                licence=terms.licence,
                onward=terms.onward,
                withdraws=tuple(each.hex() for each in plan.withdraws),
                next_key=newest if newest != due else "",
                backlog=backlog,
                carries=plan.numbers,
                carried_from=terms.carried_from,
            ),
            private,
        )

    def _moment(self, chain: Chain) -> str:
        """Return the present, or the moment of the version before where the clock has gone back since."""
        now = written(self._clock.now())
        before = msgspec.json.decode(chain.manifest(chain.last), type=Manifest).sealed if chain.last else ""
        return max(now, before, key=lambda text: datetime.fromisoformat(text).timestamp() if text else 0.0)


def _write(body: Path, lines: Iterable[bytes]) -> _Written:
    """Write the lines, compressed."""
    sha256, size, raw_bytes, records = hashlib.sha256(), 0, 0, 0
    first = last = ""
    packer = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compressobj()
    with body.open("wb") as file:

        def put(packed: bytes) -> None:
            nonlocal size
            size += len(packed)
            sha256.update(packed)
            file.write(packed)

        for line in lines:
            put(packer.compress(line + b"\n"))
            raw_bytes += len(line) + 1
            records += 1
            if at := carrying.read_line(line).at:
                first, last = min(first or at, at), max(last, at)
        put(packer.flush())
    return _Written(sha256.hexdigest(), size, raw_bytes, records, first, last)
