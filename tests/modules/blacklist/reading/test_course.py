"""What stands beside indicators, over several lines and several rounds (whole bodies: test_reader.py)."""

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.bodies import SEED, Reader

from tipd.model.key import key_of
from tipd.model.kind import Kind
from tipd.modules.blacklist.reading.course import Course

DELIMITED = 'parser = "delimited"\nkind = "ipv4"\n[fields]\nport = 1\nlast_seen = 2\n'


def port_of(outcome):
    return {value: (context or {}).get("port") for _, _, value, context in outcome.rows}


@pytest.fixture
def reader(tmp_path):
    return Reader(tmp_path, DELIMITED)


def test_rows_of_one_indicator_are_one(reader):
    body = "192.0.2.1,80,2026-11-20\n192.0.2.2,22\n192.0.2.1,443,2026-11-22\n192.0.2.1,443,2026-11-21\n"
    outcome = reader.read(body)
    assert len(outcome.rows) == 2
    assert outcome.contexts == {
        "192.0.2.1": {"port": [80, 443], "last_seen": "2026-11-22T00:00:00Z"},
        "192.0.2.2": {"port": 22},
    }
    assert outcome.result.kinds == {"ipv4": 2}


def test_a_new_line_is_merged_with_the_known_ones(reader):
    reader.read("192.0.2.1,80\n192.0.2.2,22\n192.0.2.1,81\n")
    outcome = reader.read("192.0.2.1,80\n192.0.2.2,22\n192.0.2.1,81\n192.0.2.1,443\n192.0.2.3,25\n")
    assert port_of(outcome) == {"192.0.2.1": [80, 81, 443], "192.0.2.3": 25}
    assert (outcome.result.opened, outcome.result.kinds, outcome.result.entries) == (1, {"ipv4": 1}, 3)
    assert reader.read("192.0.2.1,80\n192.0.2.2,22\n192.0.2.1,81\n192.0.2.1,443\n192.0.2.3,25\n").rows == []


def test_what_a_vanished_line_said_is_said_no_more(reader):
    reader.read("192.0.2.1,80\n192.0.2.1,443\n192.0.2.2,22\n")
    outcome = reader.read("192.0.2.1,443\n192.0.2.2,22\n")
    assert (port_of(outcome), outcome.closed, outcome.result.known) == ({"192.0.2.1": 443}, [], 2)
    outcome = reader.read("192.0.2.1\n192.0.2.2,22\n")
    assert (port_of(outcome), outcome.closed) == ({"192.0.2.1": None}, [])
    outcome = reader.read("192.0.2.2,22\n")
    assert (outcome.rows, outcome.closed) == ([], [key_of(SEED, Kind.IPV4, "192.0.2.1")])


def test_the_body_is_read_once_where_no_other_line_names_a_changed_indicator(reader, monkeypatch):
    again = []
    real = Course.run_again
    monkeypatch.setattr(Course, "run_again", lambda self, *args: again.append(args[1].size) or real(self, *args))
    reader.read("".join(f"192.0.2.{n},80,2026-11-20\n" for n in range(50)))
    outcome = reader.read("".join(f"192.0.2.{n},80,2026-11-2{n % 2}\n" for n in range(1, 52)))
    assert len(outcome.rows) == 27
    assert again == []
    reader.read("".join(f"192.0.2.{n},80,2026-11-2{n % 2}\n" for n in range(1, 52)) + "192.0.2.9,25\n")
    assert again == [1]


def test_a_line_that_gives_several_indicators_does_not_unmerge_the_others(tmp_path):
    reader = Reader(tmp_path, 'parser = "delimited"\n[options]\nsplit = ";"\n[fields]\nmalware = 1\n')
    reader.read("192.0.2.1;192.0.2.2,a\n192.0.2.2,b\n192.0.2.1,c\n")
    outcome = reader.read("192.0.2.1;192.0.2.2,a\n192.0.2.1,c\n")
    assert outcome.contexts == {"192.0.2.2": {"malware": "a"}}


def test_ports_of_plain_lists_are_merged_too(tmp_path):
    reader = Reader(tmp_path)
    reader.read("192.0.2.1:443\n192.0.2.2\n")
    outcome = reader.read("192.0.2.1:443\n192.0.2.1:80\n192.0.2.2\n192.0.2.1\n")
    assert outcome.contexts == {"192.0.2.1": {"port": [80, 443]}}
    outcome = reader.read("192.0.2.2\n192.0.2.1\n")
    assert [(value, context) for *_, value, context in outcome.rows] == [("192.0.2.1", None)]
    assert not outcome.result.says_more


