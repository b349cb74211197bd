"""Values inside a longer text."""

import pytest

from tipd.modules.blacklist.parsers.matching import compiled, values_in


@pytest.mark.parametrize(
    ("pattern", "found"),
    [(r"\d+", ["1", "22"]), (r"x=(\d+)", ["1"]), (r"(?P<key>\w)=(?P<value>\d+)", ["1", "22"]), ("z", [])],
)
def test_groups(pattern, found):
    assert list(values_in(compiled(pattern), "x=1 y=22")) == found


def test_matches_of_one_text_are_bounded():
    assert len(list(values_in(compiled("a"), "a" * 5000))) == 1000


@pytest.mark.parametrize("pattern", ["(", "(?=a)", "a" * 3000])
def test_broken(pattern):
    with pytest.raises(ValueError, match="pattern"):
        compiled(pattern)
