"""A body to opened and closed indicators and the next snapshot."""

import gzip
import io
import random
import tarfile
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.bodies import IDENTITY, SEED, Reader

from tipd.model.key import key_of, unsigned_key_of
from tipd.model.kind import Kind


def key(value, kind=Kind.IPV4):
    return key_of(SEED, kind, value)


def addresses(count, start=0):
    return [f"192.0.2.{number}" for number in range(start, start + count)]


def test_a_first_body_opens_everything(tmp_path):
    body = "# head\n192.0.2.1\n192.0.2.1\n198.51.100.0/24\nevil.example # why\n\n10.0.0.1\nno way\n2001:db8::1\n"
    outcome = Reader(tmp_path).read(body)
    assert outcome.found == {
        ("ipv4", "192.0.2.1"),
        ("network", "198.51.100.0/24"),
        ("domain", "evil.example"),
        ("ipv6", "2001:db8::1"),
    }
    result = outcome.result
    assert (result.rows, result.known, result.entries, result.opened, result.closed) == (7, 0, 4, 4, 0)
    assert result.refused == {"bogon": 1, "malformed": 1}
    samples = {(sample.line, sample.reason, sample.text) for sample in result.samples}
    assert samples == {(7, "bogon", "10.0.0.1"), (8, "malformed", "no way")}
    assert (key("192.0.2.1"), 1, "192.0.2.1", None) in outcome.rows


def test_only_the_difference_is_written(tmp_path):
    reader = Reader(tmp_path)
    reader.read("\n".join(addresses(100)))
    outcome = reader.read("\n".join([*addresses(90, 10), "203.0.113.7", "203.0.113.7 # again"]))
    assert outcome.values == {"203.0.113.7"}
    assert sorted(outcome.closed) == sorted(map(key, addresses(10)))
    assert (outcome.result.known, outcome.result.entries, outcome.result.had) == (90, 91, 100)
    again = reader.read("\n".join(addresses(100)))
    assert again.values == set(addresses(10))
    assert again.closed == [key("203.0.113.7")]


def test_known_lines_are_not_parsed_again(tmp_path, monkeypatch):
    reader = Reader(tmp_path)
    reader.read("\n".join(addresses(50)))
    from tipd.modules.blacklist.parsers.lines import Lines

    seen = []
    real = Lines.parse
    monkeypatch.setattr(Lines, "parse", lambda self, units: seen.extend(units) or real(self, units))
    reader.read("\n".join([*addresses(50), "203.0.113.1"]))
    assert seen == [b"203.0.113.1"]


def test_an_indicator_stays_while_any_line_names_it(tmp_path):
    reader = Reader(tmp_path)
    reader.read("192.0.2.1\n192.0.2.1 # two\n192.0.2.0/30\n")
    outcome = reader.read("192.0.2.1 # three\n192.0.2.0/30\n")
    assert (outcome.values, outcome.closed) == (set(), [])
    outcome = reader.read("192.0.2.0/30\n")
    assert outcome.closed == [key("192.0.2.1")]


def test_ranges_give_several_indicators_each_time(tmp_path):
    reader = Reader(tmp_path, 'parser = "p2p"\nkind = "network"\n')
    first = reader.read("label: 192.0.2.1-192.0.2.6\nother:198.51.100.0-198.51.100.255\n")
    assert first.values == {"192.0.2.1", "192.0.2.2/31", "192.0.2.4/31", "192.0.2.6", "198.51.100.0/24"}
    second = reader.read("label: 192.0.2.1-192.0.2.6\n")
    assert second.result.known == 1
    assert second.closed == [key("198.51.100.0/24", Kind.NETWORK)]
    assert second.result.entries == 4


def test_refused_lines_are_counted_at_every_round(tmp_path):
    reader = Reader(tmp_path)
    body = "192.0.2.1\n10.0.0.1\nwhat?\n"
    assert reader.read(body).result.refused == {"bogon": 1, "malformed": 1}
    assert reader.read(body).result.refused == {"bogon": 1, "malformed": 1}


