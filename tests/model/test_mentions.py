"""What a text names, however it spells it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.model.canonical import canonical
from tipd.model.key import key_of
from tipd.model.mentions import keys_in, keys_in_json

SEED = 7


def key(value):
    found = canonical(value)
    return key_of(SEED, found.kind, found.value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("192.0.2.1", "from [192.0.2.1] by mx"),
        ("192.0.2.1", "http://192[.]0[.]2[.]1:80/a"),
        ("2001:db8::1", "IPv6:2001:0DB8:0::1]"),
        ("2001:db8::1", "2001:db8::1"),
        ("example.org", "see WWW.Shop.Example.ORG."),
        ("xn--bcher-kva.example", "bücher.example"),
        ("http://evil.example.org/a", "go (HTTP://Evil.example.org:80/a)!"),
        ("jane@example.org", "<Jane@Example.org>"),
        ("ab" * 32, "file " + "AB" * 32),
    ],
)
def test_it_is_known_however_it_is_spelled(value, text):
    assert key(value) in keys_in(text, SEED)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("192.0.2.1", "192.0.2.11 1192.0.2.1"),
        ("example.org", "notexample.org example.org.net"),
        ("ab" * 32, "ab" * 32 + "c"),
    ],
)
def test_what_only_looks_like_it_is_another(value, text):
    assert key(value) not in keys_in(text, SEED)


def test_json_is_looked_through_wherever_texts_stand():
    data = rb'{"a":[{"192.0.2.1":1}],"b":{"c":"\u0065xample.org"},"d":[null,2.5,true,"2001:db8::1"]}'
    assert {key("192.0.2.1"), key("example.org"), key("2001:db8::1")} <= keys_in_json(data, SEED)
    assert key("192.0.2.1") in keys_in_json(b"\xff 192.0.2.1 {", SEED)
    assert keys_in_json(b"[" * 100_000, SEED) == set()


@given(st.text())
def test_any_text_is_looked_through(text):
    keys_in(text, SEED)


@pytest.mark.parametrize("piece", [".", "a.", "a", ":", "a@", "http://", "://a", "[.]", "-", "1.", "\u0130."])
def test_no_text_takes_it_long(piece):
    assert isinstance(keys_in(piece * 200_000, SEED), set)
