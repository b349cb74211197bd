"""Patterns that name indicators, and those that say more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.modules.blacklist.parsers.stix_pattern import PATHS, Malformed, Unsupported, values_of

IP, URL = "ipv4-addr:value", "url:value"


@pytest.mark.parametrize(
    ("pattern", "values"),
    [
        ("[ipv4-addr:value = '198.51.100.7']", ["198.51.100.7"]),
        ("[ipv4-addr:value='198.51.100.7']", ["198.51.100.7"]),
        (" [ ipv6-addr:value = '2001:db8::1' ] ", ["2001:db8::1"]),
        ("[ipv4-addr:value ISSUBSET '198.51.100.0/24']", ["198.51.100.0/24"]),
        ("[url:value = 'http://a.example/?x=\\'1\\'\\\\']", ["http://a.example/?x='1'\\"]),
        ("[ipv4-addr:value = '192.0.2.1' OR ipv4-addr:value = '192.0.2.2']", ["192.0.2.1", "192.0.2.2"]),
        ("[(ipv4-addr:value = '192.0.2.1' OR (ipv4-addr:value = '192.0.2.2'))]", ["192.0.2.1", "192.0.2.2"]),
        ("[url:value = 'a'] OR ([url:value = 'b'] OR [url:value = 'c'])", ["a", "b", "c"]),
        ("[domain-name:value IN ('a.example', 'b.example')]", ["a.example", "b.example"]),
        ("[file:hashes.MD5 = 'x' OR file:hashes.'SHA-256' = 'y' OR file:hashes.\"z\" = 'q']", None),
        ("[file:hashes.MD5 = 'x' OR file:hashes.'SHA-256' = 'y']", ["x", "y"]),
        ("[autonomous-system:number = 64500]", ["64500"]),
        ("[network-traffic:dst_ref.value = '192.0.2.1']", ["192.0.2.1"]),
    ],
)
def test_lists_of_indicators(pattern, values):
    if values is None:
        with pytest.raises(Malformed):
            values_of(pattern)
        return
    found = values_of(pattern)
    assert [value for _, value in found] == values
    assert all(kinds for kinds, _ in found)


@pytest.mark.parametrize(
    "pattern",
    [
        "[ipv4-addr:value = '192.0.2.1' AND network-traffic:dst_port = 443]",
        "[ipv4-addr:value = '192.0.2.1'] AND [url:value = 'x']",
        "[ipv4-addr:value = '192.0.2.1'] FOLLOWEDBY [url:value = 'x']",
        "[NOT ipv4-addr:value = '192.0.2.1']",
        "[ipv4-addr:value NOT = '192.0.2.1']",
        "[ipv4-addr:value != '192.0.2.1']",
        "[domain-name:value LIKE '%.example']",
        "[url:value MATCHES 'x.*']",
        "[ipv4-addr:value = '192.0.2.1'] WITHIN 5 SECONDS",
        "[ipv4-addr:value = '192.0.2.1'] REPEATS 5 TIMES",
        "([ipv4-addr:value = '192.0.2.1'] OR [url:value = 'x']) START t'2026-01-01T00:00:00Z'",
        "[EXISTS ipv4-addr:value]",
        "[file:size > 25]",
        # Half of it would be true of too much:
        "[ipv4-addr:value = '192.0.2.1' OR (url:value = 'x' AND url:value = 'y')]",
    ],
)
def test_what_says_more_is_never_half_read(pattern):
    with pytest.raises(Unsupported):
        values_of(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        *(
            "",
            "[]",
            "[",
            "x",
            "[ipv4-addr:value = ]",
            "[ipv4-addr:value = '192.0.2.1'",
            "[ipv4-addr:value]",
            "[x:y = 'a",
        ),
        *("[ipv4-addr:value = 'x'] [url:value = 'y']", "[ipv4-addr:value IN ()]", "[url:value IN ('a' 'b')]"),
        *("[url:value = 'x'] OR", "[url:value = 'x']]", "(" * 1000 + "[url:value = 'x']", "\0", '[url:value = "x"]'),
        "x" * 200_000,
    ],
)
def test_what_is_no_pattern(pattern):
    with pytest.raises((Malformed, Unsupported)):
        values_of(pattern)


def test_other_objects_have_no_kind():
    assert values_of("[file:name = 'a.exe' OR file:hashes.MD5 = 'x' OR process:pid = true]") == [
        (frozenset(), "a.exe"),
        (PATHS["file:hashes.md5"], "x"),
        (frozenset(), ""),
    ]


pieces = st.sampled_from(
    [
        "[",
        "]",
        "(",
        ")",
        "OR",
        "AND",
        "=",
        "IN",
        ",",
        "'a'",
        "'",
        "\\",
        "url:value",
        "file:hashes.'SHA-1'",
        "1",
        "NOT",
        " ",
    ]
)


@given(st.lists(pieces, max_size=30).map(" ".join) | st.text(max_size=60))
def test_nothing_but_its_own_refusals(text):
    try:
        found = values_of(text)
    except (Malformed, Unsupported):
        return
    assert found


def test_a_long_one_takes_no_longer_than_its_length():
    for text in (
        "[url:value = 'x'" + " OR url:value = 'x'" * 5000 + "]",
        "(" * 100_000,
        "'" * 99_999,
        "[a:" + "b" * 99_000,
    ):
        try:
            values_of(text)
        except (Malformed, Unsupported):
            continue
