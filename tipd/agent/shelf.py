"""What a listener has to give: which chain a peer reads, below which prefix of the path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tipd.agent.peers import Peer


class Readable(Protocol):
    """A chain as readers see it: versions `first` to `last` (0: none yet)."""

    @property
    def first(self) -> int:
        """The lowest number whose lines are there."""
        ...

    @property
    def last(self) -> int:
        """The highest number."""
        ...

    def manifest(self, n: int) -> bytes:
        """Return a manifest's file; raises FileNotFoundError."""
        ...

    def body(self, n: int) -> Path:
        """Return where the compressed lines lie; raises FileNotFoundError where only the tombstone is left."""
        ...


@dataclass(frozen=True, slots=True)
class Served:
    """One chain, of an agent, in a view."""

    agent: str
    view: str
    chain: Readable

    @property
    def key(self) -> tuple[str, str]:
        """By which it is announced."""
        return (self.agent, self.view)


class Shelf(Protocol):
    """Finds the chain a peer reads."""

    def find(self, prefix: str, peer: Peer) -> Served | None:
        """Return the chain below `/{prefix}` (empty: at the root), None where the peer has none there."""
        ...


class OneAgent:
    """The shelf of a mail host: its own views, at the root, and below the agent's name as well."""

    def __init__(self, name: str, chains: Mapping[str, Readable]) -> None:
        """`chains`: by view; may grow later."""
        self._name = name
        self._chains = chains

    def find(self, prefix: str, peer: Peer) -> Served | None:
        """Return the chain of the peer's view."""
        chain = self._chains.get(peer.view)
        if chain is None or prefix not in {"", self._name}:
            return None
        return Served(self._name, peer.view, chain)


class ManyAgents:
    """The shelf of who passes on what others sealed: each agent below its name."""

    def __init__(self, chains: Mapping[tuple[str, str], Readable]) -> None:
        """`chains`: by agent and view; may grow and shrink."""
        self._chains = chains

    def find(self, prefix: str, peer: Peer) -> Served | None:
        """Return the chain of the agent in the peer's view, where the peer may read that agent."""
        chain = self._chains.get((prefix, peer.view))
        if chain is None or (peer.agents and prefix not in peer.agents):
            return None
        return Served(prefix, peer.view, chain)
