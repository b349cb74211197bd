"""The DNS of the demo's miniature Internet in a thread, for tests of the real daemon."""

import threading
import time
from collections import Counter, defaultdict

import trio

from demo.worlds.server import Asked, Worlds


class WorldServer:
    """A context manager around `Worlds`, which is `worlds`; `options` are its."""

    def __init__(self, **options: object) -> None:
        self.worlds = Worlds(clock=time.monotonic, **options)
        self._scope: trio.CancelScope | None = None
        self._token: trio.lowlevel.TrioToken | None = None
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            trio.run(self._serve)
        except BaseException as error:
            self._error = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._token = trio.lowlevel.current_trio_token()
        with trio.CancelScope() as self._scope:
            async with trio.open_nursery() as nursery:
                await nursery.start(self.worlds.run)
                self._ready.set()

    def __enter__(self) -> "WorldServer":
        self._thread.start()
        self._ready.wait()
        if self._error is not None:
            raise self._error
        return self

    def __exit__(self, *_: object) -> None:
        self._token.run_sync_soon(self._scope.cancel)
        self._thread.join()

    @property
    def asked(self) -> list[Asked]:
        """What was asked so far, in order."""
        return list(self.worlds.asked)

    def counts(self) -> Counter[str]:
        """Return how often each name was asked for, whatever the type and the server."""
        return Counter(asked.name for asked in self.asked)

    def times(self, rtype: int) -> dict[str, list[tuple[float, int]]]:
        """Return when each name was asked for this type, and the TTL it was told."""
        found: dict[str, list[tuple[float, int]]] = defaultdict(list)
        for asked in self.asked:
            if asked.rtype == rtype:
                found[asked.name].append((asked.at, asked.ttl))
        return found
