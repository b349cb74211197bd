"""`[expect]` as declared."""

import pytest

from tipd.modules.blacklist.expect import Expect


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ({"max_shrink": 1.5}, "max_shrink"),
        ({"max_bad": -0.1}, "max_bad"),
        ({"max_growth": 0.5}, "max_growth"),
        ({"min_rows": -1}, "min_rows"),
        ({"max_age": "soon"}, "max_age"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_key(table, key):
    with pytest.raises(ValueError, match=key):
        Expect(**table)
