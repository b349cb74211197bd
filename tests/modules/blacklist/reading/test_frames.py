"""The file of opened sightings."""

import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from support.bodies import frames

from tipd.modules.blacklist.reading.beside import NOTHING, Beside, written
from tipd.modules.blacklist.reading.frames import FRAME_ROWS, FrameWriter, kind_of, parted, tuples, value_of

besides = st.sampled_from([NOTHING, written(Beside({"port": 1})), written(Beside({}, 2, 5_000_000))])
rows = st.lists(st.tuples(st.integers(0, 2**64 - 1), st.text(max_size=20), besides), max_size=20)


def framed(*groups):
    file = io.BytesIO()
    writer = FrameWriter(file)
    for group in groups:
        writer.add(group)
    writer.close()
    return file.getvalue()


@given(rows, st.sampled_from([1, 4, 12]), st.booleans())
def test_what_is_written_is_read(entries, code, with_besides):
    keys = np.array([key for key, _, _ in entries], np.uint64)
    values = [text.encode() for _, text, _ in entries]
    beside = [beside for *_, beside in entries] if with_besides else None
    made = tuples(code, keys, values, beside)
    said = [{"port": 1} if with_besides and b"port" in beside else None for *_, beside in entries]
    assert frames(framed(made)) == [
        (key - (1 << 64) if key >> 63 else key, code, text, context)
        for (key, text, _), context in zip(entries, said, strict=True)
    ]
    assert [(kind_of(row), value_of(row)) for row in made] == [(code, text) for _, text, _ in entries]
    assert [parted(row)[1] for row in made] == (beside or [NOTHING] * len(made))


def test_no_frame_is_over_its_bound():
    count = FRAME_ROWS + 5
    many = tuples(1, np.arange(count, dtype=np.uint64), [b"192.0.2.1"] * count)
    large = tuples(6, np.arange(20, dtype=np.uint64), [b"x" * 2**20] * 20)
    raw = framed(many, tuples(4, np.array([1], np.uint64), [b"a.example"]), large)
    heads, at = [], 0
    while at < len(raw):
        heads.append(int.from_bytes(raw[at : at + 4], "little"))
        size = int.from_bytes(raw[at + 4 : at + 8], "little")
        assert size <= 16 * 2**20
        at += 8 + size
    assert heads[0] == FRAME_ROWS
    assert (sum(heads), len(heads)) == (count + 21, 3)
    assert len(frames(raw)) == count + 21


def test_nothing_is_an_empty_file():
    assert framed([], []) == b""
