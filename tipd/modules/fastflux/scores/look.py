"""One look-up of a name as the scores see it."""

from __future__ import annotations

from struct import Struct, unpack

import msgspec

from tipd.model.dns import Outcome

SINKHOLE = 1  # bits of `barred`
PRIVATE = 2  # private, local, multicast, reserved: nobody out there is reached by it
UNKNOWN = 0  # the AS of an address that the table does not know; it is not an AS
ANSWERED = frozenset({Outcome.NOERROR})
EMPTY = frozenset({Outcome.NODATA, Outcome.NXDOMAIN})  # the name has no addresses; all other outcomes say nothing of it


class Look(msgspec.Struct, frozen=True, gc=False):
    """What one look-up brought.

    `at`: seconds since 1970. `addresses`: the distinct IPv4 addresses, four bytes each, sorted and joined, as in
    `Answer.rdata`. `asns`: theirs, in that order, 0 where the table does not know one; empty beside addresses where
    there is no table. `addresses6`: the same of IPv6, 16 bytes each (features alone count them). `ttl`: seconds.
    `cname`: the end of the CNAME chain, or empty. `barred`: what `Knowledge.sift` took out of `addresses` and
    `addresses6`, as bits (`SINKHOLE`, `PRIVATE`, …): evidence that counts for no feature.
    """

    at: float
    outcome: Outcome = Outcome.NOERROR
    addresses: bytes = b""
    asns: tuple[int, ...] = ()
    addresses6: bytes = b""
    ttl: int = 0
    true_ttl: bool = False
    cname: str = ""
    barred: int = 0

    @property
    def answered(self) -> bool:
        """Whether it brought addresses that count."""
        return self.outcome is Outcome.NOERROR and bool(self.addresses)

    @property
    def placed(self) -> bool:
        """Whether a table said which AS each address is in (0 is an answer too)."""
        return len(self.asns) * 4 == len(self.addresses)


def numbers(addresses: bytes) -> tuple[int, ...]:
    """Return packed IPv4 addresses as numbers, in their order; struct.error where the length is no multiple of 4."""
    count = len(addresses) // 4
    return _UNPACK[count](addresses) if count < len(_UNPACK) else unpack(f">{count}I", addresses)


_UNPACK = tuple(Struct(f">{count}I").unpack for count in range(33))  # twice as quick as reading the format each time
