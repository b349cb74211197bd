"""Today against the last round (whole histories: test_reader.py)."""

import numpy as np

from tipd.modules.blacklist.reading.difference import Difference, Totals
from tipd.modules.blacklist.reading.snapshot import Identity, Mapped, open_snapshot

IDENTITY = Identity(store_id="s", source_id=1, last_round=0, read_digest="")
TOP = 1 << 63


def u64(*numbers):
    return np.array(numbers, np.uint64)


def begin(folder, old, units, keys=None):
    """Give the difference what a body's units (hash → keys) say; return it and the unknown hashes."""
    difference = Difference(old, keys, folder)
    hashes = u64(*units)
    unknown = difference.unknown(hashes)
    strange = [] if unknown is None else hashes[unknown].tolist()
    for unit in strange:
        found = u64(*units[unit])
        difference.remember(np.full(len(found), unit, np.uint64), found)
        difference.opened(found, np.ones(len(found), np.bool_))
    return difference, strange


def one_round(folder, old, units, keys=None, says_more=False):
    """Return (totals, closed, snapshot, unknown hashes)."""
    difference, strange = begin(folder, old, units, keys)
    difference.changed(says_more=says_more)
    totals = difference.finish(folder / "closed", folder / "snapshot", IDENTITY, "", says_more=says_more)
    difference.close()
    closed = np.fromfile(folder / "closed", "<u8").tolist()
    return totals, closed, open_snapshot(folder / "snapshot", IDENTITY), strange


def test_two_rounds(tmp_path):
    totals, closed, old, strange = one_round(tmp_path, None, {1: [10], 2: [20, TOP + 5], TOP: [30]})
    assert (totals, closed, strange) == (Totals(4, 4, 0), [], [1, 2, TOP])
    assert old.keys.tolist() == [10, 20, 30, TOP + 5]
    assert list(zip(old.lines.tolist(), old.keys[old.which].tolist(), strict=True)) == [
        (1, 10),
        (2, 20),
        (2, TOP + 5),
        (TOP, 30),
    ]
    totals, closed, new, strange = one_round(tmp_path, old, {2: [20, TOP + 5], 7: [10], 8: [40]})
    assert (totals, closed, strange) == (Totals(4, 1, 1), [30], [7, 8])
    assert new.keys.tolist() == [10, 20, 40, TOP + 5]
    assert new.lines.tolist() == [2, 2, 7, 8]


def test_all_known_is_said_by_none(tmp_path):
    _, _, old, _ = one_round(tmp_path, None, {1: [10]})
    difference = Difference(old, None, tmp_path)
    assert difference.unknown(u64(1, 1)) is None
    assert difference.had == 1
    difference.close()


def test_another_mark_forgets_lines_and_keeps_keys(tmp_path):
    _, _, old, _ = one_round(tmp_path, None, {1: [10]})
    difference = Difference(old, None, tmp_path)
    difference.hold_lines("other")
    assert difference.unknown(u64(1)).tolist() == [True]
    difference.opened(u64(10, 11), np.ones(2, np.bool_))
    difference.changed(says_more=True)
    new, changed = difference.sort_out(u64(10, 11))
    assert (new.tolist(), changed.tolist()) == ([False, True], [True, False])
    difference.close()


def test_open_keys_without_lines(tmp_path):
    (tmp_path / "keys").write_bytes(u64(10, TOP + 1).tobytes())
    totals, closed, _, _ = one_round(tmp_path, None, {1: [10]}, keys=Mapped(tmp_path / "keys"))
    assert (totals, closed) == (Totals(1, 0, 1), [TOP + 1])


def sorted_out(difference, *keys):
    new, changed = difference.sort_out(u64(*keys))
    return list(zip(new.tolist(), changed.tolist(), strict=True))


def test_what_must_be_read_again_is_what_shares_an_indicator_with_a_change(tmp_path):
    lines = {1: [10], 2: [10], 3: [20], 4: [20], 5: [30, 40], 6: [40], 7: [50]}
    _, _, old, _ = one_round(tmp_path, None, lines, says_more=True)
    del lines[2], lines[6], lines[7]
    difference, strange = begin(tmp_path, old, {**lines, 8: [20], 9: [60]})
    assert strange == [8, 9]
    assert difference.changed(says_more=True).tolist() == [1, 3, 4, 5]
    # 10 and 40 lost a line, 20 got one; 30 stands beside 40 and did not change; 50 left.
    assert sorted_out(difference, 10, 20, 30, 40, 50, 60) == [
        (False, True),
        (False, True),
        (False, False),
        (False, True),
        (False, False),
        (True, False),
    ]
    difference.close()


def test_nothing_is_read_again_where_nothing_stands_beside(tmp_path):
    _, _, old, _ = one_round(tmp_path, None, {1: [10], 2: [10]})
    difference, _ = begin(tmp_path, old, {1: [10], 3: [10]})
    assert difference.changed(says_more=False).tolist() == []
    assert sorted_out(difference, 10) == [(False, False)]
    difference.close()


def test_what_stood_beside_in_the_last_body_alone_counts_too(tmp_path):
    _, _, old, _ = one_round(tmp_path, None, {1: [10], 2: [10]}, says_more=True)
    assert old.head.says_more
    difference, _ = begin(tmp_path, old, {1: [10]})
    assert difference.changed(says_more=False).tolist() == [1]
    assert sorted_out(difference, 10) == [(False, True)]
    difference.close()


def test_without_a_snapshot_nobody_knows_what_stood_beside(tmp_path):
    (tmp_path / "keys").write_bytes(u64(10, 20).tobytes())
    difference, _ = begin(tmp_path, None, {1: [10]}, keys=Mapped(tmp_path / "keys"))
    assert difference.changed(says_more=False).tolist() == []
    assert sorted_out(difference, 10, 20) == [(False, True), (False, False)]
    difference.close()
