"""One thing known, as a file says it."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from tipd.model.canonical.address import parse_block
from tipd.model.canonical.domain import canonical_name


class Kind(StrEnum):
    """What a thing is known to be; the name of its tables."""

    RELAY = "relay"  # sends for millions: never listed
    COMMON = "common"  # a host that stands in everybody's mails: of no meaning
    SHARED = "shared"  # a host where strangers put their pages: says nothing of them
    TRACKER = "tracker"  # counts clicks for whoever pays


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table `[[relay]]`, `[[common]]`, `[[shared]]` or `[[tracker]]`.

    `host`: of URLs, those below it too
    `name`: of relays, as the receiving host looked it up; those below it too
    `domain`: of senders whose SPF only passes for the provider's relays; exactly these
    `network`: of relays
    `reason`: in a few words
    `source`: from where it is known
    """

    host: tuple[str, ...] = ()
    name: tuple[str, ...] = ()
    domain: tuple[str, ...] = ()
    network: tuple[str, ...] = ()
    reason: str
    source: str = ""

    def __post_init__(self) -> None:
        """Refuse what is no name or network; ValueError names the key."""
        for key in ("host", "name", "domain"):
            for text in getattr(self, key):
                try:
                    fine = canonical_name(text) == text
                except ValueError:
                    fine = False
                if not fine:
                    raise ValueError(f"{key}: {text!r} is no name in small letters")
        for text in self.network:
            block_of(text)


def block_of(text: str) -> tuple[int, int, int]:
    """Return a network as (bits, first, last); raises ValueError that names the key."""
    address, slash, prefix = text.partition("/")
    block = parse_block(address, prefix) if slash else None
    if block is None:
        raise ValueError(f"network: {text!r} is no network (write 192.0.2.0/24)")
    return block.bits, block.first, block.first + (1 << (block.bits - block.prefix)) - 1