def test_lists_without_anything_beside_write_only_what_is_new(tmp_path):
    reader = Reader(tmp_path)
    reader.read("192.0.2.1\n192.0.2.2\n")
    outcome = reader.read("192.0.2.1 # again\n192.0.2.2\n192.0.2.3\n")
    assert outcome.values == {"192.0.2.3"}


def test_lines_of_which_a_part_was_refused_keep_their_word(tmp_path):
    reader = Reader(tmp_path, 'parser = "delimited"\n[options]\nsplit = ";"\n[fields]\nmalware = 1\n')
    body = "192.0.2.1;10.0.0.1,a\n192.0.2.1,b\n"
    assert reader.read(body).contexts == {"192.0.2.1": {"malware": ["a", "b"]}}
    again = reader.read(body)
    assert (again.rows, again.result.refused) == ([], {"bogon": 1})
    assert reader.read("192.0.2.1,b\n").contexts == {"192.0.2.1": {"malware": "b"}}


def test_another_header_reads_all_again(tmp_path):
    reader = Reader(
        tmp_path, 'parser = "delimited"\nkind = "ipv4"\n[options]\ncolumn = "ip"\n[fields]\nport = "port"\n'
    )
    reader.read("ip,port,x\n192.0.2.1,80,81\n")
    assert reader.read("ip,x,port\n192.0.2.1,80,81\n").contexts == {"192.0.2.1": {"port": 81}}


def test_without_a_snapshot_open_indicators_hear_what_is_said_now(reader, tmp_path):
    keys = sorted(key_of(SEED, Kind.IPV4, f"192.0.2.{n}") % 2**64 for n in (1, 2))
    (tmp_path / "keys").write_bytes(b"".join(number.to_bytes(8, "little") for number in keys))
    outcome = reader.read("192.0.2.1,80\n192.0.2.3,25\n", open_keys=str(tmp_path / "keys"))
    assert port_of(outcome) == {"192.0.2.1": 80, "192.0.2.3": 25}
    assert (outcome.result.opened, outcome.result.closed) == (1, 1)


def test_the_first_indicators_are_shown_in_the_body_s_order(reader):
    outcome = reader.read("192.0.2.9,80\n192.0.2.1,22,bad\n192.0.2.9,443\n192.0.2.5,\n", first=3)
    shown = [(first.kind, first.value, first.context) for first in outcome.result.first]
    assert shown == [
        ("ipv4", "192.0.2.9", {"port": [80, 443]}),
        ("ipv4", "192.0.2.1", {"port": 22}),
        ("ipv4", "192.0.2.5", {}),
    ]
    assert outcome.result.unread == {"last_seen": 1}


def test_hostile_control_characters_do_not_pass(tmp_path):
    reader = Reader(tmp_path, 'parser = "delimited"\nkind = "ipv4"\n[fields]\nmalware = 1\n')
    outcome = reader.read(b"192.0.2.1,a\x1b[31m\x00\xe2\x80\xaeb\x07\n192.0.2.2,\x00\x1b\n")
    assert outcome.contexts == {"192.0.2.1": {"malware": "a[31mb"}}


def test_what_stands_beside_is_not_forgotten_over_an_unchanged_body(reader):
    for _ in range(3):
        reader.read("192.0.2.1,80\n192.0.2.2,22\n")
    assert port_of(reader.read("192.0.2.1,\n192.0.2.2,22\n")) == {"192.0.2.1": None}


rows = st.tuples(st.integers(1, 4), st.sampled_from(["", "80", "81", "443", "x"]))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.lists(rows, max_size=8), min_size=2, max_size=5))
def test_any_history_ends_with_what_the_last_body_says(tmp_path_factory, history):
    reader = Reader(tmp_path_factory.mktemp("history"), DELIMITED)
    fresh = tmp_path_factory.mktemp("fresh")
    listed = {}
    for number, body in enumerate(history):
        text = "".join(f"192.0.2.{host},{port}\n" for host, port in body)
        outcome = reader.read(text)
        for key in outcome.closed:
            del listed[key]
        listed |= {key: context for key, _, _, context in outcome.rows}
        (fresh / str(number)).mkdir()
        whole = Reader(fresh / str(number), DELIMITED).read(text)
        assert listed == {key: context for key, _, _, context in whole.rows}


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(rows, min_size=1, max_size=6))
def test_the_order_of_lines_changes_nothing(tmp_path_factory, body):
    folder = tmp_path_factory.mktemp("order")
    made = set()
    for number, order in enumerate(itertools.islice(itertools.permutations(body), 4)):
        (folder / str(number)).mkdir()
        text = "".join(f"192.0.2.{host},{port}\n" for host, port in order)
        made.add(str(Reader(folder / str(number), DELIMITED).read(text).rows))
    assert len(made) == 1
