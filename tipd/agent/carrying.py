"""Records that stay when others are taken back: a version that holds a withdrawn one must not be served any more.

A version never changes, so what else it holds goes on in the version that withdraws, and its own lines are buried. Who
took it before knows these mails by their hash; who comes later misses nothing.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import zstandard

from tipd.agent.protocol import Manifest
from tipd.model.tlp import read_tlp

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from tipd.agent.chain import Chain
    from tipd.mail.view import View

MOST_CARRIED = 256 * 2**20  # bytes of lines of the versions that one version goes on with: readers have a bound
_PIECE = 1 << 18
_manifest = msgspec.json.Decoder(Manifest)


class Known(msgspec.Struct, frozen=True):
    """What is asked of a line."""

    sha256: str
    at: str = ""


_known = msgspec.json.Decoder(Known)


class Plan(NamedTuple):
    """What one version takes back, and the numbers of the versions whose other records it goes on with."""

    withdraws: list[bytes]
    numbers: tuple[int, ...] = ()


class Terms(NamedTuple):
    """What a version allows. `carried_from`: when the newest of those it goes on with was sealed; empty: with none."""

    tlp: str
    licence: str
    onward: bool
    carried_from: str = ""


def plan(chain: Chain, withdrawn: Sequence[bytes], most: int = MOST_CARRIED) -> Plan:
    """Return what the next version takes back of `withdrawn`: all of it, or what fits; one at the least.

    Reads every version whose lines are there. Raises OSError.
    """
    if not withdrawn or not chain.first:
        return Plan(list(withdrawn))
    wanted = {each.hex() for each in withdrawn}
    holders: dict[str, list[int]] = {}
    sizes: dict[int, int] = {}
    for n in range(chain.first, chain.last + 1):
        if not chain.has_body(n):
            continue
        for held in wanted & {known.sha256 for known, _ in lines_of(chain.body(n))}:
            holders.setdefault(held, []).append(n)
            sizes[n] = _manifest.decode(chain.manifest(n)).raw_bytes
    chosen: set[int] = set()
    fits: list[bytes] = []
    for each in withdrawn:
        more = chosen.union(holders.get(each.hex(), ()))
        if more == chosen or not chosen or sum(sizes[n] for n in more) <= most:
            chosen = more
            fits.append(each)
    return Plan(fits, tuple(sorted(chosen)))


def remaining(chain: Chain, numbers: Sequence[int], without: Collection[bytes]) -> Iterator[bytes]:
    """Yield the lines (without the line feed) of versions, but for those of some mails; each mail once."""
    passed = {each.hex() for each in without}
    for n in numbers:
        for known, line in lines_of(chain.body(n)):
            if known.sha256 not in passed:
                passed.add(known.sha256)
                yield line


def terms_of(chain: Chain, numbers: Sequence[int], view: View) -> Terms:
    """Return what a view allows now; of a version that goes on with others, never more than they did."""
    before = [_manifest.decode(chain.manifest(n)) for n in numbers]
    licences = dict.fromkeys(each for each in (view.licence, *(one.licence for one in before)) if each)
    return Terms(
        tlp=max((view.tlp, *(one.tlp for one in before)), key=read_tlp),
        licence=" / ".join(licences),
        onward=view.onward and all(one.onward for one in before),
        carried_from=max((one.carried_from or one.sealed for one in before), default=""),
    )


def bury(chain: Chain, numbers: Sequence[int], before: int) -> None:
    """Remove the lines of the versions that version `before` goes on with; raises OSError."""
    for n in numbers:
        if n < before and chain.has_body(n):
            chain.bury(n)


def lines_of(body: Path) -> Iterator[tuple[Known, bytes]]:
    """Yield the lines of a version of our own, as far as they can be read: a disk may have damaged it."""
    with body.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as packed:
        rest = b""
        with suppress(zstandard.ZstdError, msgspec.MsgspecError, UnicodeError):
            while piece := packed.read(_PIECE):
                *whole, rest = (rest + piece).split(b"\n")
                for line in whole:
                    yield read_line(line), line


def read_line(line: bytes) -> Known:
    """Return what is asked of a line; raises msgspec.MsgspecError."""
    return _known.decode(line)
