import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.store.lookup import levels
from tipd.store.lookup.contents import Batch, Contents, Rows
from tipd.store.lookup.networks import KEY4, KEY6
from tipd.store.lookup.sets import MARK_BITS

KEYS, SOURCES, MARKS = st.integers(0, 12), st.integers(1, 4), st.integers(0, 4)
CHANGES = st.lists(st.tuples(KEYS, SOURCES, MARKS, st.booleans()), max_size=40)


NONE = np.empty(0, np.uint32)


def hashed(rows: list[tuple[int, int, int, bool]]) -> Batch:
    """Make rows of (key, source, the row's own mark, listed)."""
    keys, sources, marks, listed = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [], [])
    voices = np.array(sources, np.uint32) << MARK_BITS | np.array(marks, np.uint32)
    return Batch(
        Rows.of(np.empty(0, "<u4"), NONE),
        Rows.of(np.empty(0, KEY4), NONE),
        Rows.of(np.empty(0, KEY6), NONE),
        Rows(np.array(keys, "<u8"), voices.astype(np.uint32), np.array(listed, np.bool_)),
    )


def voices_of(contents: Contents, key: int) -> tuple[tuple[int, int], ...]:
    """Return (source, mark) of each voice."""
    voices = contents.sets.members(int(contents.hashed.find(np.array([key], "<u8"))[0]))
    return tuple((voice >> MARK_BITS, voice & 7) for voice in voices)


def listed_by(contents: Contents, key: int) -> tuple[int, ...]:
    return tuple(source for source, _ in voices_of(contents, key))


@pytest.fixture
def _small_folds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(levels, "FOLD_AT_LEAST", 3)


@pytest.mark.usefixtures("_small_folds")
def test_contents_follow_changes_as_a_set_would() -> None:
    @given(st.dictionaries(st.tuples(KEYS, SOURCES), MARKS), st.lists(CHANGES, max_size=5))
    def check(first: dict[tuple[int, int], int], pages: list[list[tuple[int, int, int, bool]]]) -> None:
        open_ = dict(first)
        contents = Contents.load(hashed([(key, source, mark, True) for (key, source), mark in first.items()]), 1)
        for number, page in enumerate(pages, 2):
            for key, source, mark, listed in page:
                open_.pop((key, source), None)
                if listed:
                    open_[key, source] = mark
            contents = contents.changed(hashed(page), number)
        for state in (contents, contents.compacted()):
            for key in range(14):
                mine = sorted((source, mark) for (k, source), mark in open_.items() if k == key)
                assert voices_of(state, key) == tuple(mine)
            assert state.entries == len({key for key, _ in open_})
            assert state.seq == len(pages) + 1

    check()


def test_what_a_reader_holds_does_not_change() -> None:
    before = Contents.load(hashed([(1, 1, 0, True), (2, 1, 0, True)]), 1)
    after = before.changed(hashed([(1, 1, 4, False), (3, 2, 0, True)]), 2)
    assert (listed_by(before, 1), listed_by(before, 3)) == ((1,), ())
    assert (listed_by(after, 1), listed_by(after, 2), listed_by(after, 3)) == ((), (1,), (2,))


def test_numbers_of_sets_no_longer_used_are_dropped() -> None:
    contents = Contents.load(hashed([(1, source, 0, True) for source in (1, 2, 3)]), 1)
    contents = contents.changed(hashed([(1, 2, 0, False)]), 2).changed(hashed([(1, 1, 0, False)]), 3)
    compact = contents.compacted()
    assert len(compact.sets) == len(contents.sets) - 1
    assert listed_by(compact, 1) == (3,)


def test_many_sets_are_compacted_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tipd.store.lookup.contents.COMPACT_SETS", 10)
    contents = Contents.load(hashed([]), 0)
    for source in range(1, 40):
        contents = contents.changed(hashed([(1, source, 0, True)]), source)
    assert len(contents.sets) <= 13
    assert listed_by(contents, 1) == tuple(range(1, 40))
