"""The file of newly opened sightings."""

import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from support.bodies import frames

from tipd.modules.blacklist.reading.frames import FRAME_ROWS, FrameWriter, Row, first_rows

rows = st.lists(
    st.tuples(st.integers(0, 2**64 - 1), st.text(max_size=20), st.none() | st.just(b'{"port":1}')), max_size=20
)


def written(groups):
    file = io.BytesIO()
    writer = FrameWriter(file)
    for code, keys, values, contexts in groups:
        writer.add(code, np.array(keys, np.uint64), values, contexts)
    writer.close()
    return file.getvalue(), writer.rows


@given(rows, st.booleans())
def test_what_is_written_is_read(entries, with_contexts):
    keys = [key for key, _, _ in entries]
    values = [text.encode() for _, text, _ in entries]
    contexts = [context for *_, context in entries] if with_contexts else None
    raw, count = written([(1, keys, values, contexts)])
    assert count == len(entries)
    expected = [
        (key - (1 << 64) if key >> 63 else key, 1, text, {"port": 1} if with_contexts and context else None)
        for key, text, context in entries
    ]
    assert frames(raw) == expected
    first = [Row(1, text, context if with_contexts else None) for _, text, context in entries[:3]]
    assert first_rows(io.BytesIO(raw), 3) == first


def test_no_frame_is_over_its_bound():
    values = [b"192.0.2.1"] * (FRAME_ROWS + 5)
    raw, _ = written([(1, range(len(values)), values, None), (4, [1], [b"a.example"], None)])
    heads, at = [], 0
    while at < len(raw):
        heads.append(int.from_bytes(raw[at : at + 4], "little"))
        at += 8 + int.from_bytes(raw[at + 4 : at + 8], "little")
    assert heads == [FRAME_ROWS, 6]
    assert len(first_rows(io.BytesIO(raw), FRAME_ROWS + 6)) == FRAME_ROWS + 6


def test_nothing_is_an_empty_file():
    assert written([(1, [], [], None)]) == (b"", 0)
