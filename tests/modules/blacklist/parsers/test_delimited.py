"""Columns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.modules.blacklist import catalogue
from tipd.modules.blacklist.parsers.registry import build

HEAD = 'parser = "delimited"\nkind = "auto"\n[options]\n'


@pytest.mark.parametrize(
    ("options", "body", "values"),
    [
        ("column = 1", "a,192.0.2.1\n# c\nb,192.0.2.2\n", ["192.0.2.1", "192.0.2.2"]),
        ("column = 0", '"192.0.2.1","x, y"\n', ["192.0.2.1"]),
        ("column = 1", '"a ""b"", c", "192.0.2.1"\n', ["192.0.2.1"]),
        ('delimiter = "|"\ncolumn = 2', "1 | a |   192.0.2.1  | x\n", ["192.0.2.1"]),
        ('delimiter = " "\ncolumn = 1', "a   192.0.2.1 \t b\n", ["192.0.2.1"]),
        ('delimiter = "\\t"\nprefix_column = 2', "192.0.2.0\tx\t24\n", ["192.0.2.0/24"]),
        ("prefix_column = 1", "192.0.2.0,255.255.255.0\n", ["192.0.2.0/255.255.255.0"]),
        ("end_column = 1", "192.0.2.0,192.0.2.9\n", ["192.0.2.0-192.0.2.9"]),
        ('column = "ip"', "name,IP\nx,192.0.2.1\n", ["192.0.2.1"]),
        ('column = "ip"\nheader_comment = true', "# a list\n# name, ip\nx,192.0.2.1\n", ["192.0.2.1"]),
        ('column = "ip"\nskip = 2', "a list\nname,ip\nx,192.0.2.1\n", ["192.0.2.1"]),
        ("header = true", "what\n192.0.2.1\n", ["192.0.2.1"]),
        ("column = -1", "a,b,192.0.2.1\n", ["192.0.2.1"]),
        ('split = ";"', "192.0.2.1;192.0.2.2,x\n", ["192.0.2.1", "192.0.2.2"]),
        ('delimiter = " # "', "a.example # why # more\n", ["a.example"]),
    ],
)
def test_values(parse, options, body, values):
    assert parse(HEAD + options + "\n", body)[0] == values


@pytest.mark.parametrize(("body", "reason"), [("192.0.2.1\n", "malformed"), ("192.0.2.1,\n", "empty")])
def test_rows_without_their_column(parse, body, reason):
    assert parse(HEAD + "column = 1\n", body)[2].refused == [(0, reason)]


def test_fields_and_port(parse):
    declaration = HEAD + 'column = "ip"\nport_column = "port"\n[fields]\nmalware = "what"\nfirst = 0\n'
    values, contexts, _ = parse(declaration, "seen,ip,port,what\n2026,192.0.2.1,443,X\n,192.0.2.2,0,\n")
    assert values == ["192.0.2.1", "192.0.2.2"]
    assert contexts == [{"malware": "X", "first": "2026", "port": "443"}, {"port": "0"}]


def test_where_filters(parse):
    declaration = HEAD + 'column = 0\n[where]\n1 = ["ONLINE", "new"]\n2 = [7]\n'
    values, _, rows = parse(declaration, "192.0.2.1,online,7\n192.0.2.2,offline,7\n192.0.2.3,new,8\n192.0.2.4,new\n")
    assert (values, rows.filtered) == (["192.0.2.1"], 3)


def test_a_field_of_a_megabyte_is_no_crash(parse):
    values, _, _ = parse(HEAD + "longest = 4000000\ncolumn = 1\n", '"' + "x" * 1_000_000 + '",192.0.2.1\n')
    assert values == ["192.0.2.1"]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ('quote = "ab"', "one ASCII"),
        ('delimiter = ""', "at least one"),
        ("prefix_column = 1\nend_column = 2", "exclude"),
        ("column = 5000", "from -100"),
    ],
)
def test_options_that_cannot_be_meant(parse, options, error):
    with pytest.raises(ValueError, match=error):
        parse(HEAD + options + "\n", "")


LINES = st.lists(
    st.text('ab#," \t\u00a0\u00e9;', max_size=12).map(str.encode)
    | st.text('a,"\u00e9', max_size=8).map(lambda text: text.encode("latin-1")),
    max_size=8,
)
OPTIONS = st.sampled_from(
    [
        "",
        "strip = false\n",
        'delimiter = " "\n',
        'delimiter = ";"\nquote = ""\n',
        'delimiter = "\\t"\n',
        'split = ";"\n',
        "prefix_column = -1\n",
        "port_column = 1\n",
        "column = -2\n",
    ]
)


@given(LINES, OPTIONS, st.sampled_from(["", '[where]\n1 = ["a", "b"]\n']))
def test_many_rows_say_what_each_says_alone(lines, options, where):
    """What is quick over a run of lines changes nothing: quotes that are not closed, ragged rows, other encodings."""
    fields = "[fields]\nmalware = 1\nstatus = 2\n" if options else ""
    text = 'url = "https://lists.example.org/x"\n' + HEAD + options + fields + where
    parser = build(catalogue.parse(text))

    def said(units):
        rows = parser.parse(units)
        places = list(range(len(rows.values))) if rows.units is None else rows.units
        columns = rows.columns or {}
        assert all(len(texts) == len(rows.values) == len(places) for texts in columns.values())
        beside = [{name: columns[name][row] for name in columns} for row in range(len(rows.values))]
        values = [(places[row], value, beside[row]) for row, value in enumerate(rows.values)]
        return values, rows.refused, rows.blank, rows.filtered

    alone = [said([line]) for line in lines]
    together = said(lines)
    assert together[0] == [(unit, *rest) for unit, one in enumerate(alone) for _, *rest in one[0]]
    assert together[1] == [(unit, reason) for unit, one in enumerate(alone) for _, reason in one[1]]
    assert together[2:] == (sum(one[2] for one in alone), sum(one[3] for one in alone))
