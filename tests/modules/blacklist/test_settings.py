"""The section of the configuration."""

import pytest

from tipd.modules.blacklist.settings import BlacklistSettings


def test_the_defaults_work():
    settings = BlacklistSettings()
    assert settings.catalogue
    assert settings.enabled


@pytest.mark.parametrize(
    ("keys", "error"),
    [
        ({"every": "soon"}, "every: not a duration"),
        ({"every": "0s"}, "every: must be"),
        ({"deadline": ""}, "deadline: a duration is empty"),
        ({"at_once": 0}, "at_once"),
        ({"max_rows": 0}, "max_rows"),
        ({"worker_memory_mb": 1}, "worker_memory_mb"),
    ],
)
def test_what_could_not_be_used_is_refused(keys, error):
    with pytest.raises(ValueError, match=error):
        BlacklistSettings(**keys)
