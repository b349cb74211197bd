"""Frames: what wsproto reads of ours is what went in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import CloseConnection, Ping, Pong, TextMessage

from tipd.api.stream import frames


def read(frame: bytes) -> list[object]:
    client = Connection(ConnectionType.CLIENT)
    client.receive_data(frame)
    return list(client.events())


@given(st.one_of(st.text(), st.sampled_from([125, 126, 65535, 65536]).map(lambda size: "x" * size)))
def test_text_reads_back(text: str) -> None:
    events = read(frames.text(text.encode()))
    assert "".join(event.data for event in events if isinstance(event, TextMessage)) == text


def test_control_frames_read_back() -> None:
    (ping,) = read(frames.ping(b"p"))
    assert isinstance(ping, Ping)
    (pong,) = read(frames.pong(b"q"))
    assert isinstance(pong, Pong)
    (close,) = read(frames.close(frames.Close.TRY_AGAIN_LATER, "x" * 200))
    assert isinstance(close, CloseConnection)
    assert (close.code, close.reason) == (1013, "x" * 123)


def test_a_control_frame_is_short() -> None:
    with pytest.raises(ValueError, match="125"):
        frames.pong(b"x" * 126)
