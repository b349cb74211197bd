"""One value a line."""

import pytest

DECLARATION = 'parser = "lines"\nkind = "auto"\n'


@pytest.mark.parametrize(
    ("options", "body", "values"),
    [
        ("", "192.0.2.1\n192.0.2.2\n", ["192.0.2.1", "192.0.2.2"]),
        ("", "# c\n\n 192.0.2.1 # why\n\t# d\nhttp://a.example/#x\n", ["192.0.2.1", "http://a.example/#x"]),
        ('comment = ";"', "; c\n192.0.2.0/25 ; SBL1\n", ["192.0.2.0/25"]),
        ('comment = ["#", "//"]', "// c\n# d\na.example // e\nhttp://b.example/\n", ["a.example", "http://b.example/"]),
        ('comment = ""', "#a.example\n", ["#a.example"]),
        ("inline = false", "192.0.2.1 # x\n", ["192.0.2.1 # x"]),
        ('separator = ","', "192.0.2.1,192.0.2.2", ["192.0.2.1", "192.0.2.2"]),
        ("skip = 2", "# c\nhead\nhead\na.example\n", ["a.example"]),
        ('prefix = "deny from "', "deny from 192.0.2.1\n", ["192.0.2.1"]),
    ],
)
def test_values(parse, options, body, values):
    found, _, rows = parse(f"{DECLARATION}[options]\n{options}\n", body)
    if rows.units is None:
        assert [value for value in found if value] == values
    else:
        assert found == values


def test_a_bare_run_is_passed_on_untouched(parse):
    _, _, rows = parse(DECLARATION, "192.0.2.1\n192.0.2.2")
    assert rows.units is None


def test_lines_without_the_prefix_are_refused(parse):
    _, _, rows = parse(f'{DECLARATION}[options]\nprefix = "deny "\n', "deny 192.0.2.1\nallow 192.0.2.2\n")
    assert rows.refused == [(1, "malformed")]


def test_the_comment_behind_a_value_is_a_field(parse):
    declaration = '[fields]\nnote = "comment"\nmalware = { at = "comment", split = "," }\n'
    body = "192.0.2.1 # ssh, again\n192.0.2.2\n# head\n192.0.2.3 #\n"
    values, contexts, _ = parse(declaration, body)
    assert values == ["192.0.2.1", "192.0.2.2", "192.0.2.3"]
    assert contexts == [{"note": "ssh, again", "malware": "ssh, again"}, None, None]
    assert parse(declaration, "192.0.2.1\n192.0.2.2\n")[1] == [None, None]


@pytest.mark.parametrize(
    ("table", "error"),
    [
        ("[fields]\nport = 1\n", "one field"),
        ('[where]\na = ["b"]\n', "one field"),
        ('[options]\ninline = false\n[fields]\nnote = "comment"\n', "inline"),
    ],
)
def test_there_are_no_other_fields(parse, table, error):
    with pytest.raises(ValueError, match=error):
        parse(table, "")