def test_without_snapshot_open_keys_stand_in(tmp_path):
    reader = Reader(tmp_path)
    keys = sorted(unsigned_key_of(SEED, Kind.IPV4, value) for value in addresses(5))
    (tmp_path / "keys").write_bytes(b"".join(number.to_bytes(8, "little") for number in keys))
    outcome = reader.read("\n".join(addresses(5, 3)), open_keys=str(tmp_path / "keys"))
    assert outcome.values == set(addresses(5, 3))  # what stands beside the open ones, nobody knows
    assert (outcome.result.opened, outcome.result.kinds) == (3, {"ipv4": 3})
    assert sorted(outcome.closed) == sorted(map(key, addresses(3)))


def test_open_keys_beside_which_nothing_stands_are_not_written_again(tmp_path):
    reader = Reader(tmp_path)
    keys = sorted(unsigned_key_of(SEED, Kind.IPV4, value) for value in addresses(5))
    (tmp_path / "keys").write_bytes(b"".join(number.to_bytes(8, "little") for number in keys))
    outcome = reader.read("\n".join(addresses(5, 3)), open_keys=str(tmp_path / "keys"), open_more=False)
    assert outcome.values == set(addresses(3, 5))
    assert (outcome.result.opened, outcome.result.closed, outcome.result.entries) == (3, 3, 5)
    again = reader.read("\n".join(addresses(5, 3)), keep=False)
    assert (again.values, again.closed) == (set(), [])


def test_open_keys_hear_what_is_said_for_the_first_time(tmp_path):
    reader = Reader(tmp_path, 'parser = "delimited"\nkind = "ipv4"\n[fields]\nport = 1\n')
    keys = sorted(unsigned_key_of(SEED, Kind.IPV4, value) for value in addresses(2))
    (tmp_path / "keys").write_bytes(b"".join(number.to_bytes(8, "little") for number in keys))
    outcome = reader.read("192.0.2.0,80\n192.0.2.1,\n", open_keys=str(tmp_path / "keys"), open_more=False)
    assert outcome.contexts["192.0.2.0"] == {"port": 80}


def test_a_snapshot_of_something_else_is_not_believed(tmp_path):
    import msgspec

    reader = Reader(tmp_path)
    reader.read("192.0.2.1\n")
    for change in ({"store_id": "t"}, {"source_id": 2}, {"last_round": 2}, {"read_digest": "e"}):
        other = msgspec.structs.replace(IDENTITY, **change)
        assert reader.read("192.0.2.1\n", identity=other, keep=False).result.wants_keys
    raw = bytearray(reader.snapshot.read_bytes())
    raw[-1] ^= 1
    reader.snapshot.write_bytes(raw)
    assert reader.read("192.0.2.1\n").result.wants_keys
    reader.snapshot.write_bytes(raw[:100])
    assert reader.read("192.0.2.1\n").result.wants_keys


def test_another_header_makes_every_row_new(tmp_path):
    reader = Reader(tmp_path, 'parser = "delimited"\nkind = "ipv4"\n[options]\ncolumn = "ip"\n')
    assert reader.read("ip,peer\n192.0.2.1,198.51.100.1\n").values == {"192.0.2.1"}
    outcome = reader.read("peer,ip\n192.0.2.1,198.51.100.1\n")
    assert outcome.values == {"198.51.100.1"}
    assert outcome.closed == [key("192.0.2.1")]


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbf192.0.2.1\r\n192.0.2.2\r\n",
        b"192.0.2.1\r192.0.2.2\r",
        b"192.0.2.1\n19\x002.0.2.2",
        b"# caf\xe9\n192.0.2.1\n192.0.2.2 # \xff\xfe\n",
        b"192.0.2.1\n" + b"x" * 1_000_000 + b"\n192.0.2.2\n",
        "192.0.2.1\n192.0.2.2\n".encode("utf-16"),
        gzip.compress(b"192.0.2.1\n192.0.2.2\n"),
    ],
)
def test_awkward_bodies(tmp_path, body):
    assert Reader(tmp_path).read(body).values == {"192.0.2.1", "192.0.2.2"}


def test_archives_by_member(tmp_path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("list.txt", "192.0.2.1\n")
        archive.writestr("readme.md", "not a row\n")
    outcome = Reader(tmp_path, 'member = "*.txt"\n').read(packed.getvalue())
    assert (outcome.values, outcome.result.refused) == ({"192.0.2.1"}, {})
    tarred = io.BytesIO()
    with tarfile.open(fileobj=tarred, mode="w:gz") as archive:
        for name, text in (("a/domains", b"a.example"), ("b/domains", b"b.example")):
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text))
    (tmp_path / "tar").mkdir()
    assert Reader(tmp_path / "tar").read(tarred.getvalue()).values == {"a.example", "b.example"}


