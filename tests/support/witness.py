"""Somebody who writes down what a daemon acknowledged over HTTP, while it is killed again and again."""

import contextlib
import json
import threading
from http.client import HTTPException

from support.daemon import Daemon, wait_a_moment


class Witness:
    """A thread that reads the log and the rounds of the sources; `findings` in order, `rounds` by their number."""

    def __init__(self, daemon: Daemon, sources: list[str]) -> None:
        self.findings: list[dict] = []
        self.rounds: dict[int, dict] = {}
        self.answers = 0
        self._sources = sources
        self._daemon = daemon
        self._last = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Witness":
        self._daemon.token()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(40)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stop.is_set():
            with contextlib.suppress(OSError, HTTPException):
                self._look()
            wait_a_moment()

    def _look(self) -> None:
        page = self._ask(f"/api/v1/findings?since={self._last}&limit=2000")
        if page is not None:
            self.findings += page["findings"]
            self._last = page["last"]
        for name in self._sources:
            found = self._ask(f"/api/v1/sources/{name}")
            for one in found["rounds"] if found else ():
                if one["ended"] is not None:
                    self.rounds[one["id"]] = one

    def _ask(self, path: str) -> dict | None:
        """Return the answer of a 200; a 503 says that nothing is acknowledged now."""
        status, body = self._daemon.request("GET", path)
        assert status in {200, 404, 503}, (status, body)
        self.answers += status == 200
        return json.loads(body) if status == 200 else None
