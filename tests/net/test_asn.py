"""Look-ups in an AS table."""

import numpy as np
import pytest

from tipd.net.asn import AsnTable
from tipd.net.asn_build import AsnJob, build


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "asn.dat"
    path.write_text(
        "198.51.100.0/24\t64500\n198.51.100.128/25\t64501\n203.0.113.0/24\t4200000001\n"
        "2001:db8::/32\t64502\n2001:db8:0:1::/64\t64503\n2001:db8:0:1::8000/113\t64504\n"
    )
    assert not build(AsnJob(path=str(path), into=str(tmp_path / "asn.table"))).error
    return AsnTable.open(tmp_path / "asn.table")


@pytest.mark.parametrize(
    ("address", "asn"),
    [
        ("198.51.100.0", 64500),
        ("198.51.100.127", 64500),
        ("198.51.100.128", 64501),
        ("198.51.100.255", 64501),
        ("198.51.101.0", None),
        ("198.51.99.255", None),
        ("0.0.0.0", None),
        ("255.255.255.255", None),
        ("203.0.113.9", 4200000001),
        ("203.0.113.0/25", 4200000001),
        ("2001:db8::1", 64502),
        ("2001:db8:0:1::1", 64503),
        ("2001:db8:0:1::8001", 64504),
        ("2001:db8:0:1:0:0:0:ffff", 64504),
        ("2001:db8:0:1:0:0:1:0", 64503),
        ("2001:db8:0:2::", 64502),
        ("2001:db9::", None),
        ("::", None),
        ("example.org", None),
        ("", None),
    ],
)
def test_the_narrowest_announcement_answers(table, address, asn):
    assert table.of(address) == asn


def test_many_at_once_say_the_same_as_one_by_one(table):
    texts = ["198.51.100.5", "198.51.100.200", "192.0.2.1", "203.0.113.1", "0.0.0.0"]
    numbers = np.array([int.from_bytes(bytes(map(int, text.split(".")))) for text in texts], np.uint32)
    assert table.many4(numbers).tolist() == [64500, 64501, 0, 4200000001, 0]
    six = np.array([bytes.fromhex("20010db8" + "00" * 12), bytes(16), b"\xff" * 16], "S16")
    assert table.many6(six).tolist() == [64502, 0, 0]


def test_an_empty_table_knows_nothing():
    table = AsnTable.empty()
    assert (len(table), table.of("192.0.2.1"), table.of("2001:db8::"), table.name(64500)) == (0, None, None, "")
    assert table.many4(np.array([1], np.uint32)).tolist() == [0]


def test_a_damaged_table_is_refused(table, tmp_path):
    path = tmp_path / "asn.table"
    whole = path.read_bytes()
    for broken in (whole[:-1], b"x" + whole[1:], whole[:14] + b"\xff" + whole[15:], b""):
        path.write_bytes(broken)
        with pytest.raises(ValueError, match=r"asn\.table|empty"):
            AsnTable.open(path)


def test_a_packed_set_says_the_same_as_one_by_one(table):
    texts = ["192.0.2.1", "198.51.100.5", "198.51.100.200", "203.0.113.1", "255.255.255.255"]
    packed = b"".join(bytes(map(int, text.split("."))) for text in texts)
    assert table.of_packed(packed) == tuple(table.of(text) or 0 for text in texts)
    assert table.of_packed(b"") == AsnTable.empty().of_packed(b"") == ()
    assert AsnTable.empty().of_packed(packed) == (0,) * 5
