"""Shapes of URLs."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.mail.shapes import apart, joined, masked, shape


@pytest.mark.parametrize(
    ("url", "folded", "opaque"),
    [
        ("http://a.example/", "a.example/", False),
        ("https://a.example", "a.example/", False),
        ("http://a.example/offer?id=7&lang=en", "a.example/offer?id={v}&lang={v}", False),
        ("http://x8f7a6b.a.example/u/8f7a6b5c4d", "*.a.example/u/{t}", True),
        ("http://www.a.co.uk/u/12345", "www.a.co.uk/u/{t}", True),
        ("http://198.51.100.7:8080/x", "198.51.100.7:8080/x", False),
        ("http://[2001:db8::1]/x", "[2001:db8::1]/x", False),
        ("http://a.example/%6a%256f%25256E/", "a.example/jon/", False),
        ("http://a.example/x?8f7a6b5c4d", "a.example/x?{t}", True),
    ],
)
def test_what_a_campaign_has_in_common_stays(url, folded, opaque):
    assert (shape(url).shape, shape(url).opaque) == (folded, opaque)


def test_a_million_tokens_have_few_shapes():
    rng = random.Random(5)
    shapes = {
        shape(f"http://{rng.getrandbits(48):x}.evil.example/go/{rng.getrandbits(64):016x}?u={rng.getrandbits(32)}").key
        for _ in range(5000)
    }
    assert len(shapes) <= 3


_PIECE = st.one_of(
    st.from_regex(r"[A-Za-z0-9_~.\-]{0,20}", fullmatch=True), st.from_regex(r"(?:%[0-9A-F]{2}){1,4}", fullmatch=True)
)


@given(st.lists(_PIECE, max_size=4), st.lists(st.tuples(_PIECE, _PIECE), max_size=4), _PIECE)
def test_a_masked_url_has_the_shape_of_its_original(path, query, label):
    host = f"{label.replace('%', '').replace('_', '').replace('~', '').strip('.-')}.a.example".strip(".").lower()
    url = f"http://{host}/{'/'.join(path)}"
    if query:
        url += "?" + "&".join(f"{name}={value}" for name, value in query)
    assert joined(apart(url)) == url
    assert shape(masked(url))[:3] == shape(url)[:3]
    assert masked(masked(url)) == masked(url)
