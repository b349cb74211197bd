"""Masking of recipients."""

import base64
import hashlib
import uuid
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.mail import shapes
from tipd.mail.masking import Mask, Unsure

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


_LOCAL = st.from_regex(r"[a-z][a-z0-9]{0,8}(?:[._-][a-z0-9]{1,8})?", fullmatch=True)
_RECIPIENTS = st.lists(_LOCAL.map(lambda local: f"{local}@trap.example.org"), min_size=1, max_size=4, unique=True)
_CODED = st.sampled_from(
    [str, str.upper, lambda text: text[::-1], lambda text: base64.b64encode(text.encode()).decode()]
)
_AROUND = st.text(st.sampled_from("ab9 .-_/%=&?@{}:;\\\n\u200b\uff21"), max_size=12)


@given(_RECIPIENTS, st.lists(st.tuples(_AROUND, _CODED, st.booleans()), max_size=4), _AROUND)
def test_what_comes_out_is_clean_and_stays_as_it_is(recipients, pieces, end):
    mask = Mask(b"key", recipients)
    said = [
        recipients[at % len(recipients)].partition("@")[:: 2 if short else 1] for at, (_, _, short) in enumerate(pieces)
    ]
    text = (
        "".join(
            around + code(who[0] if short else "".join(who))
            for (around, code, short), who in zip(pieces, said, strict=True)
        )
        + end
    )
    try:
        masked = mask.text(text)
        assert not mask.finds(masked)
        assert mask.text(masked) == masked
    except Unsure:
        pass
    try:
        url = mask.url("http://a.example/" + text)
        assert not mask.finds(url)
        assert mask.url(url) == url
    except Unsure:
        pass


@given(st.from_regex(r"http://[a-z0-9.-]{1,20}\.example/[A-Za-z0-9/_.%?=&-]{0,60}", fullmatch=True))
def test_a_url_that_says_nothing_of_a_recipient_keeps_its_shape(url):
    mask = Mask(b"key", ["zzyzxqj.kwvqx@trap.example.org"])
    assert shapes.shape(mask.url(url)).key == shapes.shape(url).key


def test_many_recipients_and_what_is_hostile_come_to_an_end():
    mask = Mask(b"key", [f"name{at}.b{at}@trap.example.org" for at in range(200)], ["trap.example.org"])
    masked = mask.text("to name7 b7, " + "name." * 200)
    assert "hmac:" in masked
    assert "name" not in masked
    with pytest.raises(Unsure):
        mask.text("a " * 40_000)
    assert mask.host("a." * 30_000 + "example").startswith("*.")


LOCAL = "wanda.finchley77"
WANDA = f"{LOCAL}@trap.example.org"
DRAWN = {"a": "\u0430", "e": "\u0435", "y": "\u0443", "n": "\u0274", "d": "\u1d05", "l": "\u029f"}


def _letters(first):
    return "".join(chr(first + ord(c) - 97) if c.isalpha() else c for c in LOCAL)


def _chunks(text, width):
    return "-".join(text[at : at + width] for at in range(0, len(text), width))


@pytest.mark.parametrize(
    "hidden",
    [
        pytest.param("\u0332".join(LOCAL), id="underlined"),
        pytest.param(LOCAL.replace("a", "\u00e1").replace("e", "\u00ea"), id="accents"),
        *(pytest.param(sign.join(LOCAL), id=f"{ord(sign):x}") for sign in "·—‐\u2800\ufffc\ufffd\U0001f4a5"),
        pytest.param("".join(DRAWN.get(c, c) for c in LOCAL), id="Cyrillic and small capitals"),
        *(pytest.param(_letters(first), id=f"letters {first:x}") for first in (0x1F150, 0x1F170, 0x1F1E6)),
        pytest.param("".join(chr(0xE0000 + ord(c)) for c in LOCAL), id="tags"),
        pytest.param(" ".join(str(ord(c)) for c in LOCAL), id="decimal"),
        pytest.param("-".join(str(ord(c)) for c in LOCAL), id="decimal, dashes"),
        pytest.param("".join(f"\\{ord(c):03o}" for c in LOCAL), id="octal"),
        pytest.param(" ".join(f"0x{ord(c):02x}" for c in LOCAL), id="hexadecimal, prefixed"),
        pytest.param(" ".join(f"{ord(c):08b}" for c in LOCAL), id="binary"),
        pytest.param("".join(f"+{base64.b64encode(c.encode('utf-16-be')).decode()[:3]}-" for c in LOCAL), id="UTF-7"),
        pytest.param(_chunks(base64.b64encode(WANDA[::-1].encode()).decode(), 9), id="base64 backwards, in pieces"),
        pytest.param(_chunks(base64.b64encode(WANDA.encode()).decode(), 7), id="base64 in pieces"),
        pytest.param(str(uuid.UUID(hashlib.md5(WANDA.encode(), usedforsecurity=False).hexdigest())), id="UUID"),
        pytest.param(hashlib.sha1(WANDA.encode(), usedforsecurity=False).hexdigest()[:12], id="piece of SHA-1"),
        pytest.param(hashlib.sha256(LOCAL.encode()).hexdigest()[-10:].upper(), id="end of SHA-256"),
    ],
)
def test_whatever_it_is_written_in_it_is_hidden(hidden):
    mask = Mask(b"key", [WANDA])
    try:
        shown = mask.text(f"Dear {hidden} look") + mask.url(f"http://a.example/go/{quote(hidden)}/x?u={quote(hidden)}")
    except Unsure:
        return
    assert hidden not in unquote(shown)


def test_what_only_looks_so_stays():
    mask = Mask(b"key", [WANDA])
    for text in (
        "am 22.11.2026 12:30:45 +0000",
        "Привет, вам письмо — откройте",
        "你好 ☃ 10.20.30.40.50",
        "ref deadbeef0123",
    ):
        assert mask.text(text) == text
