"""Today against the last round (whole histories: test_reader.py)."""

import numpy as np

from tipd.modules.blacklist.reading.difference import Difference, Totals
from tipd.modules.blacklist.reading.snapshot import Identity, Mapped, open_snapshot

IDENTITY = Identity(store_id="s", source_id=1, last_round=0, read_digest="")
TOP = 1 << 63


def u64(*numbers):
    return np.array(numbers, np.uint64)


def one_round(folder, old, units, keys=None):
    """`units`: hash → keys. Return (totals, closed, snapshot, unknown hashes)."""
    difference = Difference(old, keys, folder)
    hashes = u64(*units)
    unknown = difference.unknown(hashes)
    strange = [] if unknown is None else hashes[unknown].tolist()
    for unit in strange:
        found = u64(*units[unit])
        difference.remember(np.full(len(found), unit, np.uint64), found)
        difference.opened(found)
    totals = difference.finish(folder / "closed", folder / "snapshot", IDENTITY, "")
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
    assert difference.opened(u64(10, 11)).tolist() == [False, True]
    difference.close()


def test_open_keys_without_lines(tmp_path):
    (tmp_path / "keys").write_bytes(u64(10, TOP + 1).tobytes())
    totals, closed, _, _ = one_round(tmp_path, None, {1: [10]}, keys=Mapped(tmp_path / "keys"))
    assert (totals, closed) == (Totals(1, 0, 1), [TOP + 1])
