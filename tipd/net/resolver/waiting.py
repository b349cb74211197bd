"""Walks that wait for room at a name server: in order, without looking at each of them again and again."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tipd.net.resolver.servers import Server
    from tipd.net.resolver.walk import Walk


class Waiting:
    """A queue for each server that has no room; a walk stands in one of them at most."""

    def __init__(self) -> None:
        self._queues: dict[str, tuple[Server, deque[Walk]]] = {}

    def __bool__(self) -> bool:
        return bool(self._queues)

    def put(self, walk: Walk, server: Server) -> None:
        """Let a walk wait for this server."""
        self._queues.setdefault(server.key, (server, deque()))[1].append(walk)

    def ready(self, now: float) -> Iterator[Walk]:
        """Take out and yield those whose server has room, or whose time is over."""
        for key in list(self._queues):
            yield from self.ready_at(key, now)

    def ready_at(self, key: str, now: float) -> Iterator[Walk]:
        """Take out and yield those that wait for this server, as far as it has room (looked at anew for each)."""
        if (found := self._queues.get(key)) is None:
            return
        server, queue = found
        for _ in range(len(queue)):
            if not (queue[0].deadline <= now or server.upstream.room(now) or server.deaf(now)):
                break
            yield queue.popleft()
        if not queue and self._queues.get(key) is found:
            del self._queues[key]

    def clear(self) -> list[Walk]:
        """Take out all."""
        found = [walk for _, queue in self._queues.values() for walk in queue]
        self._queues.clear()
        return found
