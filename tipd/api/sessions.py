"""Console sessions: a one-time code from the terminal becomes a cookie; both live in memory only.

Codes and session keys are 256 random bits; what is kept is their SHA-256, so a dump of memory or a timing of the
look-up gives nothing away.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

import trio

from tipd.model.tlp import Tlp

CODE_LIFETIME = 600.0  # seconds a login code is good for
MOST_CODES = 20
MOST_SESSIONS = 200
COOKIE = "tipd_session"


@dataclass(slots=True)
class Session:
    """A browser that was let in: it sees what is marked `max_tlp` or less, as whoever asked for its link."""

    number: int
    used: float  # trio's clock
    max_tlp: Tlp


@dataclass(frozen=True, slots=True)
class _Code:
    deadline: float
    max_tlp: Tlp


class Sessions:
    """One-time codes and the sessions they were exchanged for; must be used inside one trio run."""

    def __init__(self, idle: float = 12 * 3600.0) -> None:
        """`idle`: seconds a session lasts without use."""
        self.idle = idle
        self._codes: dict[bytes, _Code] = {}
        self._sessions: dict[bytes, Session] = {}
        self._number = 0

    def new_console_code(self, max_tlp: Tlp = Tlp.GREEN) -> str:
        """Return a code for `/login?code=…`: good once, for ten minutes; the oldest of too many is forgotten.

        Whoever comes in with it sees what is marked `max_tlp` or less.
        """
        code = secrets.token_urlsafe(32)
        while len(self._codes) >= MOST_CODES:
            del self._codes[next(iter(self._codes))]
        self._codes[_digest(code)] = _Code(trio.current_time() + CODE_LIFETIME, max_tlp)
        return code

    def redeem(self, code: str) -> str | None:
        """Take a code and return a session key, or None where the code is unknown, used or too old."""
        known = self._codes.pop(_digest(code), None)
        if known is None or trio.current_time() > known.deadline:
            return None
        key = secrets.token_urlsafe(32)
        while len(self._sessions) >= MOST_SESSIONS:
            del self._sessions[min(self._sessions, key=lambda digest: self._sessions[digest].used)]
        self._number += 1
        self._sessions[_digest(key)] = Session(self._number, trio.current_time(), known.max_tlp)
        return key

    def known(self, key: str) -> Session | None:
        """Return the session and note that it was used; None where there is none (any more)."""
        digest = _digest(key)
        session = self._sessions.get(digest)
        if session is None:
            return None
        if trio.current_time() - session.used > self.idle:
            del self._sessions[digest]
            return None
        session.used = trio.current_time()
        return session

    def forget(self, key: str) -> None:
        """End a session."""
        self._sessions.pop(_digest(key), None)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()
