"""Names that somebody wants watched, as they are given."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.api.naming import (
    LONGEST_LINE,
    MOST_TAGS,
    Said,
    joined,
    read_domain,
    read_line,
    read_names,
    read_note,
    read_tags,
)
from tipd.model.flux import NewName
from tipd.model.indicator import RefusedValue
from tipd.model.tlp import Tlp


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Flux.Example.ORG.", "flux.example.org"),
        ("hxxps://evil[.]example:8443/login?x=1", "evil.example"),
        ("evil.example/path", "evil.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("_dmarc.example.org", "_dmarc.example.org"),
    ],
)
def test_a_name_or_a_url_that_has_one(text: str, name: str) -> None:
    assert read_domain(text) == name


@pytest.mark.parametrize(
    "text",
    ["192.0.2.1", "http://192.0.2.1/", "http://[2001:db8::1]/", "com", "github.io", "a@b.example", "", "..", "a b"],
)
def test_what_is_no_name_that_can_be_watched(text: str) -> None:
    with pytest.raises(RefusedValue):
        read_domain(text)


def test_each_is_read_for_itself() -> None:
    said = Said(("lab",), "for all", Tlp.GREEN, "me")
    named = read_names(
        [
            "one.example.org",
            {"domain": "two.example.org", "tags": ["own", "lab"], "note": "mine", "tlp": "amber"},
            {"domain": "three.example.org", "tlp": "purple"},
            {"domain": "four.example.org", "colour": "red"},
            {"domain": "five.example.org", "tags": ["a,b"]},
            7,
            "com",
        ],
        said,
    )
    assert list(named.names) == [0, 1]
    assert list(named.refused) == [2, 3, 4, 5, 6]
    one, two = named.names.values()
    assert (one.name, one.why, one.tags, one.note, one.tlp, one.by) == (
        "one.example.org",
        "person",
        ("lab",),
        "for all",
        Tlp.GREEN,
        "me",
    )
    assert (two.tags, two.note, two.tlp) == (("lab", "own"), "mine", Tlp.AMBER)
    assert "purple" in named.refused[2]
    assert "colour" in named.refused[3]
    assert named.refused[6] == "public_suffix"


@pytest.mark.parametrize("tag", ["", " lab", "a b", "a,b", "x" * 65, "a\nb", "a\x1bb"])
def test_what_is_no_tag(tag: str) -> None:
    with pytest.raises(ValueError, match="tag"):
        read_tags([tag])


def test_tags_are_few_and_each_stands_once() -> None:
    assert read_tags(["b", "a", "b"]) == ("b", "a")
    with pytest.raises(ValueError, match="at most"):
        read_tags([str(number) for number in range(MOST_TAGS + 1)])


def test_notes_are_short_text() -> None:
    assert read_note(" seen twice ") == "seen twice"
    for note in ("x" * 2001, "a\0b"):
        with pytest.raises(ValueError, match="note"):
            read_note(note)


def test_lines_of_an_import() -> None:
    assert read_line(b"\xef\xbb\xbfFlux.example.org \r") == "Flux.example.org"
    assert read_line(b'{"domain": "flux.example.org", "tags": ["a"]}') == {"domain": "flux.example.org", "tags": ["a"]}
    assert read_line(b"") is read_line(b"  # a comment") is None
    for line in (b'{"domain": ', b"x" * (LONGEST_LINE + 1), b"{" * 5000):
        with pytest.raises(ValueError, match=r"JSON|at most"):
            read_line(line)


@given(st.binary(max_size=300))
def test_no_line_is_worse_than_a_refusal(line: bytes) -> None:
    try:
        said = read_line(line)
    except ValueError:
        return
    if said is not None:
        named = read_names([said], Said())
        assert len(named.names) + len(named.refused) == 1


def test_names_that_stand_twice_become_one() -> None:
    first = NewName(name="flux.example.org", why="person", tags=("a",), tlp=Tlp.AMBER)
    second = NewName(name="flux.example.org", why="person", tags=("a", "b"), note="seen", tlp=Tlp.GREEN)
    (one,) = joined([first, second])
    assert (one.tags, one.note, one.tlp) == (("a", "b"), "seen", Tlp.GREEN)
