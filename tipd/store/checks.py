"""Is this server fit to keep what tipd promises to keep?

What was acknowledged must survive a power cut: that needs `fsync`, `full_page_writes` and `synchronous_commit` (manual,
"Write Ahead Log"). And it must be new enough, speak UTF-8, and be no standby.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tipd.errors import ConfigError, Unavailable
from tipd.store.binaries import MIN_MAJOR

if TYPE_CHECKING:
    from tipd.store.connection import Connection

_UNSAFE_WHEN_OFF = ("fsync", "full_page_writes", "synchronous_commit")


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What the server says of itself; `unsafe` names the settings by which it may lose what it acknowledged."""

    version: str
    version_num: int
    unsafe: tuple[str, ...]
    encoding: str
    standby: bool


async def examine(connection: Connection) -> ServerFacts:
    """Ask the server."""
    row = await connection.fetchrow(
        "SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS number,"
        " current_setting('server_encoding') AS encoding, pg_is_in_recovery() AS standby,"
        " (SELECT array_agg(name ORDER BY name) FROM pg_settings WHERE name = ANY($1::text[]) AND setting = 'off')"
        " AS unsafe",
        list(_UNSAFE_WHEN_OFF),
    )
    assert row is not None  # noqa: S101 - a SELECT without FROM has a row
    return ServerFacts(row["version"], row["number"], tuple(row["unsafe"] or ()), row["encoding"], row["standby"])


def judge(facts: ServerFacts, *, allow_unsafe: bool) -> None:
    """Raise ConfigError for a server that will never do, Unavailable for a standby (it may be promoted)."""
    if facts.version_num < MIN_MAJOR * 10000:
        raise ConfigError(f"the database is PostgreSQL {facts.version}: tipd needs {MIN_MAJOR} or newer")
    if facts.encoding != "UTF8":
        raise ConfigError(f"the database's encoding is {facts.encoding}: tipd needs UTF8")
    if facts.unsafe and not allow_unsafe:
        raise ConfigError(
            f"the database may lose what it acknowledged ({', '.join(facts.unsafe)} off): switch it on, or accept that "
            "with [store] allow_unsafe = true"
        )
    if facts.standby:
        raise Unavailable("the database is a standby and cannot be written to: name the primary")
