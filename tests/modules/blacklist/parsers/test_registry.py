"""The list of parsers."""

import pytest

from tipd.modules.blacklist import catalogue
from tipd.modules.blacklist.parsers.registry import FORMATS, build

NEEDED = {"regex": "[options]\npattern = 'x'\n"}


@pytest.mark.parametrize("name", FORMATS)
def test_each_is_built_from_a_declaration(name):
    source = catalogue.parse(f'url = "https://lists.example.org/x"\nparser = "{name}"\n{NEEDED.get(name, "")}')
    parser = build(source)
    assert parser.mark == ""
    assert parser.begin([b""]) == [b""]
    assert FORMATS[name].version >= 1


def test_each_body_gets_a_fresh_one():
    source = catalogue.parse('url = "https://lists.example.org/x"\nparser = "lines"\n[options]\nskip = 1\n')
    assert [build(source).begin([b"head"]) for _ in range(2)] == [[b""], [b""]]
