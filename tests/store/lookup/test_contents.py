import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.store.lookup import levels
from tipd.store.lookup.contents import Batch, Contents, Rows
from tipd.store.lookup.networks import KEY4, KEY6

CHANGES = st.lists(st.tuples(st.integers(0, 12), st.integers(1, 4), st.booleans()), max_size=40)


NONE = np.empty(0, np.uint32)


def hashed(rows: list[tuple[int, int, bool]]) -> Batch:
    keys, sources, listed = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [])
    return Batch(
        Rows.of(np.empty(0, "<u4"), NONE),
        Rows.of(np.empty(0, KEY4), NONE),
        Rows.of(np.empty(0, KEY6), NONE),
        Rows(np.array(keys, "<u8"), np.array(sources, np.uint32), np.array(listed, np.bool_)),
    )


def listed_by(contents: Contents, key: int) -> tuple[int, ...]:
    return contents.sets.members(int(contents.hashed.find(np.array([key], "<u8"))[0]))


@pytest.fixture
def _small_folds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(levels, "FOLD_AT_LEAST", 3)


@pytest.mark.usefixtures("_small_folds")
def test_contents_follow_changes_as_a_set_would() -> None:
    @given(st.sets(st.tuples(st.integers(0, 12), st.integers(1, 4))), st.lists(CHANGES, max_size=5))
    def check(first: set[tuple[int, int]], pages: list[list[tuple[int, int, bool]]]) -> None:
        open_ = set(first)
        contents = Contents.load(hashed([(key, source, True) for key, source in first]), 1)
        for number, page in enumerate(pages, 2):
            for key, source, listed in page:
                (open_.add if listed else open_.discard)((key, source))
            contents = contents.changed(hashed(page), number)
        for state in (contents, contents.compacted()):
            for key in range(14):
                assert listed_by(state, key) == tuple(sorted(source for k, source in open_ if k == key))
            assert state.entries == len({key for key, _ in open_})
            assert state.seq == len(pages) + 1

    check()


def test_what_a_reader_holds_does_not_change() -> None:
    before = Contents.load(hashed([(1, 1, True), (2, 1, True)]), 1)
    after = before.changed(hashed([(1, 1, False), (3, 2, True)]), 2)
    assert (listed_by(before, 1), listed_by(before, 3)) == ((1,), ())
    assert (listed_by(after, 1), listed_by(after, 2), listed_by(after, 3)) == ((), (1,), (2,))


def test_numbers_of_sets_no_longer_used_are_dropped() -> None:
    contents = Contents.load(hashed([(1, source, True) for source in (1, 2, 3)]), 1)
    contents = contents.changed(hashed([(1, 2, False)]), 2).changed(hashed([(1, 1, False)]), 3)
    compact = contents.compacted()
    assert len(compact.sets) == len(contents.sets) - 1
    assert listed_by(compact, 1) == (3,)


def test_many_sets_are_compacted_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tipd.store.lookup.contents.COMPACT_SETS", 10)
    contents = Contents.load(hashed([]), 0)
    for source in range(1, 40):
        contents = contents.changed(hashed([(1, source, True)]), source)
    assert len(contents.sets) <= 13
    assert listed_by(contents, 1) == tuple(range(1, 40))
