"""Files that say who announces what."""

import contextlib
import gzip
import ipaddress
import random

import pytest
from support.mmdb import mmdb

from tipd.net import asn_rows
from tipd.net.asn_rows import AsnFileError, AsnRow, is_mmdb, mmdb_rows, text_rows


def _number(text):
    return int(ipaddress.ip_address(text))


def _rows(path):
    form, rows = text_rows(path)
    return form, [row for _, row in rows]


@pytest.mark.parametrize(
    ("form", "text", "rows"),
    [
        (
            "iptoasn",
            "192.0.2.0\t192.0.2.255\t64500\tZZ\tEXAMPLE-NET\n2001:db8::\t2001:db8:0:ffff:ffff:ffff:ffff:ffff\t64501\tZZ\tSIX\n"
            "198.51.100.0\t198.51.100.255\t0\tNone\tNot routed\n",
            [
                AsnRow(4, _number("192.0.2.0"), _number("192.0.2.255"), 64500, "EXAMPLE-NET"),
                AsnRow(6, _number("2001:db8::"), _number("2001:db8:0:ffff:ffff:ffff:ffff:ffff"), 64501, "SIX"),
                AsnRow(4, _number("198.51.100.0"), _number("198.51.100.255"), 0),
            ],
        ),
        (
            "pfx2as",
            "192.0.2.0\t24\t64500\n198.51.100.0\t24\t64501_64502\n203.0.113.0\t24\t64503,64504\n2001:db8::\t32\t64505\n",
            [
                AsnRow(4, _number("192.0.2.0"), _number("192.0.2.255"), 64500),
                AsnRow(4, _number("198.51.100.0"), _number("198.51.100.255"), 64501),
                AsnRow(4, _number("203.0.113.0"), _number("203.0.113.255"), 64503),
                AsnRow(6, _number("2001:db8::"), _number("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"), 64505),
            ],
        ),
        (
            "pyasn",
            "; IP-ASN32-DAT file\n; Original file : rib\n192.0.2.0/24\t64500\n198.51.100.0/25\t64501\n",
            [
                AsnRow(4, _number("192.0.2.0"), _number("192.0.2.255"), 64500),
                AsnRow(4, _number("198.51.100.0"), _number("198.51.100.127"), 64501),
            ],
        ),
        (
            "csv",
            'start,end,asn,name\n192.0.2.0,192.0.2.255,64500,"Example, Inc."\n3325256704,3325256959,AS64501,Numbers\n'
            "203.0.113.0/24,64502,Prefix\n",
            [
                AsnRow(4, _number("192.0.2.0"), _number("192.0.2.255"), 64500, "Example, Inc."),
                AsnRow(4, 3325256704, 3325256959, 64501, "Numbers"),
                AsnRow(4, _number("203.0.113.0"), _number("203.0.113.255"), 64502, "Prefix"),
            ],
        ),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_each_form_is_recognised_and_read(tmp_path, form, text, rows, packed):
    path = tmp_path / "asn"
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    assert _rows(path) == (form, rows)


def test_a_row_that_cannot_be_read_is_told_by_its_line(tmp_path):
    path = tmp_path / "asn.tsv"
    good = "192.0.2.0\t192.0.2.255\t64500\tZZ\tNAME\n"
    path.write_text(good * 30 + "192.0.2.9\t192.0.2.1\t1\tZZ\tBACKWARDS\n" + good)
    _, rows = text_rows(path)
    assert [number for number, row in rows if row is None] == [31]


@pytest.mark.parametrize("raw", [b"", b"<html>\n<body>\n", b"a,b,c\n", b"\x1f\x8bnot gzip", b"1.2.3.4/99\t5\n"])
def test_what_is_no_such_file_is_refused(tmp_path, raw):
    path = tmp_path / "asn"
    path.write_bytes(raw)
    with pytest.raises(AsnFileError, match="asn"):
        _rows(path)


def test_mmdb_is_told_by_its_mark_and_read(tmp_path):
    path = tmp_path / "asn.mmdb"
    path.write_bytes(
        mmdb(
            {
                "192.0.2.0/24": {"autonomous_system_number": 64500, "autonomous_system_organization": "Example"},
                "198.51.100.0/25": {"asn": "AS64501", "name": "Other form"},
                "203.0.113.0/24": {"country": "ZZ"},
                "2001:db8::/64": {"autonomous_system_number": 64502},
            }
        )
    )
    assert is_mmdb(path)
    rows = sorted(mmdb_rows(path))
    assert [(row.version, row.asn, row.name) for row in rows] == [
        (4, 64500, "Example"),
        (4, 64501, "Other form"),
        (6, 64502, ""),
    ]
    assert (rows[0].first, rows[0].last) == (_number("192.0.2.0"), _number("192.0.2.255"))
    assert rows[1].last - rows[1].first == 127


def test_a_damaged_mmdb_is_refused(tmp_path):
    path = tmp_path / "asn.mmdb"
    whole = mmdb({"192.0.2.0/24": {"autonomous_system_number": 64500}})
    path.write_bytes(whole[:40] + whole[200:])
    with pytest.raises(AsnFileError):
        list(mmdb_rows(path))


@pytest.mark.parametrize("at", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_a_damaged_gzip_is_refused_in_words(tmp_path, at):
    lines = "".join(f"10.{number // 256}.{number % 256}.0/24\t{64500 + number}\n" for number in range(3000))
    raw = bytearray(gzip.compress(lines.encode()))
    for step in range(8):
        raw[int(at * len(raw)) + step] ^= 0xFF
    path = tmp_path / "asn.gz"
    path.write_bytes(raw)
    with pytest.raises(AsnFileError, match=str(path)):
        list(text_rows(path)[1])


def test_a_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(asn_rows, "MOST_TEXT", 100_000)
    path = tmp_path / "asn.gz"
    path.write_bytes(gzip.compress(b"192.0.2.0/24 64500\n" * 300 + b"#\n" * 100_000))
    with pytest.raises(AsnFileError, match="larger than"):
        list(text_rows(path)[1])


def test_a_carriage_return_inside_a_line_is_no_accident(tmp_path):
    path = tmp_path / "asn.csv"
    path.write_bytes(b"192.0.2.0/24,64500\n" * 50 + b"192.0.2.0/24,64500,a\rb\n")
    assert [row is None for row in _rows(path)[1]] == [False] * 50 + [True]


def test_an_mmdb_with_exchanged_bytes_never_raises_anything_else(tmp_path):
    whole = mmdb(
        {"192.0.2.0/24": {"autonomous_system_number": 64500, "name": "X"}, "2001:db8::/32": {"asn": "AS64501"}}
    )
    rng, path = random.Random(3), tmp_path / "asn.mmdb"
    for _ in range(150):
        raw = bytearray(whole)
        for _ in range(rng.randint(1, 3)):
            raw[rng.randrange(len(raw))] = rng.randrange(256)
        path.write_bytes(raw)
        with contextlib.suppress(AsnFileError):
            list(mmdb_rows(path))


def test_the_names_of_other_publishers_mmdb(tmp_path):
    path = tmp_path / "asn.mmdb"
    path.write_bytes(mmdb({"192.0.2.0/24": {"asn": "AS64500", "as_name": "Example LLC", "as_domain": "example.org"}}))
    (row,) = mmdb_rows(path)
    assert (row.version, row.asn, row.name) == (4, 64500, "Example LLC")
