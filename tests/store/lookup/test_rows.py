import struct

import numpy as np
import pytest

from tipd.store.lookup.rows import HASHED, INET4, Readers, RowReader

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)


def row(value: bytes, source: int, listed: bool) -> bytes:
    return b"".join(
        [struct.pack(">hi", 3, len(value)), value, struct.pack(">ii", 4, source), struct.pack(">ib", 1, listed)]
    )


def inet4(address: int, length: int) -> bytes:
    return struct.pack(">BBBBI", 2, length, 0, 4, address)


@pytest.mark.parametrize("size", [1, 7, 18, 19, 20, 64, 10_000])
def test_pieces_may_end_anywhere(size: int) -> None:
    rows = [row(inet4(0xC0000200 + n, 24 + n % 9), n, n % 3 == 0) for n in range(100)]
    text = HEADER + b"".join(rows) + b"\xff\xff"
    reader = RowReader(INET4)
    for start in range(0, len(text), size):
        reader.take(text[start : start + size])
    found, lengths = reader.rows()
    assert found.keys.tolist() == [0xC0000200 + n for n in range(100)]
    assert found.keys.dtype == np.dtype("<u4")
    assert lengths.tolist() == [24 + n % 9 for n in range(100)]
    assert found.voices.tolist() == list(range(100))
    assert found.listed.tolist() == [n % 3 == 0 for n in range(100)]


def test_keys_are_read_without_their_sign() -> None:
    reader = RowReader(HASHED)
    reader.take(HEADER + row(struct.pack(">q", -1), 3, True) + b"\xff\xff")
    assert reader.rows()[0].keys.tolist() == [2**64 - 1]


def test_rows_of_another_width_are_refused() -> None:
    reader = RowReader(HASHED)
    with pytest.raises(ValueError, match="another width"):
        reader.take(HEADER + row(struct.pack(">i", 1), 3, True) * 30)


def test_rows_cut_short_are_refused() -> None:
    reader = RowReader(HASHED)
    reader.take(HEADER + row(struct.pack(">q", 1), 3, True)[:-1])
    with pytest.raises(ValueError, match="in the middle"):
        reader.rows()


def test_nothing_is_an_empty_batch() -> None:
    readers = Readers()
    for _, reader in readers:
        reader.take(HEADER + b"\xff\xff")
    assert [len(rows.keys) for rows in readers.batch().parts.values()] == [0, 0, 0, 0]
