"""The process that reads mails: limited, nice, without a right to write, and gone with its parent.

Started as `python -m tipd.agent.child PARENT MEMORY SECONDS`, with a socket as its standard input, over which it gets a
`Setup` and then lists of `Entry`, and answers one `Outcome` each: a u32 (little endian) and that many bytes of
MessagePack. A mail that takes more than SECONDS of processor time has it killed by the kernel.
"""

from __future__ import annotations

import contextlib
import ctypes
import ipaddress
import os
import platform
import resource
import signal
import socket
import struct
import sys
import time
from pathlib import Path

import msgspec

from tipd.agent.reading import Entry, Outcome, Reading, Setup

LENGTH = struct.Struct("<I")
MAX_FRAME = 64 * 2**20
READY = b"ready"
_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_IOPRIO_SET = {"x86_64": 251, "aarch64": 30, "riscv64": 30}  # no libc wraps it
_IOPRIO_IDLE = 3 << 13
_PAGE = resource.getpagesize()


def main() -> int:
    """Serve until the parent closes the socket; return the exit code."""
    parent, memory, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    limit(parent)
    with socket.socket(fileno=os.dup(0)) as peer:
        first = receive(peer)
        if first is None:
            return 0
        setup = msgspec.msgpack.decode(first, type=Setup)
        reading = Reading(setup, tuple(ipaddress.ip_network(each) for each in setup.own))
        _limit_memory(memory)
        peer.sendall(frame(READY))
        decoder = msgspec.msgpack.Decoder(list[Entry])
        while (body := receive(peer)) is not None:
            for entry in decoder.decode(body):
                peer.sendall(frame(msgspec.msgpack.encode(_one(reading, entry, seconds))))
    return 0


def _one(reading: Reading, entry: Entry, seconds: float) -> Outcome:
    """Read one mail within its processor time, beyond which the kernel kills this process."""
    begun = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        outcome = reading.outcome(entry)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return msgspec.structs.replace(outcome, cpu=time.process_time() - begun)


def limit(parent: int) -> None:
    """Tie the process to its parent, and take from it what reading does not need."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)  # the parent died before the signal was set
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    os.nice(19)
    number = _IOPRIO_SET.get(platform.machine())
    if number is not None:
        libc.syscall(number, 1, 0, _IOPRIO_IDLE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # it writes no file
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when it ends
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with contextlib.suppress(OSError):  # only a preference: the kernel's first victim
        Path("/proc/self/oom_score_adj").write_text("800")


def _limit_memory(memory: int) -> None:
    """Let the address space grow by `memory` bytes over what stands now."""
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * _PAGE
    resource.setrlimit(resource.RLIMIT_AS, (mapped + memory, mapped + memory))


def frame(body: bytes) -> bytes:
    """Return a message as it goes over the socket."""
    return LENGTH.pack(len(body)) + body


def receive(peer: socket.socket) -> bytes | None:
    """Return one message's body, None at the end of the input."""
    head = _exactly(peer, LENGTH.size)
    return None if head is None else _exactly(peer, LENGTH.unpack(head)[0])


def _exactly(peer: socket.socket, size: int) -> bytes | None:
    buffer = bytearray()
    while len(buffer) < size:
        piece = peer.recv(min(size - len(buffer), 1 << 20))
        if not piece:
            return None
        buffer += piece
    return bytes(buffer)


if __name__ == "__main__":
    sys.exit(main())