def test_a_damaged_archive_is_broken_not_a_crash(tmp_path):
    outcome = Reader(tmp_path).read(gzip.compress(b"192.0.2.1\n" * 10000)[:-20])
    assert outcome.result.broken


def test_a_bomb_is_broken(tmp_path):
    outcome = Reader(tmp_path).read(gzip.compress(b"\n" * 50_000_000))
    assert "times its size" in outcome.result.broken


def test_a_page_is_not_read_to_its_end(tmp_path):
    outcome = Reader(tmp_path).read("<!doctype html>\n192.0.2.1\n")
    assert (outcome.result.html, outcome.result.entries) == (True, 0)


def test_a_page_that_is_the_list_is_read(tmp_path):
    outcome = Reader(tmp_path, "[expect]\nhtml = true\n").read("<html>\n192.0.2.1\n")
    assert (outcome.result.html, outcome.values) == (True, {"192.0.2.1"})


def test_broken_json_is_broken(tmp_path):
    reader = Reader(tmp_path, 'parser = "json"\nkind = "ipv4"\n[options]\nfield = "ip"\n')
    assert "byte" in reader.read('[{"ip": "192.0.2.1"}').result.broken
    assert reader.read('[{"ip": "192.0.2.1"}]').values == {"192.0.2.1"}


def test_too_many_rows_stop_the_reading(tmp_path):
    assert "rows" in Reader(tmp_path, max_rows=10).read("\n".join(addresses(20))).result.broken


def test_recent_rows_are_compared_with_the_last_body_alone(tmp_path):
    """Which of those that are not in it any more still count, and until when, is for the database (ageing)."""
    reader = Reader(tmp_path, 'absence = "nothing"\nkeep = "2h"\n')
    reader.read("192.0.2.1\n192.0.2.2\n")
    outcome = reader.read("192.0.2.2\n192.0.2.3\n")
    assert (outcome.values, outcome.closed, outcome.result.entries) == ({"192.0.2.3"}, [key("192.0.2.1")], 2)
    outcome = reader.read("192.0.2.1\n192.0.2.3\n")
    assert (outcome.values, outcome.closed) == ({"192.0.2.1"}, [key("192.0.2.2")])


def test_large_lists_go_through_files(tmp_path, monkeypatch):
    from tipd.modules.blacklist.reading import spill

    monkeypatch.setattr(spill, "_KEEP_ROWS", 500)
    rng = random.Random(3)
    names = [f"{rng.randrange(1 << 40):x}.example.org" for _ in range(5000)]
    reader = Reader(tmp_path)
    assert reader.read("\n".join(names)).values == set(names)
    outcome = reader.read("\n".join([*names[1000:], *(f"new{name}" for name in names[:700])]))
    assert outcome.values == {f"new{name}" for name in names[:700]}
    assert sorted(outcome.closed) == sorted(key(name, Kind.DOMAIN) for name in names[:1000])
    assert outcome.result.entries == 4700


lines = st.sampled_from(
    [
        *addresses(8),
        "192.0.2.1 # x",
        "198.51.100.0-198.51.100.5",
        "# c",
        "",
        "bad!",
        "10.0.0.1",
        "192.0.2.0/29",
        "a.example",
    ]
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.lists(lines, max_size=10), min_size=2, max_size=5))
def test_any_history_adds_up(tmp_path_factory, history):
    reader = Reader(tmp_path_factory.mktemp("history"))
    fresh = tmp_path_factory.mktemp("fresh")
    listed = set()
    for number, body in enumerate(history):
        outcome = reader.read("\n".join(body))
        opened = {row[0] for row in outcome.rows}
        assert not opened & listed
        assert set(outcome.closed) <= listed
        listed = (listed | opened) - set(outcome.closed)
        (fresh / str(number)).mkdir()
        whole = Reader(fresh / str(number)).read("\n".join(body))
        assert listed == {row[0] for row in whole.rows}
        assert outcome.result.entries == len(listed)
        assert outcome.result.rows == whole.result.rows
        assert outcome.result.refused == whole.result.refused
        assert (outcome.result.opened, outcome.result.closed) == (len(opened), len(outcome.closed))
