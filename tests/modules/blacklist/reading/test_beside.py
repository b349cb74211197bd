"""What stands beside a row."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.model.context import MOST_BYTES, MOST_VALUES, encoded, joined
from tipd.modules.blacklist import catalogue
from tipd.modules.blacklist.reading.beside import (
    NOTHING,
    Beside,
    BesideReader,
    read_back,
    shortened,
    together,
    written,
)


def reader(fields="", **keys):
    head = "".join(f'{key} = "{value}"\n' for key, value in keys.items())
    return BesideReader(
        catalogue.parse(f'url = "https://lists.example.org/x"\nparser = "delimited"\n{head}[fields]\n{fields}')
    )


def said(raw, fields="", **keys):
    return reader(fields, **keys).read(raw)


def test_types_tlp_and_end():
    beside = said(
        {
            "port": "443",
            "malware": " Mirai ",
            "confidence": "75%",
            "last_seen": "2026-11-22 04:05:06",
            "tlp": "TLP:AMBER",
            "until": "2026-12-01",
            "status": "",
        },
        timezone="Europe/Berlin",
    )
    assert beside.context == {
        "port": 443,
        "malware": "Mirai",
        "confidence": 75,
        "last_seen": "2026-11-22T03:05:06Z",
    }
    assert (beside.tlp, beside.end) == (2, datetime(2026, 11, 30, 23, tzinfo=UTC))


def test_tag_lists_are_split_and_empty_parts_left_out():
    fields = 'tags = { at = 0, split = "," }\nport = { at = 1, split = "/" }\n'
    beside = said({"tags": "b,, a ,b,", "port": "80/443/http/0"}, fields)
    assert beside.context == {"tags": ["a", "b"], "port": [80, 443]}
    assert said({"tags": " , ,"}, fields).context == {}
    assert said({"tags": ["x,y", None, "z", 7]}, fields).context == {"tags": [7, "x", "y", "z"]}


def test_huge_tag_lists_stay_small():
    beside = said({"tags": ",".join(f"tag{number:06}" for number in range(100_000))}, 'tags = { at = 0, split = "," }')
    assert beside.context == {"tags": [f"tag{number:06}" for number in range(MOST_VALUES)]}
    assert len(said({"tags": [f"{n}" for n in range(10**5)]}).context["tags"]) == MOST_VALUES


def test_the_source_s_words_become_ours():
    fields = 'class = { at = 0, map = { CnC = "c2-server", odd = "" } }\nstatus = { at = 1, map = { 1 = "online" } }\n'
    assert said({"class": "cnc"}, fields).context == {"class": "c2-server"}
    assert said({"class": "odd"}, fields).context == {}
    assert said({"class": "Brute Force"}, fields).context == {"class": "brute-force"}
    assert said({"status": 1}, fields).context == {"status": "online"}
    assert said({"status": "2"}, fields).context == {"status": "2"}


def test_only_another_class_than_the_source_s_is_kept():
    assert said({"class": "scanner"}, **{"class": "scanner"}).context == {}
    assert said({"class": ["scanner", "spam"]}, **{"class": "scanner"}).context == {"class": "spam"}


def test_what_is_not_what_its_key_wants_is_left_out_and_counted():
    one = reader()
    for _ in range(2):
        beside = one.read({"port": "70000", "first_seen": "9999-01-01", "class": "?!", "malware": "x", "until": "soon"})
        assert beside == Beside({"malware": "x"})
    assert one.read({"port": ["x", 80]}) == Beside({"port": 80})
    assert one.unread == {"port": 2, "first_seen": 2, "class": 2, "until": 2}


def test_rare_dates_have_a_form():
    fields = 'first_seen = { at = 0, format = "%d/%m/%Y" }\nuntil = { at = 1, format = "%d/%m/%Y" }\n'
    beside = said({"first_seen": "03/04/2026", "until": "05/06/2026"}, fields)
    assert beside.context == {"first_seen": "2026-04-03T00:00:00Z"}
    assert beside.end == datetime(2026, 6, 5, tzinfo=UTC)


def test_tags_without_a_mark_say_none_and_unreadable_marks_are_red():
    fields = 'tlp = { at = 0, split = "," }\n'
    assert said({"tlp": "apt,tlp:green,c2"}, fields).tlp == 1
    assert said({"tlp": "apt,c2"}, fields).tlp is None
    assert said({"tlp": "for your eyes only"}, fields).tlp == 4


@given(
    st.dictionaries(
        st.sampled_from(["port", "class", "malware", "tags", "first_seen", "tlp", "until", "confidence"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text() | st.none()),
    )
)
def test_nothing_raises_and_all_is_bounded(raw):
    beside = reader('tags = { at = 1, split = "," }\n').read(raw)
    assert len(encoded(beside.context)) <= MOST_BYTES
    assert read_back(written(beside)) == beside
    assert beside.tlp is None or 0 <= beside.tlp <= 4


TEXTS = st.one_of(
    st.sampled_from(
        [
            "",
            " ",
            "-",
            "N/A",
            "80",
            "080",
            "65535",
            "65536",
            "70000",
            "0",
            "abcdef",
            " abcdef",
            'say "no"',
            "back\\slash",
            "2026-11-22 04:00:00",
            "2026-02-29 04:00:00",
            "2024-02-29T04:00:00",
            "1979-12-31 23:59:59",
            "2026-11-31 00:00:00",
            "2199-12-31 23:59:59",
            "2200-01-01 00:00:00",
            "soon",
            "scanner",
            "tlp:red",
            "caf\u00e9 \u4e16\u754c",
            "x" * 501,
            "a  blank",
        ]
    ),
    st.text(st.characters(exclude_characters="\n"), max_size=8),
    st.integers(0, 70000).map(str),
    st.datetimes().map(lambda moment: f"{moment:%Y-%m-%d %H:%M:%S}"),
)
NAMES = ["port", "class", "malware", "note", "first_seen", "last_seen", "tlp", "until", "confidence", "tags"]


@given(
    st.integers(1, 30).flatmap(
        lambda rows: st.dictionaries(st.sampled_from(NAMES), st.lists(TEXTS, min_size=rows, max_size=rows), max_size=6)
    ),
    st.sampled_from(["UTC", "Europe/Berlin"]),
)
def test_columns_say_what_rows_say(columns, zone):
    """A column at a time gives the same bytes, and counts the same, as a row at a time; again too, when it is known."""
    fields = 'tags = { at = 1, split = "," }\nnote = { at = 2, map = { abcdef = "b" } }\n'
    by_column, by_row = reader(fields, timezone=zone), reader(fields, timezone=zone)
    count = len(next(iter(columns.values()), ["", ""]))
    rows = [{name: texts[row] for name, texts in columns.items() if texts[row]} for row in range(count)]
    for _ in range(2):
        assert by_column.of_columns(columns, count) == [by_row.columns(row) for row in rows]
    assert by_column.unread == by_row.unread


def test_columns_of_large_contexts_are_fitted():
    columns = {name * 5: [chr(97 + number) * 500, "small"] for number, name in enumerate("abcdefghijklmnopqrs")}
    large, small = reader().of_columns(columns, 2)
    assert len(encoded(read_back(large).context)) <= MOST_BYTES
    assert read_back(small).context == {name * 5: "small" for name in "abcdefghijklmnopqrs"}


def test_columns_of_many_different_words_are_forgotten():
    one = reader()
    for batch in range(8):
        words = [f"word{number}" for number in range(batch * 4000, batch * 4000 + 4000)]
        pieces = one.of_columns({"malware": words * 3}, 12_000)
        assert read_back(pieces[4001]).context == {"malware": words[1]}
    assert len(one._known["malware"]) <= 20_001


words = st.lists(st.sampled_from("abcdefghijklmnopqrstuvwxyz"), min_size=1, max_size=20)
dates = st.sampled_from(["2026-11-22T04:00:00Z", "2026-11-23T04:00:00Z", "2025-01-01T00:00:00Z"])
contexts = st.fixed_dictionaries(
    {}, optional={"tags": words.map(lambda said: joined("tags", said)), "first_seen": dates, "last_seen": dates}
)
besides = st.builds(Beside, contexts, st.none() | st.integers(0, 4), st.none() | st.integers(-(2**50), 2**50))


@given(besides, besides, besides)
def test_rows_together_say_the_same_in_any_order(a, b, c):
    a, b, c = written(a), written(b), written(c)
    whole = together([a, b, c])
    assert together([c, a, b]) == whole
    assert together([together([a, b]), c]) == whole
    assert together([a, together([b, c])]) == whole
    assert together([a, a, b, c, c]) == whole


def test_together_the_strictest_mark_and_the_latest_end_hold():
    def end(days):
        return (
            datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=days) - datetime(2000, 1, 1, tzinfo=UTC)
        ) // timedelta(microseconds=1)

    rows = [Beside({}, 1, end(1)), Beside({"port": 80}, None, end(5)), Beside({"port": 443}, 3, end(2))]
    whole = read_back(together(map(written, rows)))
    assert whole == Beside({"port": [80, 443]}, 3, end(5))
    assert read_back(together([written(whole), NOTHING])) == Beside({"port": [80, 443]}, 3, None)


def test_what_is_too_large_together_is_shortened():
    raw = [written(Beside({name: chr(97 + number) * 500 for name in "abcdefgh"})) for number in range(10)]
    whole = together(raw)
    assert len(whole) > MOST_BYTES
    small = shortened(whole)
    assert len(encoded(read_back(small).context)) <= MOST_BYTES
    assert shortened(small) == small
    assert shortened(raw[0]) == raw[0]


@pytest.mark.parametrize("tlp", [None, 0, 4])
def test_columns(tlp):
    assert read_back(written(Beside({}, tlp, None))) == Beside({}, tlp, None)
    assert written(Beside({})) == NOTHING
