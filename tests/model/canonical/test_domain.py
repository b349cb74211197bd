"""Domain names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.model.canonical.domain import canonical_name, why_refused
from tipd.model.indicator import RefusedValue


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("WWW.Example.ORG.", "www.example.org"),
        ("a_b.-c-.example.org", "a_b.-c-.example.org"),
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
        ("ＥＸＡＭＰＬＥ.org", "example.org"),
        ("☃.example", "xn--n3h.example"),
        ("xn--n3h.example", "xn--n3h.example"),
        ("localhost", "localhost"),
    ],
)
def test_forms(text, name):
    assert canonical_name(text) == name


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (".", "empty"),
        ("a..example", "malformed"),
        ("a.example-", "malformed"),
        ("a.9", "malformed"),
        ("a b.example", "malformed"),
        ("x" * 64 + ".example", "malformed"),
        ("a." * 127 + "example", "too_long"),
        ("ü" * 300 + ".example", "too_long"),
        ("a\u200d.example", "malformed"),
    ],
)
def test_refused(text, reason):
    with pytest.raises(RefusedValue) as caught:
        canonical_name(text)
    assert caught.value.reason == reason


@given(st.text(max_size=40))
def test_once_is_enough(text):
    try:
        name = canonical_name(text)
    except RefusedValue:
        return
    assert name.isascii()
    assert canonical_name(name) == name


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("localhost", "localhost"),
        ("a.localhost", "localhost"),
        ("ip6-loopback", "localhost"),
        ("router.lan", "localhost"),
        ("home.arpa", "localhost"),
        ("org", "public_suffix"),
        ("example", "public_suffix"),
        ("example.org", None),
    ],
)
def test_poison(name, why):
    assert why_refused(name) == why
