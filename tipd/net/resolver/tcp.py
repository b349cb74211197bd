"""One question over TCP (RFC 7766): where an answer did not fit, or a server does not repeat the case of a name."""

from __future__ import annotations

import struct

import trio

LONGEST = 2**16 - 1
_PIECE = 16384


class Broken(OSError):
    """The connection ended in the middle of an answer."""


async def exchange(address: str, port: int, packet: bytes) -> bytes:
    """Return the first answer to come; raises OSError. The caller sets the deadline and compares the question."""
    stream = await trio.open_tcp_stream(address, port)
    async with stream:
        await stream.send_all(struct.pack("!H", len(packet)) + packet)
        received = bytearray()
        while len(received) < 2 or len(received) < 2 + int.from_bytes(received[:2]):
            piece = await stream.receive_some(_PIECE)
            if not piece:
                raise Broken("the connection ended in the middle of an answer")
            received += piece
        return bytes(received[2 : 2 + int.from_bytes(received[:2])])
