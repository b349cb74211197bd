"""Files that are whole or not there, whatever is cut off: temporary file, fsync, rename, fsync of the folder."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write(path: Path, content: bytes, *, mode: int = 0o644, durable: bool = True, folder: bool = True) -> None:
    """Put a file in place of what stood there; readers see the old or the new one, never half of it.

    `durable`: it survives a power cut once this returns; else only what derives from other files may be written so, by
    any number of threads and processes at once: the last one's stands.
    `folder` false: its name does once the caller makes the folder durable, after several of them.
    Raises OSError; a temporary file (`.NAME.tmp`) may stay behind where the process is killed, and is written over.
    """
    one_of_many = "" if durable else f".{os.getpid()}-{threading.get_native_id()}"
    beside = path.with_name(f".{path.name}{one_of_many}.tmp")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    try:
        os.fchmod(descriptor, mode)
        with open(descriptor, "wb", closefd=False) as file:
            file.write(content)
        if durable:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
    beside.replace(path)
    if durable and folder:
        fsync_folder(path.parent)


def fsync_folder(folder: Path) -> None:
    """Make what was renamed or unlinked in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
