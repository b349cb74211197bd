"""`[ageing]` as declared."""

import msgspec
import pytest

from tipd.modules.blacklist.ageing import Ageing


def test_it_is_read_from_a_table():
    ageing = msgspec.convert({"from": "first", "gone": "10d", "kinds": {"ipv4": "7d"}}, Ageing)
    assert (ageing.from_, ageing.gone, ageing.kinds) == ("first", "10d", {"ipv4": "7d"})


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ({"gone": "soon"}, "ageing.gone"),
        ({"kinds": {"ipv5": "7d"}}, "ageing.kinds.ipv5"),
        ({"kinds": {"ipv4": "0s"}}, "ageing.kinds.ipv4"),
        ({"from": "middle"}, "from"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_key(table, key):
    with pytest.raises((ValueError, msgspec.ValidationError), match=key.replace(".", r"\.")):
        msgspec.convert(table, Ageing)
