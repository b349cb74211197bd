"""The sockets of the API, open before anything else: until the API takes them over, who knocks is told why to wait."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING

import trio

from tipd.api.early import answer_early
from tipd.api.listeners import open_listeners, tls_context
from tipd.api.settings import ApiSettings
from tipd.nursery.systemd import listen_fds

if TYPE_CHECKING:
    from tipd.api.listeners import Listener
    from tipd.config import Config


class Doors:
    """`open` them once; `hand_over` ends the early answers and gives the listeners away."""

    def __init__(self, config: Config) -> None:
        """Open nothing yet."""
        self.why = "tipd is starting"
        self._settings = config.section("api", ApiSettings)
        self._state_dir = config.state_dir
        self._listeners: list[Listener] = []
        self._answering = trio.CancelScope()

    async def open(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Listen and answer until handed over; raises Unavailable (an address in use) and ConfigError (TLS files)."""
        sockets = [given.socket for given in listen_fds(os.environ, pid=os.getpid())]
        tls = tls_context(self._settings)
        with ExitStack() as stack:
            self._listeners = open_listeners(self._settings, self._state_dir, sockets)
            for listener in self._listeners:
                stack.callback(listener.close)
            task_status.started()
            with self._answering:
                await answer_early(self._listeners, tls, lambda: self.why)
            if not self._listeners:
                stack.pop_all()  # they are somebody else's now

    def hand_over(self) -> list[Listener]:
        """End the early answers; return the listeners, which the caller closes."""
        given, self._listeners = self._listeners, []
        self._answering.cancel()
        return given
