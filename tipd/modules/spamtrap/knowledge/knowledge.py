"""What is known of relays and of hosts, asked for each mail."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

from tipd.model.canonical.address import BITS4, BITS6, parse_address
from tipd.modules.spamtrap.knowledge.entry import Entry, Kind, block_of
from tipd.modules.spamtrap.knowledge.reading import read_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_NUMBERS = re.compile(r"\d+")
OF_HOSTS = (Kind.COMMON, Kind.SHARED, Kind.TRACKER)


class Knowledge:
    """All that is known. Where two files speak of one host, the later one, the operator's, holds."""

    def __init__(self, entries: Iterable[tuple[Kind, Entry]] = ()) -> None:
        """Take entries; `load` reads them from files."""
        self._hosts: dict[str, Kind] = {}
        self._names: set[str] = set()
        self._domains: set[str] = set()
        blocks: dict[int, list[tuple[int, int]]] = {BITS4: [], BITS6: []}
        for kind, entry in entries:
            if kind in OF_HOSTS:
                self._hosts |= dict.fromkeys(entry.host, kind)
            self._names.update(entry.name)
            self._domains.update(entry.domain)
            for text in entry.network:
                bits, first, last = block_of(text)
                blocks[bits].append((first, last))
        self._bounds = {bits: _bounds(found) for bits, found in blocks.items()}

    @classmethod
    def load(cls, folders: Sequence[Path] = ()) -> Knowledge:
        """Read the shipped files and the operator's folders. Raises ConfigError: file, line, key."""
        return cls(read_all(folders))

    def of_host(self, host: str) -> Kind | None:
        """Return what is known of a URL's host (or `*.` and a domain), by its longest suffix."""
        name = host.removeprefix("*.")
        while name:
            if (kind := self._hosts.get(name)) is not None:
                return kind
            name = name.partition(".")[2]
        return None

    def is_mailbox(self, domain: str) -> bool:
        """Say whether anybody may have an address at a domain."""
        return domain in self._domains

    def is_provider(self, address: str, name: str, spf_domain: str = "") -> bool:
        """Say whether an address is a large provider's relay.

        `name`: as the receiving host looked it up, empty where it says none; what the sender calls itself counts for
        nothing. `spf_domain`: for which the receiving host's own check passed.
        """
        parsed = parse_address(address)
        if parsed is not None and bisect_right(self._bounds[parsed[0]], parsed[1]) % 2:
            return True
        if spf_domain and spf_domain in self._domains:
            return True
        return bool(name) and _below(name, self._names) and not spells(name, address)


def spells(name: str, address: str) -> bool:
    """Say whether a name spells out its address, as those of customers' lines do (`c-198-51-100-7.example.net`)."""
    octets = address.split(".")
    if len(octets) != 4:
        return False
    packed = "".join(f"{int(octet):02x}" for octet in octets)
    said = {str(int(number)) for number in _NUMBERS.findall(name) if len(number) <= 3}
    joined = "".join(f"{int(octet):03d}" for octet in octets)
    return packed in name or joined in name or len(said & {*octets}) >= min(3, len({*octets}))


def _below(name: str, known: set[str]) -> bool:
    name = name.lower().rstrip(".")
    while name:
        if name in known:
            return True
        name = name.partition(".")[2]
    return False


def _bounds(blocks: list[tuple[int, int]]) -> list[int]:
    """Return first, last + 1 of each stretch in turn, those that touch joined: inside is behind an odd count."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(blocks):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return [bound for first, last in joined for bound in (first, last + 1)]
