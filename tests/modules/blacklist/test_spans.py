"""Durations in declarations."""

import pytest

from tipd.modules.blacklist.spans import check_duration


@pytest.mark.parametrize("text", ["0s", "-1h", "tomorrow", ""])
def test_what_is_no_length_of_time_is_refused_with_its_key(text):
    with pytest.raises(ValueError, match="keep: "):
        check_duration("keep", text)


def test_a_length_of_time_passes():
    check_duration("keep", "30d")
