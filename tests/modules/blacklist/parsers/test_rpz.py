"""Response policy zones as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.modules.blacklist import catalogue
from tipd.modules.blacklist.parsers.registry import build

RPZ = 'parser = "rpz"\nkind = "auto"\n'
ZONE = """$TTL 300
$ORIGIN rpz.example.org.
@ IN SOA ns.example.org. hostmaster.example.org. (
        2026112201 ; serial
        3600 600 86400 ; (not a bracket)
        300 )
@       IN NS localhost.
; a comment
bad.example           CNAME .
*.bad.example         CNAME .
nodata.example   60 IN CNAME *.
drop.example          CNAME rpz-drop.
good.example          CNAME rpz-passthru.
slow.example          CNAME rpz-tcp-only.
old.example           CNAME old.example.
garden.example        CNAME walled.example.net.
local.example         A 192.0.2.53 ; walled
                      AAAA 2001:db8::53
full.example.rpz.example.org. 1h CNAME .
32.7.100.51.198.rpz-ip CNAME .
24.0.2.0.192.rpz-ip    CNAME .
128.1.zz.db8.2001.rpz-ip CNAME .
48.zz.db8.2001.rpz-ip  CNAME .
32.9.113.0.203.rpz-client-ip CNAME .
ns.bad.example.rpz-nsdname CNAME .
32.5.2.0.192.rpz-nsip  CNAME .
"""
NAMES = ["bad.example", "bad.example", "nodata.example", "drop.example", "garden.example", "local.example"]
NAMES += ["local.example", "full.example"]
ADDRESSES = ["198.51.100.7", "192.0.2.0/24", "2001:db8::1", "2001:db8::/48"]


def test_a_zone(parse):
    values, contexts, rows = parse(RPZ, ZONE)
    assert values == NAMES + ADDRESSES
    assert (rows.filtered, rows.refused, contexts[0]) == (6, [], None)


@pytest.mark.parametrize(
    ("trigger", "value"),
    [("client-ip", "203.0.113.9"), ("nsdname", "ns.bad.example"), ("nsip", "192.0.2.5")],
)
def test_other_triggers_where_they_are_asked_for(parse, trigger, value):
    assert parse(f'{RPZ}[options]\ntriggers = ["{trigger}"]\n', ZONE)[0] == [value]


def test_what_stands_beside(parse):
    _, contexts, _ = parse(RPZ + '[fields]\naction = "action"\n[where]\naction = ["drop", "data"]\n', ZONE)
    assert [context["action"] for context in contexts] == ["drop", "data", "data"]


def test_a_zone_as_it_is_transferred(parse):
    body = (
        "; <<>> DiG\nRPZ.example.org. 300 IN SOA a. b. 1 2 3 4 5\nrpz.example.org. 300 IN NS ns.\n"
        "bad.example.rpz.example.org. 300 IN CNAME .\n32.7.100.51.198.rpz-ip.rpz.example.org. 300 IN CNAME .\n"
        "RPZ.example.org. 300 IN SOA a. b. 1 2 3 4 5\n"
    )
    assert parse(RPZ, body)[0] == ["bad.example", "198.51.100.7"]


def test_names_of_a_zone_that_does_not_say_its_name(parse):
    assert parse(RPZ, "bad.example CNAME .\n")[0] == ["bad.example"]
    declared = RPZ + '[options]\nzone = "rpz.example.org"\n'
    assert parse(declared, "bad.example.rpz.example.org. CNAME .\n")[0] == ["bad.example"]


def test_an_origin_below_the_zone(parse):
    body = "$ORIGIN rpz.example.org.\n@ SOA a. b. 1 2 3 4 5\n$ORIGIN evil.rpz.example.org.\na CNAME .\n@ CNAME .\n"
    assert parse(RPZ, body)[0] == ["a.evil", "evil"]


def test_lines_say_all_of_themselves_whatever_run_they_come_in():
    parser = build(catalogue.parse('url = "https://lists.example.org/x"\n' + RPZ))
    head = parser.begin(b"$ORIGIN rpz.example.org.\n@ SOA a. b. (\n1 2 3".split(b"\n"))
    assert head == [b"", b"", b""]
    assert parser.begin([b"4 5 )", b"one.example CNAME ."]) == [b"", b"one.example CNAME ."]
    assert parser.begin([b"two.example CNAME ."]) == [b"two.example CNAME ."]
    assert parser.begin([b" A 192.0.2.53"]) == [b"two.example A 192.0.2.53"]
    assert parser.mark == "rpz.example.org."


def test_a_bracket_that_nobody_closes_does_not_swallow_the_zone(parse):
    body = "@ SOA a. b. (\n" + "x.example CNAME .\n" * 300
    assert len(parse(RPZ, body)[0]) > 150


@pytest.mark.parametrize(
    "line", ["bad.example", "bad.example IN", "bad.example HINFO x", "33.1.2.0.192.rpz-ip CNAME .", "x.rpz-ip CNAME ."]
)
def test_what_is_no_record(parse, line):
    values, _, rows = parse(RPZ, line)
    assert (values, rows.refused) == ([], [(0, "malformed")])


lines = st.lists(
    st.sampled_from(
        ["$ORIGIN x.", "$ORIGIN", "$", "(", ")", " ", "\t", "@", "SOA", "CNAME .", "a.rpz-ip", '"', ";", "zz", "\n"]
    )
    | st.text(max_size=5),
    max_size=30,
)


@given(lines)
def test_nothing_but_its_own_refusals(words):
    parser = build(catalogue.parse('url = "https://lists.example.org/x"\n' + RPZ))
    for run in parser.units([" ".join(words).encode("utf-8", "replace")]):
        parser.parse(parser.begin(run.units))
