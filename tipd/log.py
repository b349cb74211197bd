"""Logging: structlog to stderr, key=value on a terminal, JSON Lines elsewhere, journald priorities under systemd."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING, Any, TypeAlias

import structlog

if TYPE_CHECKING:
    from collections.abc import MutableMapping

Log: TypeAlias = structlog.typing.FilteringBoundLogger  # the agent runs on Python 3.11

_SECRET_KEYS = frozenset({"authorization", "token", "password", "secret", "credential", "dsn", "cookie"})


def _hide_secrets(_logger: object, _name: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blank values under keys that hold credentials: a log line must never carry one."""
    for key in entry:
        if key.lower() in _SECRET_KEYS:
            entry[key] = "***"
    return entry


def setup(level: str = "info", *, stream: Any = None) -> None:
    """Configure structlog once for the process; `level` is debug, info, warning or error."""
    out = stream if stream is not None else sys.stderr
    terminal = out.isatty()
    colours = terminal and "NO_COLOR" not in os.environ
    # Plain tracebacks, whatever is installed: one with all values shows secrets, and takes long to draw.
    plain = structlog.dev.plain_traceback
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=plain)
        if terminal
        else structlog.processors.JSONRenderer(default=str)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            _hide_secrets,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(file=out),
        cache_logger_on_first_use=False,
    )


def get(room: str) -> Log:
    """Return a logger that stamps each line with the room it comes from."""
    return structlog.get_logger().bind(room=room)  # type: ignore[no-any-return]
