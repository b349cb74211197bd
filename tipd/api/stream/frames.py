"""Websocket frames as a server writes them (RFC 6455, section 5.2): unmasked, unfragmented, never compressed."""

from __future__ import annotations

from enum import IntEnum

_TEXT, _CLOSE, _PING, _PONG = 0x81, 0x88, 0x89, 0x8A  # FIN + opcode
_LONGEST_CONTROL = 125


class Close(IntEnum):
    """The close codes tipd sends (RFC 6455, section 7.4.1, and the registry it founded)."""

    NORMAL = 1000
    PROTOCOL_ERROR = 1002
    POLICY = 1008  # the token was revoked or has expired
    TOO_BIG = 1009
    INTERNAL_ERROR = 1011
    RESTART = 1012
    TRY_AGAIN_LATER = 1013  # the reader lags: it resumes from its cursor


def text(payload: bytes) -> bytes:
    """Return one text frame around UTF-8 bytes."""
    length = len(payload)
    if length < 126:
        head = bytes((_TEXT, length))
    elif length < 1 << 16:
        head = bytes((_TEXT, 126)) + length.to_bytes(2)
    else:
        head = bytes((_TEXT, 127)) + length.to_bytes(8)
    return head + payload


def ping(payload: bytes = b"") -> bytes:
    """Return a ping frame; at most 125 bytes."""
    return _control(_PING, payload)


def pong(payload: bytes = b"") -> bytes:
    """Return a pong frame; at most 125 bytes."""
    return _control(_PONG, payload)


def close(code: int, reason: str = "") -> bytes:
    """Return a close frame; the reason is cut to what a control frame holds."""
    return _control(_CLOSE, code.to_bytes(2) + reason.encode()[: _LONGEST_CONTROL - 2])


def _control(opcode: int, payload: bytes) -> bytes:
    if len(payload) > _LONGEST_CONTROL:
        raise ValueError("a control frame holds 125 bytes")
    return bytes((opcode, len(payload))) + payload
