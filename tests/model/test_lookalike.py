"""Names that pass themselves off as one of mine, and names that only look busy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.model.canonical.suffix import is_public_suffix
from tipd.model.lookalike import Lookalikes, one_edit, parts

MINE = {
    "example.org": frozenset({0}),
    "paypal.com": frozenset({1}),
    "some-bank.de": frozenset({2}),
    "abc.net": frozenset({3}),
}
LOOKALIKES = Lookalikes(MINE, own=["example-shop.org"])
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@pytest.mark.parametrize(
    ("name", "whose", "why"),
    [
        ("example.net", 0, "under another suffix"),
        ("login.example.co.uk", 0, "under another suffix"),
        ("paypal.github.io", 1, "under another suffix"),
        ("exampel.org", 0, "but for one letter"),
        ("exmple.org", 0, "but for one letter"),
        ("exxample.org", 0, "but for one letter"),
        ("ezample.org", 0, "but for one letter"),
        ("examp1e.org", 0, "drawn like"),
        ("xn--exmple-cua.org", 0, "drawn like"),
        ("paypa1.net", 1, "drawn like"),
        ("somebank.de", 2, "but for hyphens"),
        ("ex-ample.org", 0, "but for hyphens"),
        ("paypal-secure-login.xyz", 1, "is a word of it"),
        ("myexamplelogin.com", 0, "stands inside it"),
        ("www.example.org.evil.net", 0, "stands in front of it"),
        ("example-org.evil.net", 0, "stands in front of it"),
        ("some-bank-de.evil.net", 2, "stands in front of it"),
        ("example.evil.net", 0, "stands in front of it"),
        ("abc.com", 3, "under another suffix"),
    ],
)
def test_found_and_explained(name: str, whose: int, why: str) -> None:
    assert LOOKALIKES.match(name) == {whose}
    reasons = list(LOOKALIKES.why(name))
    assert any(why in words for words, _ in reasons), reasons


@pytest.mark.parametrize(
    "name",
    [
        "example.org",
        "www.example.org",
        "deep.below.example.org",
        "example-shop.org",
        "cdn.example-shop.org",
        "sample.org",  # two edits
        "exemplar.org",
        "payday.com",
        "paypals.net",  # one edit of a short label, under another suffix
        "abd.net",  # three letters have a thousand neighbours
        "abcd.net",
        "bank.de",
        "mypaypalgroup.com",  # six letters stand inside too much
        "some.bank.de",
        "org",
        "com",
        "",
        "unrelated-name.net",
    ],
)
def test_left_alone(name: str) -> None:
    assert LOOKALIKES.match(name) == frozenset(), list(LOOKALIKES.why(name))


def test_the_label_under_its_suffix() -> None:
    assert parts("www.example.co.uk") == ("example", "co.uk")
    assert parts("example.org") == ("example", "org")
    assert parts("a.b.github.io") == ("b", "github.io")
    assert parts("org") == ("", "org")


@given(
    st.lists(
        st.sampled_from(["a", "www", "ck", "kawasaki", "city", "jp", "co", "uk", "com", "github", "io"]), max_size=5
    )
)
def test_the_suffix_is_what_the_list_says(labels: list[str]) -> None:
    name = ".".join(labels)
    label, suffix = parts(name)
    assert is_public_suffix(suffix)
    assert not label or not is_public_suffix(f"{label}.{suffix}")
    assert name.endswith(f"{label}.{suffix}" if label else suffix)


def distance_is_one(one: str, other: str) -> bool:
    """Say the same the slow way: every single edit of one, tried."""
    made = {one[:at] + one[at + 1 :] for at in range(len(one))}
    made |= {one[:at] + letter + one[at:] for at in range(len(one) + 1) for letter in "abc"}
    made |= {one[:at] + letter + one[at + 1 :] for at in range(len(one)) for letter in "abc"}
    made |= {one[:at] + one[at + 1] + one[at] + one[at + 2 :] for at in range(len(one) - 1)}
    return other in made - {one}


@given(st.text("abc", max_size=7), st.text("abc", max_size=7))
def test_one_edit_is_damerau(one: str, other: str) -> None:
    assert one_edit(one, other) is distance_is_one(one, other)


@given(st.text(LETTERS, min_size=5, max_size=20), st.data())
def test_every_single_edit_is_found(label: str, data: st.DataObject) -> None:
    made = Lookalikes({f"{label}.com": frozenset({0})})
    at = data.draw(st.integers(0, len(label) - 1))
    letter = data.draw(st.sampled_from(LETTERS))
    for edited in (
        label[:at] + label[at + 1 :],
        label[:at] + letter + label[at:],
        label[:at] + letter + label[at + 1 :],
        label[:at] + label[at : at + 2][::-1] + label[at + 2 :],
    ):
        expected = frozenset() if edited == label else frozenset({0})
        assert made.match(f"{edited}.com") == expected


@given(st.text(max_size=80))
def test_no_name_breaks_it(name: str) -> None:
    assert isinstance(LOOKALIKES.match(name), frozenset)
    assert LOOKALIKES.match(name) == frozenset().union(*(watches for _, watches in LOOKALIKES.why(name)))


def test_without_names_there_is_nothing() -> None:
    nobody = Lookalikes({})
    assert not nobody
    assert nobody.match("example.net") == frozenset()
