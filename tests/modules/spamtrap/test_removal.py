"""Which sources are closed still; closing itself stands in test_module.py, with the real store."""

from types import SimpleNamespace

import pytest

from tipd.modules.spamtrap.removal import is_left


@pytest.mark.parametrize(
    ("declared", "state", "entries", "left"),
    [
        (True, "ok", 5, False),
        (False, "ok", 5, True),
        (False, "ok", 0, True),
        (False, "removed", 0, False),
        (False, "off", 0, False),
        (False, "off", 3, True),
    ],
)
def test_what_has_to_be_closed_still(declared, state, entries, left):
    assert is_left(SimpleNamespace(declared=declared, state=state, entries=entries)) is left
