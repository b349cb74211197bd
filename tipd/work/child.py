"""The worker process: reads jobs from its standard input (a socket), one at a time, until that closes.

Started as `python -m tipd.work.child`. It dies with its parent twice over: the kernel kills it (PR_SET_PDEATHSIG, set
for the parent's main thread, which started it), and an idle one reads the end of its input.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import resource
import signal
import socket
import sys
import traceback
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

from tipd.work.wire import LENGTH, Answer, Job, frame

_PR_SET_PDEATHSIG = 1
_PAGE = resource.getpagesize()


def main() -> int:
    """Serve until the parent closes the socket; return the exit code."""
    _limit_process(int(sys.argv[1]))
    with socket.socket(fileno=os.dup(0)) as peer:
        while True:
            body = _read(peer)
            if body is None:
                return 0
            peer.sendall(frame(_serve(msgspec.msgpack.decode(body, type=Job))))


def _limit_process(parent: int) -> None:
    """Tie the process to its parent, keep it from dumping core, and let the kernel prefer it as a victim."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)  # the parent died before the signal was set
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(5)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when we end
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with contextlib.suppress(OSError):  # only a preference
        Path("/proc/self/oom_score_adj").write_text("500")


def _serve(job: Job) -> Answer:
    """Run one job under its memory limit; every exception becomes an answer."""
    try:
        _limit_memory(job.memory)
        result = _call(job)
        return Answer(result=msgspec.msgpack.encode(result), rss=_rss())
    except MemoryError:
        return Answer(failed="memory", text=f"{job.function} needed more than {job.memory} bytes", rss=1 << 62)
    except Exception as error:
        # The machine's or the installation's fault (disk full, no handles, a module missing), not the argument's.
        ours = isinstance(error, ImportError) or (isinstance(error, OSError) and error.errno is not None)
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        text = f"{type(error).__name__}: {error} ({where})"
        return Answer(failed="system" if ours else "raised", text=text, rss=_rss())


def _call(job: Job) -> Any:
    """Import the function, decode its argument to the type it declares, call it."""
    module, _, name = job.function.partition(":")
    function = getattr(importlib.import_module(module), name)
    hints = get_type_hints(function)
    argument_type = next((kind for key, kind in hints.items() if key != "return"), Any)
    return function(msgspec.msgpack.decode(job.argument, type=argument_type))


def _limit_memory(memory: int) -> None:
    """Let the address space grow by `memory` bytes over what stands now."""
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * _PAGE
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    wanted = mapped + memory
    resource.setrlimit(resource.RLIMIT_AS, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


def _rss() -> int:
    """Return the resident bytes now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE


def _read(peer: socket.socket) -> bytes | None:
    """Return one frame's body, or None at the end of the input."""
    head = _read_exactly(peer, LENGTH.size)
    if head is None:
        return None
    return _read_exactly(peer, LENGTH.unpack(head)[0])


def _read_exactly(peer: socket.socket, size: int) -> bytes | None:
    buffer = bytearray()
    while len(buffer) < size:
        piece = peer.recv(min(size - len(buffer), 1 << 20))
        if not piece:
            return None
        buffer += piece
    return bytes(buffer)


if __name__ == "__main__":
    sys.exit(main())
