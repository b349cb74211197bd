"""What parent and worker say to each other: a length (u32, little endian) and that many bytes of MessagePack."""

from __future__ import annotations

import struct

import msgspec

LENGTH = struct.Struct("<I")
MAX_FRAME = 64 * 2**20


class Job(msgspec.Struct, array_like=True, gc=False):
    """One call: a function by name (`package.module:function`), its argument as MessagePack, its memory in bytes."""

    function: str
    argument: bytes
    memory: int


class Answer(msgspec.Struct, array_like=True, gc=False):
    """How a call ended: `result` as MessagePack, or `failed` (`raised memory system`) with a text; `rss` in bytes."""

    result: bytes = b""
    failed: str = ""
    text: str = ""
    rss: int = 0


def frame(message: Job | Answer) -> bytes:
    """Return the message as it goes over the wire; raises ValueError when it is over `MAX_FRAME`."""
    body = msgspec.msgpack.encode(message)
    if len(body) > MAX_FRAME:
        raise ValueError(f"a message of {len(body)} bytes is over the limit of {MAX_FRAME}")
    return LENGTH.pack(len(body)) + body
