"""Pages to rows."""

import pytest

from tipd.modules.blacklist import catalogue
from tipd.modules.blacklist.parsers.registry import build
from tipd.modules.blacklist.reading.intake import BodyFault

HTML = 'parser = "html"\nkind = "auto"\n[options]\n'
PAGE = """<!DOCTYPE html><html><head><title>List</title></head><body>
<table class="nav"><tr><td>Home</td></tr></table>
<table id="bad"><thead><tr><th>Address</th><th>Port</th><th>Since</th><th>Report</th></tr></thead>
<tr><td>192.0.2.1</td><td>443</td><td>2026-11-22</td><td><a href="https://bad.example/1">see</a></td></tr>
<tr><td>192.0.2.2 (twice)</td><td></td><td>2026-11-21</td><td></td></tr>
</table><pre>198.51.100.1
198.51.100.2</pre></body></html>"""
TABLE = HTML + 'table = "#bad"\n'


@pytest.mark.parametrize("column", ["0", '"Address"', '"address"'])
def test_a_column(parse, column):
    declared = f'{TABLE}column = {column}\nport_column = 1\n[fields]\nfirst_seen = "Since"\n'
    values, contexts, _ = parse(declared, PAGE)
    assert values == ["192.0.2.1", "192.0.2.2 (twice)"]
    assert contexts == [{"port": "443", "first_seen": "2026-11-22"}, {"first_seen": "2026-11-21"}]


def test_an_expression_links_and_where(parse):
    assert parse(TABLE + "pattern = '[0-9.]{7,}'\n", PAGE)[0] == ["192.0.2.1", "192.0.2.2"]
    values, _, rows = parse(TABLE + 'column = "Report"\nhref = true\n', PAGE)
    assert (values, rows.refused) == (["https://bad.example/1"], [(1, "empty")])
    assert parse(TABLE + '[where]\n2 = ["2026-11-21"]\n', PAGE)[0] == ["192.0.2.2 (twice)"]


def test_what_is_no_table(parse):
    assert parse(HTML + 'take = "links"\n', PAGE)[0] == ["https://bad.example/1"]
    assert parse(HTML + 'take = "pre"\n', PAGE)[0] == ["198.51.100.1", "198.51.100.2"]
    assert parse(HTML + "take = \"text\"\npattern = '192[0-9.]+'\n", PAGE)[0] == ["192.0.2.1", "192.0.2.2"]


def test_a_column_that_there_is_not(parse):
    values, _, rows = parse(TABLE + 'column = "Host"\n', PAGE)
    assert (values, [reason for _, reason in rows.refused]) == ([], ["empty", "empty"])


def test_headings_are_the_mark():
    parser = build(catalogue.parse('url = "https://lists.example.org/x"\n' + TABLE))
    list(parser.units([PAGE.encode()]))
    assert parser.mark == "address\tport\tsince\treport"


def test_a_page_is_bounded(parse):
    with pytest.raises(BodyFault, match="more than 1000 bytes"):
        parse(HTML + "longest = 1000\n", "x" * 2000)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ('table = "bad"', "table must be"),
        ("column = -1", "column must"),
        ('take = "links"\n[fields]\na = "b"', "parser html has"),
    ],
)
def test_what_cannot_be_meant(parse, options, why):
    with pytest.raises(ValueError, match=why):
        parse(HTML + options + "\n", "")
