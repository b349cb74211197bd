"""Lists that change all the time: each turn some lines leave each list and others come."""

import random
import threading

from support.feeds import FeedServer


class Churn:
    """A thread that gives each list new contents every `pause` seconds until `freeze`; `lists` is what is served."""

    def __init__(self, feeds: FeedServer, names: list[str], rows: int, seed: int, pause: float = 0.5) -> None:
        self._feeds = feeds
        self._rng = random.Random(seed)
        self._pause = pause
        self._rows = rows
        self._made = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.lists: dict[str, list[str]] = {}
        for name in names:
            self.lists[name] = [self._fresh() for _ in range(rows)]
            self._put(name)

    def __enter__(self) -> "Churn":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.freeze()

    def freeze(self) -> None:
        """Change nothing any more."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _fresh(self) -> str:
        self._made += 1
        number = self._made
        return f"2001:db8::{1 + (number >> 16):x}:{number & 0xFFFF:x}" if number % 2 else f"h{number}.example.org"

    def _run(self) -> None:
        gone: dict[str, list[str]] = {name: [] for name in self.lists}
        while not self._stop.wait(self._pause):
            for name, lines in self.lists.items():
                self._rng.shuffle(lines)
                leave = self._rng.randrange(1, self._rows // 10)
                left, lines[:leave] = lines[:leave], []
                back = gone[name][: leave // 3]  # some come back: relisted
                gone[name] = [*gone[name][len(back) :], *left]
                lines += [*back, *(self._fresh() for _ in range(leave - len(back)))]
                self._put(name)

    def _put(self, name: str) -> None:
        self._feeds.put(f"/{name}.txt", "\n".join(self.lists[name]) + "\n")
