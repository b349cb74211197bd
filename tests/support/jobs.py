"""Jobs for the tests of the worker pool."""

from __future__ import annotations

import errno
import os
import signal


def double(number: int) -> int:
    """Return twice the number."""
    return number * 2


def pid(_nothing: None) -> int:
    """Return the worker's process number."""
    return os.getpid()


def divide(by: int) -> int:
    """Raise ZeroDivisionError for 0."""
    return 1 // by


def grow(size: int) -> int:
    """Take `size` bytes and touch them."""
    return len(bytearray(b"x") * size)


def spin(_nothing: None) -> int:
    """Never return."""
    while True:
        pass


def kill_self(_nothing: None) -> int:
    """Die without an answer."""
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def environment(_nothing: None) -> list[str]:
    """Return the names of the environment's variables."""
    return sorted(os.environ)


def no_room(_: None = None) -> None:
    """Find the disk full."""
    raise OSError(errno.ENOSPC, "No space left on device")
