"""A server that outlived its tipd (kill -9): recognise it beyond doubt, stop it, and clear what a dead one left.

Only called while the state directory is locked, so that a server found on the cluster has no living tipd.
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from tipd.errors import Unavailable

if TYPE_CHECKING:
    from tipd.log import Log

_STATUS_LINE = 7


@dataclass(frozen=True, slots=True)
class PidFile:
    """What `postmaster.pid` says (src/include/utils/pidfile.h): `status` is starting, ready, stopping, standby."""

    pid: int
    status: str


def read_pid_file(data: Path) -> PidFile | None:
    """Return what stands in `postmaster.pid`, None where there is none or it is half written."""
    try:
        lines = (data / "postmaster.pid").read_text(errors="replace").splitlines()
        pid = int(lines[0])
    except (OSError, ValueError, IndexError):
        return None
    return PidFile(pid, lines[_STATUS_LINE].strip() if len(lines) > _STATUS_LINE else "") if pid > 0 else None


def is_server_of(pid: int, data: Path) -> bool:
    """Say whether the process is a `postgres` whose working directory is that very cluster.

    Raises Unavailable where the kernel does not let us see (another user's process).
    """
    try:
        executable = (Path("/proc") / str(pid) / "exe").readlink().name.removesuffix(" (deleted)")
        inside, cluster = (Path("/proc") / str(pid) / "cwd").stat(), data.stat()
    except PermissionError:
        if _owner(pid) not in (None, data.stat().st_uid):
            return False  # whoever it is, it could not have opened the cluster
        raise Unavailable(f"cannot tell whether process {pid} still serves {data}") from None
    except OSError:
        return False
    return executable == "postgres" and (inside.st_dev, inside.st_ino) == (cluster.st_dev, cluster.st_ino)


def _owner(pid: int) -> int | None:
    try:
        return (Path("/proc") / str(pid)).stat().st_uid
    except OSError:
        return None


async def stop_orphan(data: Path, log: Log, *, fast: float = 30.0, immediate: float = 10.0) -> bool:
    """Stop the server left on the cluster, if one is; return whether one was.

    `fast` and `immediate` are the seconds given to each kind of shutdown. Raises Unavailable where it will not go.
    """
    found = read_pid_file(data)
    if found is None:
        return False
    try:
        process = os.pidfd_open(found.pid)  # before looking at it: the number cannot become somebody else's now
    except ProcessLookupError:
        return False
    except (AttributeError, OSError) as error:
        raise Unavailable(f"cannot tell whether process {found.pid} still serves {data}: {error}") from None
    try:
        if not is_server_of(found.pid, data):
            _forget(found.pid, data, log)
            return False
        log.warning("a server was left behind; stopping it", pid=found.pid, data=str(data))
        await _stop(process, found.pid, ((signal.SIGINT, fast), (signal.SIGQUIT, immediate)))
    finally:
        os.close(process)
    return True


async def _stop(process: int, pid: int, ways: tuple[tuple[signal.Signals, float], ...]) -> None:
    for how, seconds in ways:
        try:
            signal.pidfd_send_signal(process, how)
        except ProcessLookupError:
            return
        except PermissionError:
            raise Unavailable(f"the server left behind (process {pid}) is another user's: stop it") from None
        with trio.move_on_after(seconds):
            await trio.lowlevel.wait_readable(process)
            return
    raise Unavailable(f"the server left behind (process {pid}) does not stop")


def _forget(pid: int, data: Path, log: Log) -> None:
    """Remove a pid file whose number now belongs to something else: the server would refuse to start over it."""
    log.warning("process number in postmaster.pid belongs to another program; removing the file", pid=pid)
    (data / "postmaster.pid").unlink(missing_ok=True)
