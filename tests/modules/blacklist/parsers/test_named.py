"""What is kept beside a value by a format's own names."""

import pytest

from tipd.modules.blacklist import catalogue
from tipd.modules.blacklist.parsers.named import Named


def named(declaration, own, names=None):
    return Named(
        catalogue.parse(f'name = "x"\nurl = "https://lists.example.org/x"\nparser = "stix"\n{declaration}'), own, names
    )


def test_fields_stand_over_what_is_kept_anyway():
    row = {"a": "1", "b": ["2"], "c": "", "d": []}
    beside = named('[fields]\nreference = "b"\nstatus = ""\n', {"reference": "a", "status": "a", "malware": "c"})
    assert beside.context(row.get) == {"reference": ["2"]}
    assert named("", {"malware": "d"}).context(row.get) is None


def test_where():
    beside = named('[where]\na = ["X"]\n', {}, ["a"])
    assert [beside.passes(row.get) for row in ({"a": "x"}, {"a": "y"}, {"a": ["y", "x"]}, {})] == [
        True,
        False,
        True,
        False,
    ]


@pytest.mark.parametrize("table", ['[fields]\nstatus = "z"\n', '[where]\nz = ["1"]\n'])
def test_unknown_names(table):
    with pytest.raises(ValueError, match="parser stix has a, b"):
        named(table, {}, ["b", "a"])
