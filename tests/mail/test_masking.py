"""Masking of recipients."""

import base64
import hashlib

import pytest

from tipd.mail.masking import Mask

WHO = "john.smith@trap.example.org"
MASK = Mask(b"key", [WHO])
(TAG,) = MASK.recipients


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("hello you", "hello you"),
        ("Dear John Smith, hi", f"Dear {TAG}, hi"),
        (f"<{WHO}>", f"<{TAG}>"),
        ("for " + WHO[::-1], f"for {TAG}"),
        ("x " + base64.b64encode(b"1" + WHO.encode()).decode(), f"x {TAG}=="),
        ("id " + hashlib.sha1(WHO.encode()).hexdigest(), f"id {TAG}"),
        ("f&#105;le_JOHN%2ESMITH.pdf", f"f&#105;le_{TAG}{TAG}"),
    ],
)
def test_text(text, left):
    assert MASK.text(text) == left


@pytest.mark.parametrize(
    ("url", "left"),
    [
        ("http://a.example/offer", "http://a.example/offer"),
        (f"http://a.example/u?e={WHO}&x=8f7a6b5c4d", f"http://a.example/u?e={TAG}&x={{t}}"),
        ("http://a.example/u/john.smith-8f7a6b5c4d", f"http://a.example/u/{TAG}{{t}}"),
        ("http://john-smith.a.example/u", "http://*.a.example/u"),
        ("http://a.example/john/smith", f"http://a.example/{TAG}"),
        ("http://john.smith:x@a.example/", "http://{t}@a.example/"),
    ],
)
def test_url(url, left):
    assert MASK.url(url) == left


@pytest.mark.parametrize(
    ("address", "left"),
    [
        (WHO.upper(), TAG),
        ("john.smith+shop@trap.example.org", TAG),
        ("bounce+john.smith=trap.example.org@esp.example", f"bounce+{TAG}@esp.example"),
        ("bounce-8f7a6b5c4d@esp.example", "{t}@esp.example"),
        ("sales@shop.example", "sales@shop.example"),
    ],
)
def test_address(address, left):
    assert MASK.address(address) == left


def test_without_a_key_it_is_a_constant():
    mask = Mask(None, [WHO])
    assert mask.text("Dear John Smith") == mask.words("Dear John Smith") == "Dear {m}"


def test_plus_tags_are_one_recipient_and_keys_differ():
    assert Mask(b"key", ["john.smith+a@trap.example.org"]).recipients == (TAG,)
    assert Mask(b"other", [WHO]).recipients != (TAG,)


def test_domains_are_hidden_whole():
    mask = Mask(b"key", [], ["trap.example.org"])
    assert mask.text("by mx1.trap.example.org").startswith("by hmac:")


def test_whoever_is_addressed_at_a_domain_of_traps_is_hidden_whole():
    mask = Mask(b"k" * 32, ["owner@example.net"], ["pits.example.net"])
    for text in ("dear some.one+x@pits.example.net,", "some.one%40mail.pits.example.net", "SOME.ONE@Pits.Example.Net"):
        assert "one" not in mask.text(text).lower()
        assert "hmac:" in mask.text(text)
    assert mask.address("some.one@pits.example.net").startswith("hmac:")
