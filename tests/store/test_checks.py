"""Which servers are fit."""

import pytest

from tipd.errors import ConfigError, Unavailable
from tipd.store import (
    checks,
)
from tipd.store.checks import ServerFacts

GOOD = ServerFacts("15.6", 150006, (), "UTF8", standby=False)


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"version_num": 140011, "version": "14.11"}, ConfigError, "14.11: tipd needs 15 or newer"),
        ({"encoding": "SQL_ASCII"}, ConfigError, "needs UTF8"),
        ({"standby": True}, Unavailable, "standby"),
        ({"unsafe": ("fsync",)}, ConfigError, r"may lose what it acknowledged \(fsync off\)"),
    ],
)
def test_an_unfit_server_is_refused(change, error, said):
    fields = {name: getattr(GOOD, name) for name in ServerFacts.__slots__}
    checks.judge(GOOD, allow_unsafe=False)
    with pytest.raises(error, match=said):
        checks.judge(ServerFacts(**fields | change), allow_unsafe=False)
