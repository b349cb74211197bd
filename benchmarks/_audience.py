"""Many websocket readers in one process: plain sockets under one epoll, whose bytes are counted and thrown away."""

from __future__ import annotations

import select
import socket
import time
from contextlib import suppress

from _messages import TOKEN

_KEY = "MDEyMzQ1Njc4OWFiY2RlZg=="
_UPGRADE = (
    "GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    f"Sec-WebSocket-Key: {_KEY}\r\nSec-WebSocket-Version: 13\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
).encode()
_PONG = b"\x8a\x80\x00\x00\x00\x00"  # unasked, masked: RFC 6455, 5.5.3, allows it; it keeps a reader from being cut
_PONG_EVERY = 10.0
_PAUSE = 0.002  # between two rounds over the sockets: reading shall cost the machine little
_SMALL = 4096  # the receive buffer of one that never reads
_LAGS = b"\x03\xf5"  # close code 1013
_GIVE_UP = 600.0


class Audience:
    """`live` readers that read all there is, and `stalled` ones that read nothing after the handshake."""

    def __init__(self, port: int, live: int, stalled: int) -> None:
        """Connect everybody."""
        self.received: dict[int, int] = {}
        self.lost = 0  # live readers whose connection ended
        self._sockets: dict[int, socket.socket] = {}
        self._poll = select.epoll()
        self._buffer = bytearray(1 << 20)
        self._pong_at = time.monotonic() + _PONG_EVERY
        self.stalled = [self._connect(port, _SMALL)[0] for _ in range(stalled)]
        for _ in range(live):
            one, rest = self._connect(port, None)
            one.settimeout(0)
            self._sockets[one.fileno()] = one
            self.received[one.fileno()] = len(rest)
            self._poll.register(one.fileno(), select.EPOLLIN)

    def _connect(self, port: int, buffer: int | None) -> tuple[socket.socket, bytes]:
        one = socket.socket()
        if buffer is not None:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        one.settimeout(30)
        one.connect(("127.0.0.1", port))
        one.sendall(_UPGRADE)
        head = b""
        while b"\r\n\r\n" not in head:
            data = one.recv(4096)
            if not data:
                raise AssertionError(f"the handshake ended early: {head!r}")
            head += data
        if b" 101 " not in head.partition(b"\r\n")[0]:
            raise AssertionError(f"no websocket: {head!r}")
        return one, head.partition(b"\r\n\r\n")[2]

    def read(self, seconds: float = 0.1) -> bool:
        """Read what there is, waiting for it at most so long; return whether there was anything."""
        ready = self._poll.poll(seconds)
        sockets, received, buffer = self._sockets, self.received, self._buffer
        for fd, _ in ready:
            try:
                count = sockets[fd].recv_into(buffer)
            except OSError:
                count = 0
            if count:
                received[fd] += count
            else:
                self.lost += 1
                self._poll.unregister(fd)
        if time.monotonic() > self._pong_at:
            self._pong_at = time.monotonic() + _PONG_EVERY
            for one in sockets.values():
                with suppress(OSError):
                    one.send(_PONG)
        return bool(ready)

    def read_until(self, each: int) -> float:
        """Read until every live reader has that many bytes; return the moment (perf_counter)."""
        until = time.monotonic() + _GIVE_UP
        while True:
            self.read()
            moment = time.perf_counter()
            if not self.lost and min(self.received.values()) >= each:
                return moment
            if self.lost or time.monotonic() > until:
                raise AssertionError(
                    f"{self.lost} live readers were cut, the slowest has {min(self.received.values())}"
                )
            time.sleep(_PAUSE)

    def cut(self) -> tuple[int, int]:
        """Read the stalled connections out; return how many had ended, and how many of these were told 1013."""
        ended = told = 0
        for one in self.stalled:
            one.settimeout(1)
            tail = b""
            try:
                while data := one.recv(1 << 16):
                    tail = (tail + data)[-200:]
            except TimeoutError:
                continue
            except OSError:
                pass
            ended += 1
            at = tail.rfind(b"\x88")
            told += at >= 0 and tail[at + 2 : at + 4] == _LAGS
        return ended, told

    def close(self) -> None:
        """Hang up."""
        self._poll.close()
        for one in (*self._sockets.values(), *self.stalled):
            one.close()
