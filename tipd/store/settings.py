"""The sections `[store]` and `[findings]`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from tipd.config import duration, size

if TYPE_CHECKING:
    from collections.abc import Callable


class StoreSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where the data are kept; with no `url_file`, in a PostgreSQL that tipd runs below `state_dir`.

    url_file: a file whose first line is the address of a PostgreSQL of yours, `postgresql://user@host/database`.
    pool_size: connections to the database, from 2 to 100.
    statement_deadline: how long one statement may take.
    commit_deadline: how long a commit may take before it counts as unknown and is checked again.
    start_deadline: how long the managed server may take to start or to recover.
    stop_deadline: how long the managed server may take to stop before it is cut off (nothing stored is lost).
    min_free: with less room than this on the disk of `state_dir` collecting pauses and serving goes on.
    shared_buffers: memory the managed server keeps for pages, at least 1MB.
    binaries: the folder of the PostgreSQL programs to use (`postgres`, `initdb`, …); empty: look for them.
    allow_unsafe: accept a server that may lose what it acknowledged (fsync, full_page_writes, synchronous_commit off).
    """

    url_file: str | None = None
    pool_size: Annotated[int, msgspec.Meta(ge=2, le=100)] = 8
    statement_deadline: str = "60s"
    commit_deadline: str = "30s"
    start_deadline: str = "10m"
    stop_deadline: str = "5s"
    min_free: str = "1GB"
    shared_buffers: str = "128MB"
    binaries: str = ""
    allow_unsafe: bool = False

    def __post_init__(self) -> None:
        """Check what the types cannot say; raises ValueError."""
        for name in ("statement_deadline", "commit_deadline", "start_deadline", "stop_deadline"):
            _named(name, _read(duration, name, self).total_seconds() > 0, "must be longer than nothing")
        _read(size, "min_free", self)
        _named("shared_buffers", _read(size, "shared_buffers", self) >= 2**20, "must be at least 1MB")
        _named("url_file", self.url_file != "", "is empty; leave it out for a managed server")

    def seconds(self, name: str) -> float:
        """Return one of the durations in seconds."""
        return duration(getattr(self, name)).total_seconds()


class FindingsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How long findings are kept.

    keep: findings older than this go, whole months at a time; at least `1d`.
    """

    keep: str = "400d"

    def __post_init__(self) -> None:
        """Check what the types cannot say; raises ValueError."""
        _named("keep", _read(duration, "keep", self).days >= 1, "must be at least 1d")


def _read[T](reader: Callable[[str], T], key: str, section: msgspec.Struct) -> T:
    try:
        return reader(getattr(section, key))
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from None


def _named(key: str, good: bool, message: str) -> None:
    if not good:
        raise ValueError(f"{key} {message}")
