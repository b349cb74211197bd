"""The address of a database that is not ours to run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from tipd.errors import ConfigError

if TYPE_CHECKING:
    from tipd.store.settings import StoreSettings


def read_url(settings: StoreSettings) -> str | None:
    """Return the address that stands in `url_file`, None for a managed server; raises ConfigError naming the file.

    The file may hold a password: it never comes into a message.
    """
    if settings.url_file is None:
        return None
    path = Path(settings.url_file)
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except UnicodeDecodeError:
        raise ConfigError(f"store.url_file: {path} is not text") from None
    except OSError as error:
        raise ConfigError(f"store.url_file: {path}: {error.strerror}") from None
    said = [line for line in lines if line and not line.startswith("#")]
    if len(said) != 1:
        raise ConfigError(f"store.url_file: {path} must hold one line, postgresql://user@host/database")
    try:
        parts = urlsplit(said[0])
        good = parts.scheme in ("postgresql", "postgres") and (parts.hostname or "host=" in parts.query)
        _ = parts.port
    except ValueError:
        good = False
    if not good:
        raise ConfigError(f"store.url_file: {path} does not hold an address like postgresql://user@host/database")
    return said[0]


def for_programs(dsn: str) -> tuple[str, dict[str, str]]:
    """Return the address without its password, and an environment with it: others can read a command line."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    parts = urlsplit(dsn)
    query = dict(parse_qsl(parts.query))
    password = query.pop("password", None)
    if parts.password is not None:
        password = unquote(parts.password)
    login, at, place = parts.netloc.rpartition("@")
    user = login.partition(":")[0]
    bare = urlunsplit((parts.scheme, f"{user}{at}{place}", parts.path, urlencode(query, quote_via=quote), ""))
    return bare, environ | ({"PGPASSWORD": password} if password is not None else {})
