"""Who is asking, what they may do, and what may be shown to them.

Three ways in: a bearer token; a console session's cookie; the control socket, whose caller the kernel names. A token
in the address (`?token=`) is refused: addresses end in logs and histories.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tipd.api.problem import Problem, store_away, unauthorised
from tipd.errors import StoreAway
from tipd.model.tlp import Tlp, tlp_of

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from tipd.api.services import Services, Token

SCOPES = ("read", "stream", "write", "agents", "admin")
_CONSOLE_SCOPES = frozenset({"read", "stream", "write"})
_LONGEST_TOKEN = 512


@dataclass(frozen=True, slots=True)
class Peer:
    """The process at the other end of the control socket, as the kernel names it (SO_PEERCRED)."""

    pid: int
    uid: int


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who may do `scopes` and see what is marked `max_tlp` or less; `way` is token, session or socket."""

    name: str
    way: str
    scopes: frozenset[str]
    token_id: str | None = None
    expires: datetime | None = None
    max_tlp: Tlp = Tlp.GREEN

    def may_see(self, mark: Tlp) -> bool:
        """Say whether what bears this mark may be shown."""
        return mark <= self.max_tlp


@dataclass(frozen=True, slots=True)
class Claims:
    """What a request says about its sender: two headers, and what no header can say."""

    authorization: str | None
    cookie: str | None
    peer: Peer | None


class Gate:
    """Turns claims into callers."""

    def __init__(self, services: Services) -> None:
        """Verify against the services' tokens and sessions."""
        self._services = services

    async def caller(self, claims: Claims) -> Caller:
        """Return who asks; raises Problem 401 where nobody known does, 503 where that cannot be found out."""
        if claims.authorization is not None:
            return await self._bearer(claims.authorization)
        if claims.peer is not None:
            return Caller(f"uid {claims.peer.uid}", "socket", frozenset(SCOPES), max_tlp=Tlp.RED)
        if claims.cookie is not None:
            session = self._services.sessions.known(claims.cookie)
            if session is not None:
                name = f"console session {session.number}"
                return Caller(name, "session", _CONSOLE_SCOPES, max_tlp=session.max_tlp)
            raise unauthorised("the session has ended: ask tipd for a new console link")
        raise unauthorised("a bearer token is needed (Authorization: Bearer tip_…)")

    async def allow(self, claims: Claims, scope: str) -> Caller:
        """Return the caller where it holds `scope`; raises Problem 401, 403 or 503."""
        caller = await self.caller(claims)
        if scope not in caller.scopes:
            raise Problem(403, f"this needs the scope {scope!r}", scope=scope)
        return caller

    async def _bearer(self, header: str) -> Caller:
        secret = _secret(header)
        if not secret or len(secret) > _LONGEST_TOKEN or not secret.isascii():
            raise unauthorised("the Authorization header is not 'Bearer tip_…'")
        try:
            token: Token | None = await self._services.store.tokens.verify(secret)
        except StoreAway:
            raise store_away("the database is away, so the token cannot be checked; try again soon") from None
        if token is None:
            raise unauthorised("the token is unknown, revoked or expired")
        scopes, mark = frozenset(token.scopes), tlp_of(token.max_tlp)
        return Caller(f"token {token.id}", "token", scopes, token.id, token.expires, mark)


def _secret(header: str) -> str:
    """Return the token in an Authorization header: a bearer's, or the password of clients that know only those."""
    scheme, _, given = header.strip().partition(" ")
    given = given.strip()
    if scheme.lower() != "basic" or len(given) > 2 * _LONGEST_TOKEN:
        return given if scheme.lower() == "bearer" else ""
    try:
        return base64.b64decode(given, validate=True).decode("ascii").partition(":")[2]
    except ValueError:
        return ""


def same_origin(origin: str | None, scheme: str, host: str | None, allowed: Collection[str] = ()) -> bool:
    """Return whether a browser's Origin is ours (RFC 6454): the address the request itself was sent to, or allowed.

    `scheme` is http or https (ws and wss count as those); no Origin is not ours.
    """
    if not origin or not host:
        return False
    if origin in allowed:
        return True
    ours = f"{ {'ws': 'http', 'wss': 'https'}.get(scheme, scheme) }://{host}".lower()
    parts = urlsplit(origin)
    return bool(parts.netloc) and f"{parts.scheme}://{parts.netloc}".lower() == ours
