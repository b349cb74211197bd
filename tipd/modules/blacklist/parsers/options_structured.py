"""The `[options]` of parsers whose records are no lines: MISP, STIX, RSS, HTML."""

from __future__ import annotations

import msgspec

_MEBIBYTE = 2**20


def check_longest(longest: int, most: int = 64 * _MEBIBYTE) -> None:
    """Raise ValueError where a bound is out of bounds."""
    if not 80 <= longest <= most:
        raise ValueError(f"longest must be from 80 to {most}")


class MispOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`misp`: attributes of events, of a feed or from `restSearch`.

    `to_ids`: only attributes that their source marks as fit for detection
    `longest`: bytes of an attribute, of an object with all its attributes, and of each other value of an event
    """

    to_ids: bool = True
    longest: int = 16 * _MEBIBYTE

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        check_longest(self.longest)


class StixOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`stix`: indicators of STIX 2.1 bundles and TAXII envelopes.

    `observables`: objects that are only observed (`ipv4-addr`, `url`, `file`, …) are rows too
    `markings`: what markings mean that are no TLP ones, by id: `{ "marking-definition--…" = "green" }`; others are red
    `longest`: bytes of an object
    """

    observables: bool = False
    markings: dict[str, str] = {}
    longest: int = _MEBIBYTE

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        from tipd.model.tlp import tlp_of

        check_longest(self.longest)
        for identity, word in self.markings.items():
            try:
                tlp_of(word)
            except ValueError as error:
                raise ValueError(f"markings.{identity}: {error}") from None
