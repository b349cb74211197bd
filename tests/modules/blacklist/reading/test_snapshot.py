"""The snapshot's file."""

import msgspec
import numpy as np
import pytest

from tipd.modules.blacklist.reading.snapshot import (
    HEAD,
    Head,
    Identity,
    claim,
    open_snapshot,
    read_head,
    write_snapshot,
)

IDENTITY = Identity(store_id="s", source_id=1, last_round=2, read_digest="ab")


@pytest.fixture
def snapshot(tmp_path):
    path = tmp_path / "snapshot"
    keys, lines, which = np.array([3, 9], np.uint64), np.array([1, 5, 5], np.uint64), np.array([1, 0, 1], np.uint32)
    head = Head(identity=IDENTITY, keys=2, lines=3, mark="mark", says_more=True, checksum="")
    write_snapshot(path, head, [[keys], [lines[:1], lines[1:]], [which]])
    return path


def test_what_is_written_is_read(snapshot):
    opened = open_snapshot(snapshot, IDENTITY)
    assert (opened.keys.tolist(), opened.lines.tolist(), opened.which.tolist()) == ([3, 9], [1, 5, 5], [1, 0, 1])
    assert (opened.head.mark, opened.head.says_more, opened.head.size) == ("mark", True, HEAD + 16 + 36)
    opened.mapped.release()
    assert opened.keys.tolist() == [3, 9]


def test_it_holds_for_nothing_else(snapshot):
    other = msgspec.structs.replace(IDENTITY, last_round=3)
    assert open_snapshot(snapshot, other) is None
    claim(snapshot, other)
    assert open_snapshot(snapshot, other) is not None
    assert open_snapshot(snapshot, IDENTITY) is None


@pytest.mark.parametrize("place", [0, 9, 20, HEAD, HEAD + 17, -1])
def test_any_damage_is_seen(snapshot, place):
    raw = bytearray(snapshot.read_bytes())
    raw[place] ^= 0x40
    snapshot.write_bytes(raw)
    assert open_snapshot(snapshot, IDENTITY) is None


@pytest.mark.parametrize("size", [0, 5, HEAD - 1, HEAD, HEAD + 10])
def test_a_torn_file_is_no_snapshot(snapshot, size):
    snapshot.write_bytes(snapshot.read_bytes()[:size])
    assert read_head(snapshot) is None


def test_no_file_is_no_snapshot(tmp_path):
    assert open_snapshot(tmp_path / "none", IDENTITY) is None


def test_an_empty_set_is_a_snapshot(tmp_path):
    head = Head(identity=IDENTITY, keys=0, lines=0, mark="", says_more=False, checksum="")
    write_snapshot(tmp_path / "s", head, [[], [], []])
    opened = open_snapshot(tmp_path / "s", IDENTITY)
    assert (len(opened.keys), len(opened.lines)) == (0, 0)
