"""A rule's options."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.modules.blacklist.parsers.snort_options import Options, names_in


def test_quotes_and_backslashes():
    said = Options('msg:"a\\;b; c"; sid : 5 ; flow:established; sid:6; metadata:a b, c d;').said
    assert said == {"msg": "a\\;b; c", "sid": "5", "metadata": "a b, c d"}


@pytest.mark.parametrize(
    ("text", "raw"),
    [("a|20 62|c", b"a bc"), ('a\\"b\\\\', b'a"b\\'), ("|4|x", b"x"), ("a|b", b"a|b"), ("||", b"")],
)
def test_bytes(text, raw):
    assert Options(f'content:"{text}";').contents[0].raw == raw


def test_options_of_one_rule_are_bounded():
    assert len(Options('content:"a";' * 2000).contents) == 500


def test_labels_end_with_the_root():
    for raw, names in (
        ("|01|a|07|example|00|", ["a.example"]),
        ("|40|a|00|", []),
        ("|07|example|00|", []),
        ("|00|", []),
    ):
        assert list(names_in(Options(f'content:"{raw}";'), frozenset({"dns"}), "udp")) == names


@given(st.text(max_size=60))
def test_any_text(text):
    list(names_in(Options(text), frozenset({"dns", "tls", "http"}), "udp"))
