"""The sections [store] and [findings], and the file that names a database."""

import msgspec
import pytest

from tipd.store.address import read_url
from tipd.store.settings import FindingsSettings, StoreSettings


def test_the_defaults_work():
    assert StoreSettings().seconds("start_deadline") == 600
    assert FindingsSettings().keep == "400d"
    assert read_url(StoreSettings()) is None


@pytest.mark.parametrize(
    ("kind", "table", "said"),
    [
        (StoreSettings, {"commit_deadline": "soon"}, "not a duration"),
        (StoreSettings, {"stop_deadline": "0s"}, "stop_deadline must be longer"),
        (StoreSettings, {"shared_buffers": "12kB"}, "shared_buffers must be at least 1MB"),
        (StoreSettings, {"min_free": "much"}, "not a size"),
        (StoreSettings, {"pool_size": 1}, ">= 2"),
        (StoreSettings, {"url": "x"}, "unknown field"),
        (FindingsSettings, {"keep": "3h"}, "keep must be at least 1d"),
    ],
)
def test_what_is_wrong_is_said(kind, table, said):
    with pytest.raises(msgspec.ValidationError, match=said):
        msgspec.convert(table, kind)
