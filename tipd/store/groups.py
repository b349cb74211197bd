"""Nurseries that a room opens for itself should not change the shape of its caller's errors."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def unwrapped() -> Iterator[None]:
    """Raise the one error inside nested groups as itself; a group of several passes as it is."""
    only: BaseException | None = None
    try:
        yield
    except BaseExceptionGroup as group:
        only = group
        while isinstance(only, BaseExceptionGroup) and len(only.exceptions) == 1:
            only = only.exceptions[0]
    if only is not None:
        raise only
