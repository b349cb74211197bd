"""What a hurried reader takes for each other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.model.confusable import skeleton, unicode_of


def encoded(label: str) -> str:
    return label if label.isascii() else "xn--" + label.encode("punycode").decode()


@pytest.mark.parametrize(
    "drawn",
    ["paypaI".lower(), "paypa1", "рaypal", "раураl", "pąypal", "раураӏ", "pａypal".lower(), "páypál", "pαypal"],
)
def test_what_is_drawn_alike_has_one_skeleton(drawn: str) -> None:
    assert skeleton(encoded(drawn)) == skeleton("paypal")


@pytest.mark.parametrize(
    ("one", "other"), [("rnodern", "modern"), ("vvater", "water"), ("cloud", "doud"), ("g00gle", "google")]
)
def test_pairs_and_figures(one: str, other: str) -> None:
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize(("one", "other"), [("paypal", "payday"), ("example", "exempla"), ("bank", "banks")])
def test_other_words_stay_apart(one: str, other: str) -> None:
    assert skeleton(one) != skeleton(other)


def test_labels_are_shown_as_browsers_show_them() -> None:
    assert unicode_of("xn--exmple-cua") == "exämple"
    assert unicode_of("example") == "example"
    assert unicode_of("xn--") == ""
    assert unicode_of("xn--9999999999999b") == "xn--9999999999999b"


@given(st.text(max_size=63))
def test_no_text_breaks_it(text: str) -> None:
    assert isinstance(skeleton(text), str)
    assert isinstance(skeleton("xn--" + text), str)
