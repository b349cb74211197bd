import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tipd.store.lookup.levels import Level, Table, merged


@given(st.dictionaries(st.integers(0, 30), st.integers(1, 9)), st.dictionaries(st.integers(0, 30), st.integers(0, 9)))
def test_merging_is_updating_a_dict(under: dict[int, int], over: dict[int, int]) -> None:
    def level(mapping: dict[int, int]) -> Level:
        keys = np.array(sorted(mapping), "<u8")
        return Level(keys, np.array([mapping[key] for key in sorted(mapping)], np.uint32))

    both = merged(level(under), level(over))
    assert dict(zip(both.keys.tolist(), both.sets.tolist(), strict=True)) == under | over
    assert both.keys.tolist() == sorted(under | over)
    table = Table.of(level(under).keys, level(under).sets).changed(level(over).keys, level(over).sets)
    wanted = {key: set_id for key, set_id in (under | over).items() if set_id}
    assert table.entries == len(wanted)
    assert table.find(np.arange(31, dtype="<u8")).tolist() == [wanted.get(key, 0) for key in range(31)]
