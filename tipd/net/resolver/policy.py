"""Answers that somebody's policy made on the way: they say nothing about the name, so they change no state.

How such an answer is known:

- the resolver says so: extended error 4 (Forged Answer), 15 (Blocked), 16 (Censored) or 17 (Filtered) (RFC 8914),
  whatever the response code is;
- a response policy zone signs it: the SOA of a zone that `[net] policy_zones` names, or, from a resolver, an SOA of a
  zone that none of the names asked for is in: in the additional section, where servers that rewrite by RPZ put it
  (draft-vixie-dnsop-dns-rpz, 6), or beside a negative answer;
- it leads into a walled garden: all its addresses, or a name of its CNAME chain, are ones `[net] walled_gardens` names;
- a resolver that else says that it recurses (RA) says NXDOMAIN without it and without an SOA: the sign that Quad9 and
  Unbound (`rpz-signal-nxdomain-ra`) give.

A plain NXDOMAIN stays NXDOMAIN: nobody could tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tipd.model.dns import Outcome, wire_name
from tipd.net.resolver.bailiwick import lineage, within
from tipd.net.resolver.gardens import Gardens, name_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tipd.model.dns import Answer

ERRORS = {4: "Forged Answer", 15: "Blocked", 16: "Censored", 17: "Filtered"}  # RFC 8914, 4


class Marks(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What a reply bears beside its answer.

    `errors`: codes of its extended errors. `authority`, `additional`: owners of SOA records in these sections, as
    canonical text. `recursed`: the resolver recurses by its other answers, and `recursion_available`: by this one.
    """

    errors: tuple[int, ...] = ()
    authority: tuple[str, ...] = ()
    additional: tuple[str, ...] = ()
    recursed: bool = False
    recursion_available: bool = True


PLAIN = Marks()


class Policy:
    """Knows what policies make of answers; raises ValueError, which names the key, where a text cannot be one."""

    def __init__(self, zones: Iterable[str] = (), gardens: Iterable[str] = ()) -> None:
        self._zones = tuple(name_of("policy_zones", text) for text in zones)
        self.gardens = Gardens(gardens)

    def why(self, name: str, rtype: int, answer: Answer, marks: Marks = PLAIN, *, direct: bool = False) -> str:
        """Return in words why a policy made the answer; empty where none is to be seen.

        `direct`: the zone's own server answered, so SOA records of zones that are not named are only its mistakes.
        """
        for code in marks.errors:
            if code in ERRORS:
                return f"extended error {code} ({ERRORS[code]})"
        if marks.authority or marks.additional:
            owner = self._signed((name, *answer.cname), marks, direct, answer.outcome)
            if owner is not None:
                return f"signed by the policy zone {owner}"
        elif marks.recursed and not marks.recursion_available and answer.outcome is Outcome.NXDOMAIN and not direct:
            return "NXDOMAIN of a resolver that did not look"
        return self._walled(rtype, answer) if self.gardens else ""

    def _signed(self, names: Sequence[str], marks: Marks, direct: bool, outcome: Outcome) -> str | None:
        negative = outcome is not Outcome.NOERROR
        for owner in marks.additional + marks.authority:
            wire = _wire(owner)
            if any(zone in lineage(wire) for zone in self._zones):
                return owner
            strange = not direct and not any(within(_wire(each), wire) for each in names)
            if strange and (negative or owner in marks.additional):
                return owner
        return None

    def _walled(self, rtype: int, answer: Answer) -> str:
        if (end := self.gardens.end_of(answer.cname)) is not None:
            return f"the walled garden {end}"
        return "an address of a walled garden" if self.gardens.hold(rtype, answer.rdata) else ""


def _wire(name: str) -> bytes:
    """Return the name's wire form; of one that no plain text holds, a name that is within nothing but itself."""
    try:
        return wire_name(name)
    except ValueError:
        return b"\1?" + b"\0"
