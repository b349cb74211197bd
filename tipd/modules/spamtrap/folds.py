"""Hosts and paths that a campaign makes up anew for each mail: a million of them are a few rows."""

from __future__ import annotations

from tipd.model.canonical.suffix import registrable

MOST_HOSTS = 16  # of one registrable domain in one campaign, before they fold
MOST_SHAPES = 32  # of one host in one campaign, before its paths fold


class Folds:
    """Hosts and paths that a campaign makes up anew for each mail, recognised by their number."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._hosts: dict[tuple[int, str], set[str]] = {}
        self._shapes: dict[tuple[int, str], set[str]] = {}

    def fold(self, key: int, host: str, shape: str) -> tuple[str, str]:
        """Return the host and the shape, folded where the campaign has too many of them."""
        rest = shape.removeprefix(host)
        if not host.startswith("*.") and host[-1:].isalpha():
            apex = registrable(host)
            if apex != host and self._is_many(self._hosts, (key, apex), host, MOST_HOSTS):
                host = f"*.{apex}"
        if self._is_many(self._shapes, (key, host), rest, MOST_SHAPES):
            rest = "/{t}"
        return host, host + rest

    @staticmethod
    def _is_many(known: dict[tuple[int, str], set[str]], key: tuple[int, str], value: str, most: int) -> bool:
        met = known.setdefault(key, set())
        if value in met:
            return False
        if len(met) < most:
            met.add(value)
            return False
        return True
