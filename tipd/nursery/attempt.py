"""Run something that may crash, and keep the crash: `Exception` caught, groups split, `Cancelled` never swallowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tipd.errors import StoreAway

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

_TOLD = 3  # causes of a group that are told
_TEXT = 300  # characters of one


@dataclass(frozen=True, slots=True)
class Ended[T]:
    """How an attempt ended: with a value, or with the crash that was caught."""

    value: T | None
    error: Exception | None


async def attempt[T](fn: Callable[[], Awaitable[T]], on_crash: Callable[[Exception], None] | None = None) -> Ended[T]:
    """Run `fn()` and return how it ended.

    Error handling: every `Exception`, alone or in a group, is caught, given to `on_crash` and returned. What else is in
    the group (`Cancelled`, `KeyboardInterrupt`, `SystemExit`) goes on by itself; `on_crash` has seen the rest by then.
    """
    value: T | None = None
    error: Exception | None = None
    try:
        value = await fn()
    except* Exception as group:
        # `except*` forbids to return, break or continue here: note it, act after the try.
        error = _unwrapped(group)
        if on_crash is not None:
            on_crash(error)
    return Ended(value, error)


def _unwrapped(group: ExceptionGroup[Exception]) -> Exception:
    """Return the exception that stands alone in nested groups, or the group."""
    error: Exception = group
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the single exceptions of a group, however nested."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from causes(inner)
    else:
        yield error


def describe(error: BaseException) -> str:
    """Return one line about an error, short enough for a status page: its first causes with their types."""
    lines = [_line(cause) for cause in causes(error)]
    more = len(lines) - _TOLD
    return "; ".join(lines[:_TOLD]) + (f"; and {more} more" if more > 0 else "")


def _line(cause: BaseException) -> str:
    text = " ".join(str(cause).split())
    if len(text) > _TEXT:
        text = text[:_TEXT] + "…"
    return f"{type(cause).__name__}: {text}" if text else type(cause).__name__


def is_away(error: BaseException) -> bool:
    """Tell whether all that happened is that the store is away: a state, which does not count as a failure."""
    return all(isinstance(cause, StoreAway) for cause in causes(error))
