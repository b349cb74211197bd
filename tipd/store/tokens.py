"""Bearer tokens: 256 random bits each, of which only the SHA-256 is kept.

All tokens are held in memory, so that a request costs no query and is let in while the database is away; a change by
any process is heard through NOTIFY and read before the next answer.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from tipd.errors import StoreAway
from tipd.store.text import storable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.clock import Clock
    from tipd.store.connection import Connection, Row
    from tipd.store.pool import Pool
    from tipd.store.writer import Writer

SCOPES = ("read", "stream", "write", "agents", "admin")
LEVELS = ("clear", "green", "amber", "amber+strict", "red")  # TLP 2.0 (FIRST)
PREFIX = "tip_"
_CHANNEL = "tipd_tokens"
_INDEXED = 8  # bytes


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A stored token, without its secret."""

    id: str
    scopes: tuple[str, ...]
    note: str
    created: datetime
    expires: datetime | None
    revoked: datetime | None
    max_tlp: str


class Tokens:
    """Makes, verifies and revokes tokens."""

    def __init__(self, pool: Pool, writer: Writer, clock: Clock) -> None:
        self._pool = pool
        self._writer = writer
        self._clock = clock
        self._known: dict[bytes, tuple[bytes, Token]] = {}  # by the first bytes of the digest
        self._changes = 1  # heard of; the map is as of `_read`
        self._read = 0
        pool.listen(_CHANNEL, self._heard)

    async def create(
        self, scopes: Sequence[str], *, note: str = "", expires: datetime | None = None, max_tlp: str = "green"
    ) -> tuple[Token, str]:
        """Store a new token; return it and its secret, which is kept nowhere.

        Raises ValueError for no scope, an unknown scope or an unknown TLP level.
        """
        unknown = [scope for scope in scopes if scope not in SCOPES]
        if unknown or not scopes:
            raise ValueError(f"a token needs scopes out of {', '.join(SCOPES)}, not {', '.join(unknown) or 'none'}")
        if max_tlp not in LEVELS:
            raise ValueError(f"a TLP level is one of {', '.join(LEVELS)}, not {max_tlp!r}")
        secret = PREFIX + secrets.token_urlsafe(32)
        token = Token(
            id=secrets.token_hex(6),
            scopes=tuple(dict.fromkeys(scopes)),
            note=storable(note),
            created=self._clock.now(),
            expires=expires,
            revoked=None,
            max_tlp=max_tlp,
        )
        await self._writer.write(_insert, token, _digest(secret))
        self._heard()
        return token, secret

    async def verify(self, token: str) -> Token | None:
        """Return the token that is known, not revoked and not expired, else None. From memory, also while away."""
        await self._refresh()
        digest = _digest(token)
        kept, row = self._known.get(digest[:_INDEXED], (b"", None))
        if row is None or not hmac.compare_digest(kept, digest):
            return None
        return row if row.revoked is None and (row.expires is None or row.expires > self._clock.now()) else None

    async def all(self) -> list[Token]:
        """Return every token, revoked ones too, oldest first. Raises StoreAway."""
        return [_token(row) for row in await self._pool.run(_all)]

    async def revoked(self) -> frozenset[str]:
        """Return the ids of the tokens that were revoked, by whichever process. From memory, also while away."""
        await self._refresh()
        return frozenset(token.id for _, token in self._known.values() if token.revoked is not None)

    async def revoke(self, token_id: str) -> bool:
        """Revoke a token, at once and everywhere; False where there is none such or it was revoked before."""
        revoked = await self._writer.write(_revoke, token_id, self._clock.now())
        self._heard()
        return revoked

    def begin_anew(self) -> None:
        """Read again before the next answer."""
        self._heard()

    def _heard(self, _payload: str | None = None) -> None:
        self._changes += 1

    async def _refresh(self) -> None:
        changes = self._changes
        if self._read == changes:
            return
        try:
            rows = await self._pool.run(_all)
        except StoreAway:
            return  # nothing can be revoked there now; what we have is the last that was known
        self._known = {row["sha256"][:_INDEXED]: (row["sha256"], _token(row)) for row in rows}
        self._read = changes


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def _token(row: Row) -> Token:
    return Token(
        id=row["id"],
        scopes=tuple(row["scopes"]),
        note=row["note"],
        created=row["created"],
        expires=row["expires"],
        revoked=row["revoked"],
        max_tlp=row["max_tlp"],
    )


async def _insert(connection: Connection, token: Token, digest: bytes) -> None:
    await connection.execute(
        "INSERT INTO token (id, sha256, scopes, note, created, expires, max_tlp) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        token.id,
        digest,
        list(token.scopes),
        token.note,
        token.created,
        token.expires,
        token.max_tlp,
    )
    await _changed(connection)


async def _all(connection: Connection) -> list[Row]:
    return await connection.fetch("SELECT * FROM token ORDER BY created, id")


async def _revoke(connection: Connection, token_id: str, at: datetime) -> bool:
    done = await connection.execute("UPDATE token SET revoked = $2 WHERE id = $1 AND revoked IS NULL", token_id, at)
    await _changed(connection)
    return done == "UPDATE 1"


async def _changed(connection: Connection) -> None:
    await connection.execute("SELECT pg_notify($1, '')", _CHANNEL)
