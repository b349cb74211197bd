"""Keys of sightings as a file."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from tipd.store.frames import COPY_HEADER, COPY_TRAILER
from tipd.store.key_file import KeyFile, copy_keys, key_file
from tipd.store.store import Store


def copied(*keys: int) -> bytes:
    return COPY_HEADER + b"".join(struct.pack(">hiq", 1, 8, key) for key in keys) + COPY_TRAILER


@pytest.mark.parametrize("size", [1, 3, 14, 1000])
def test_pieces_may_end_anywhere(tmp_path: Path, size: int) -> None:
    raw = copied(3, -1, 2**62)
    with (tmp_path / "keys").open("wb") as file:
        keys = KeyFile(file)
        for _ in range(2):  # one COPY after the other
            for start in range(0, len(raw), size):
                keys.feed(raw[start : start + size])
            keys.end()
    assert keys.number == 6
    assert np.fromfile(tmp_path / "keys", "<i8").tolist() == [3, -1, 2**62] * 2


def test_a_copy_without_its_trailer_is_an_error(tmp_path: Path) -> None:
    with (tmp_path / "keys").open("wb") as file:
        keys = KeyFile(file)
        keys.feed(copied(1)[:-1])
        with pytest.raises(ValueError, match="trailer"):
            keys.end()


async def test_keys_come_in_unsigned_order(store: Store, tmp_path: Path) -> None:
    query = "SELECT key FROM unnest($1::bigint[]) AS k (key) WHERE true"
    async with key_file(tmp_path / "keys") as keys:
        await store.pool.run(_copy, query, keys)
    assert np.fromfile(tmp_path / "keys", "<u8").tolist() == [0, 5, 2**63, 2**64 - 1]


async def _copy(connection, query: str, keys: KeyFile) -> None:
    await copy_keys(connection, query, [5, -1, 0, -(2**63)], into=keys)
