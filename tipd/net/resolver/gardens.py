"""Walled gardens: where somebody's policy sends those who ask for a name he blocks (`[net] walled_gardens`)."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from tipd.model.canonical.domain import canonical_name
from tipd.model.dns import AAAA, A, wire_name
from tipd.net.resolver.bailiwick import lineage

if TYPE_CHECKING:
    from collections.abc import Iterable


class Gardens:
    """Addresses, networks (`10.10.0.0/16`) and names (and all below them) that lead into a walled garden.

    Raises ValueError, which names the key and the text, where one is none of these.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._addresses: dict[int, set[bytes]] = {A: set(), AAAA: set()}
        self._networks: dict[int, list[tuple[int, int]]] = {A: [], AAAA: []}  # mask, network
        self._names: set[bytes] = set()
        for text in texts:
            self._take(text)

    def __bool__(self) -> bool:
        return bool(self._names or any(self._addresses.values()) or any(self._networks.values()))

    def _take(self, text: str) -> None:
        try:
            network = ipaddress.ip_network(text)
        except ValueError as error:
            if "/" in text or ":" in text or text.replace(".", "").isdigit():
                raise ValueError(f"walled_gardens: {error}") from None
            self._names.add(name_of("walled_gardens", text))
            return
        rtype = A if network.version == 4 else AAAA
        if network.prefixlen == network.max_prefixlen:
            self._addresses[rtype].add(network.network_address.packed)
        else:
            self._networks[rtype].append((int(network.netmask), int(network.network_address)))

    def hold(self, rtype: int, rdata: bytes) -> bool:
        """Return whether all the packed addresses are in a garden.

        All: whoever sends people into a garden sends them nowhere else, while a hostile zone could hide behind one
        address of a garden among its own.
        """
        width = 4 if rtype == A else 16
        if not rdata or rtype not in self._addresses:
            return False
        return all(self._holds(rtype, rdata[at : at + width]) for at in range(0, len(rdata), width))

    def _holds(self, rtype: int, packed: bytes) -> bool:
        if packed in self._addresses[rtype]:
            return True
        value = int.from_bytes(packed)
        return any(value & mask == network for mask, network in self._networks[rtype])

    def end_of(self, cname: tuple[str, ...]) -> str | None:
        """Return the chain's name that is in a garden, None where there is none."""
        if not self._names:
            return None
        return next((name for name in cname if self._named(name)), None)

    def _named(self, name: str) -> bool:
        try:
            return any(ancestor in self._names for ancestor in lineage(wire_name(name)))
        except ValueError:  # bytes that no configured name holds
            return False


def name_of(key: str, text: str) -> bytes:
    """Return a configured name in canonical wire form; ValueError names the key."""
    try:
        wire = wire_name(text.lower())
        if wire == b"\0":
            raise ValueError(f"{text!r} would be every name")
        canonical_name(text)  # blanks and the like could stand in a name, but would be a slip
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from None
    return wire
