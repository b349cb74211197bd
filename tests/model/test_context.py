"""What a source says beside an indicator."""

import itertools
import math
from datetime import UTC
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.model.context import (
    KNOWN,
    LONGEST,
    MOST_BYTES,
    MOST_VALUES,
    Unreadable,
    encoded,
    fitted,
    joined,
    later,
    mark_of,
    merged,
    stricter,
    text_of,
    value_of,
)


@pytest.mark.parametrize(
    ("name", "raw", "said"),
    [
        ("port", "443", 443),
        ("port", 8080, 8080),
        ("port", " 65535 ", 65535),
        ("port", "0", None),
        ("port", "", None),
        ("port", True, None),
        ("class", "Brute Force", "brute-force"),
        ("class", "c2_server", "c2-server"),
        ("confidence", "85", 85),
        ("confidence", "85%", 85),
        ("confidence", 0.5, 0.5),
        ("confidence", "0.50", 0.5),
        ("confidence", 100.0, 100),
        ("confidence", "High", "High"),
        ("confidence", "nan", None),
        ("confidence", "1e999", None),
        ("malware", " Cobalt\t Strike ", "Cobalt Strike"),
        ("malware", "N/A", None),
        ("malware", None, None),
        ("status", "online", "online"),
        ("status", "unknown", "unknown"),
        ("lists", 7, 7),
        ("lists", 7.0, 7),
        ("lists", False, False),
        ("lists", math.inf, None),
        ("note", {"b": 1, "a": [2]}, '{"a":[2],"b":1}'),
        ("first_seen", "2026-11-22 04:00:00", "2026-11-22T03:00:00Z"),
        ("last_seen", "2026-11-22 04:00:00 UTC", "2026-11-22T04:00:00Z"),
        ("last_seen", 1795320306, "2026-11-22T04:05:06Z"),
        ("last_seen", 1795320306789, "2026-11-22T04:05:06Z"),
        ("last_seen", "0000-00-00 00:00:00", None),
        ("last_seen", 0, None),
        ("last_seen", None, None),
        ("last_seen", "never", None),
    ],
)
def test_each_key_has_its_type(name, raw, said):
    assert value_of(name, raw, ZoneInfo("Europe/Berlin")) == said


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("port", "70000"),
        ("port", "-1"),
        ("port", 4.5),
        ("port", "http"),
        ("port", "٤٤٣"),
        ("port", "9" * 5000),
        ("class", "<script>"),
        ("class", "1"),
        ("class", "odd"),
        ("lists", 10**30),
        ("lists", -(2**70)),
        ("first_seen", "9999-12-31"),
        ("first_seen", "yesterday"),
        ("last_seen", True),
        ("last_seen", [1]),
    ],
)
def test_what_cannot_be_meant_is_not_kept(name, raw):
    with pytest.raises(Unreadable):
        value_of(name, raw, UTC)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("a\0b\x1b[31mc\x7f", "ab[31mc"),
        ("line\r\nbreak\u2028here", "line break here"),
        ("\u202eexe.gpj\u2066", "exe.gpj"),
        ("\ud800x", "x"),
        ("a\u00a0b", "a b"),
        ("née – 漢字", "née – 漢字"),
        ("x" * 10_000, "x" * LONGEST),
    ],
)
def test_hostile_text_is_tamed(raw, said):
    assert text_of(raw) == said


@given(st.text())
def test_any_text_can_be_stored_and_shown(raw):
    text = text_of(raw)
    assert text.isprintable()
    assert len(text.encode()) <= 4 * LONGEST
    assert text_of(text) == text


@given(
    st.sampled_from([*KNOWN, "tags"]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    ),
)
def test_no_value_raises_anything_else(name, raw):
    try:
        value = value_of(name, raw, UTC)
    except Unreadable:
        return
    assert value is None or isinstance(value, str | int | float | bool)
    assert msgspec.json.decode(encoded({name: value})) == {name: value}


dates = st.sampled_from([f"2026-11-{day:02}T04:00:00Z" for day in range(1, 20)])
numbers = st.integers(-50, 50) | st.sampled_from([0.5, 1.5])
words = st.sampled_from(["online", "a", "b", *(f"w{number}" for number in range(30))])
plain = words | numbers | st.booleans()


def many(values, name="x"):
    return st.lists(values, min_size=1, max_size=20).map(lambda found: joined(name, found))


contexts = st.fixed_dictionaries(
    {},
    optional={
        "port": many(st.integers(1, 65535)),
        "malware": many(words),
        "confidence": many(plain),
        "tags": many(plain),
        "first_seen": dates,
        "last_seen": dates,
    },
)


@given(contexts, contexts, contexts)
def test_merging_knows_no_order_no_groups_and_no_number(a, b, c):
    whole = merged([a, b, c])
    for order in itertools.permutations([a, b, c]):
        assert encoded(merged(order)) == encoded(whole)
    assert encoded(merged([merged([a, b]), c])) == encoded(whole)
    assert encoded(merged([a, merged([b, c])])) == encoded(whole)
    assert encoded(merged([a, b, c, a, c])) == encoded(whole)
    assert encoded(merged([whole, {}])) == encoded(whole)
    assert encoded(merged([a])) == encoded(a)


@given(st.lists(contexts, min_size=1, max_size=6))
def test_merging_keeps_the_bounds(several):
    whole = merged(several)
    for name, value in whole.items():
        said = [one[name] for one in several if name in one]
        if name == "first_seen":
            assert value == min(said)
        elif name == "last_seen":
            assert value == max(said)
        else:
            values = value if isinstance(value, list) else [value]
            assert 1 <= len(values) <= MOST_VALUES
            assert isinstance(value, list) == (len(values) > 1)


def test_values_of_different_types_stay_apart_in_one_order():
    whole = merged([{"x": "1"}, {"x": [2, "a"]}, {"x": 1}, {"x": True}, {"x": 0.5}])
    assert encoded(whole) == b'{"x":[true,0.5,1,2,"1","a"]}'


@given(
    st.dictionaries(
        st.sampled_from(["malware", "reference", "status", *(f"more{number}" for number in range(30))]),
        st.lists(st.text('\\"漢a', max_size=LONGEST), min_size=1, max_size=20),
    )
)
def test_no_context_is_over_its_size(raw):
    context = {name: joined(name, values) for name, values in raw.items()}
    small = fitted(context)
    assert len(encoded(small)) <= MOST_BYTES
    assert fitted(small) == small
    if len(encoded(context)) <= MOST_BYTES:
        assert small == context
    elif context.keys() & set(KNOWN):
        assert small.keys() & set(KNOWN)


@pytest.mark.parametrize(
    ("raws", "mark"),
    [
        (["TLP:AMBER"], 2),
        (["white"], 0),
        ([""], None),
        ([None], None),
        (["secret"], 4),
        (["apt", "tlp:green", "TLP:Amber+Strict"], 3),
        (["apt", "c2"], None),
        ([], None),
    ],
)
def test_marks_of_rows(raws, mark):
    assert mark_of(raws) == mark


def test_the_stricter_mark_and_the_later_end_hold():
    assert (stricter(None, 2), stricter(2, 1), stricter(None, None), stricter(0, None)) == (2, 2, None, 0)
    assert (later(None, 5), later(4, 5), later(7, None)) == (None, 5, None)
