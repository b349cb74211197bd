"""Hints of the kernel that a folder changed (inotify(7)): they wake the look, and are not believed beyond that.

The queue is short (16,384) and overflows on a busy host, some file systems never tell, and a folder that was made anew
is another one; so whoever waits here looks from time to time all the same.
"""

from __future__ import annotations

import ctypes
import errno
import os
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from collections.abc import Iterable

_NONBLOCK_CLOEXEC = os.O_NONBLOCK | os.O_CLOEXEC
_IN_MOVED_TO, _IN_CREATE, _IN_CLOSE_WRITE, _IN_ONLYDIR, _IN_DONT_FOLLOW = 0x80, 0x100, 0x8, 0x01000000, 0x02000000
_MASK = _IN_MOVED_TO | _IN_CREATE | _IN_CLOSE_WRITE | _IN_ONLYDIR | _IN_DONT_FOLLOW


class Hints:
    """One inotify descriptor; none where the kernel gives none, and then nothing is ever hinted."""

    def __init__(self) -> None:
        """Ask the kernel for a descriptor."""
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor: int = self._libc.inotify_init1(_NONBLOCK_CLOEXEC)
        self.unwatched = 0  # folders that the kernel would not watch (fs.inotify.max_user_watches)

    def watch(self, folders: Iterable[bytes]) -> None:
        """Have these watched too; one that is watched already stays so, one that is gone does not matter."""
        self.unwatched = 0
        for folder in folders:
            if self._descriptor < 0 or (
                self._libc.inotify_add_watch(self._descriptor, folder, _MASK) < 0
                and ctypes.get_errno()
                in {
                    errno.ENOSPC,
                    errno.ENOMEM,
                }
            ):
                self.unwatched += 1

    async def wait(self) -> None:
        """Wait for a hint, and take all there are; an overflow is one."""
        if self._descriptor < 0:
            await trio.sleep_forever()
        await trio.lowlevel.wait_readable(self._descriptor)
        try:
            while len(os.read(self._descriptor, 1 << 16)) > 1 << 15:
                await trio.lowlevel.checkpoint()
        except BlockingIOError:
            return

    def close(self) -> None:
        """Give the descriptor back."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
