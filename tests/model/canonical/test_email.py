"""E-mail addresses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.model.canonical.email import canonical_email
from tipd.model.indicator import RefusedValue


@pytest.mark.parametrize(
    ("text", "email"),
    [
        ("Jo.Doe@EXAMPLE.org", "Jo.Doe@example.org"),
        ("<mailto:a+b@example.org>", "a+b@example.org"),
        ("user@b\u00fccher.example", "user@xn--bcher-kva.example"),
        ("j\u00f6@example.org", "j\u00f6@example.org"),
    ],
)
def test_forms(text, email):
    assert canonical_email(text) == email


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("example.org", "malformed"),
        ("@example.org", "malformed"),
        ("a@", "empty"),
        ("a b@example.org", "malformed"),
        (".a@example.org", "malformed"),
        ("a..b@example.org", "malformed"),
        ("\u202ea@example.org", "malformed"),
        ("\x9b31ma@example.org", "malformed"),
        ("\ud800a@example.org", "malformed"),
        ("x" * 65 + "@example.org", "too_long"),
        ("root@localhost", "localhost"),
        ("a@com", "public_suffix"),
    ],
)
def test_refused(text, reason):
    with pytest.raises(RefusedValue) as caught:
        canonical_email(text)
    assert caught.value.reason == reason


@given(st.emails())
def test_ordinary_addresses_pass(address):
    local, _, domain = address.rpartition("@")
    try:
        assert canonical_email(address, poison=False) == f"{local}@{domain.lower()}"
    except RefusedValue as refusal:
        assert refusal.reason in {"malformed", "too_long"}
