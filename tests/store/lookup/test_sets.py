import numpy as np

from tipd.store.lookup.sets import SourceSets


def test_a_set_keeps_its_number() -> None:
    sets = SourceSets()
    number = sets.intern((1, 2))
    keys, ids = sets.group(np.array([5, 5, 9], "<u8"), np.array([2, 1, 7], np.uint32))
    assert keys.tolist() == [5, 9]
    assert ids.tolist()[0] == number
    assert sets.members(ids.tolist()[1]) == (7,)
