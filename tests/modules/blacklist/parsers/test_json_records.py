"""JSON documents and JSON lines."""

import json

import pytest

from tipd.modules.blacklist.parsers.json_records import find

JSON = 'parser = "json"\nkind = "auto"\n[options]\n'
LINES = 'parser = "jsonl"\nkind = "auto"\n[options]\n'


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a", [1]),
        ("b.c", [2]),
        ("l.*", [3, 4]),
        ("l.1", [4]),
        ("o.*.v", [5, 6]),
        ("", [None]),
        ("x.y", []),
        ("a.b", []),
    ],
)
def test_paths(path, found):
    record = {"a": 1, "b": {"c": 2}, "l": [3, 4], "o": {"p": {"v": 5}, "q": {"v": 6}}}
    assert find(record, path) == (found if path else [record])


@pytest.mark.parametrize(
    ("options", "document", "values"),
    [
        ('field = "ip"', [{"ip": "192.0.2.1"}, {"ip": "192.0.2.2"}], ["192.0.2.1", "192.0.2.2"]),
        ("", ["192.0.2.1", "192.0.2.2"], ["192.0.2.1", "192.0.2.2"]),
        ('records = "data.rows"\nfield = "u.v"', {"data": {"rows": [{"u": {"v": "a.example"}}]}}, ["a.example"]),
        (
            'records = "*"\nfield = "v"',
            {"1": [{"v": "a.example"}], "2": [{"v": "b.example"}]},
            ["a.example", "b.example"],
        ),
        ("key = true", {"a.example": {"x": 1}, "b.example": 2}, ["a.example", "b.example"]),
        ('field = "ips.*"', [{"ips": ["192.0.2.1", "192.0.2.2"]}], ["192.0.2.1", "192.0.2.2"]),
        ('field = "net"\nprefix_field = "len"', [{"net": "192.0.2.0", "len": 24}], ["192.0.2.0/24"]),
        ('field = "asn"', [{"asn": 64500}], ["64500"]),
    ],
)
def test_documents(parse, options, document, values):
    for indent in (None, 2):
        assert parse(f"{JSON}{options}\n", json.dumps(document, indent=indent))[0] == values


def test_lines_and_their_closing_metadata(parse):
    body = '# c\n{"cidr": "192.0.2.0/24", "id": "x"}\n\n{"type": "metadata", "records": 1}\n'
    values, contexts, rows = parse(f'{LINES}field = "cidr"\n[fields]\nreference = "id"\n', body)
    assert (values, contexts, rows.refused, rows.blank) == (["192.0.2.0/24"], [{"reference": "x"}], [], 3)


def test_what_a_record_takes_back(parse):
    declaration = JSON + 'field = "ip"\nwithdrawn = { state = ["gone"] }\n[where]\nstate = ["up"]\n'
    records = [
        {"ip": f"192.0.2.{number}", "state": state} for number, state in enumerate(["up", "gone", "other", "up"])
    ]
    values, _, rows = parse(
        declaration.replace('"json"', '"jsonl"'), "".join(f"{json.dumps(record)}\n" for record in records)
    )
    assert (values, rows.withdrawn, rows.filtered) == (["192.0.2.0", "192.0.2.1", "192.0.2.3"], {1}, 1)


def test_context_port_and_where(parse):
    declaration = JSON + 'field = "ip"\nport_field = "p"\n[fields]\ntags = "t.*"\n[where]\nup = [true]\n'
    document = [{"ip": "192.0.2.1", "p": "443", "t": ["a", "b"], "up": True}, {"ip": "192.0.2.2", "up": False}]
    values, contexts, rows = parse(declaration, json.dumps(document))
    assert (values, contexts, rows.filtered) == (["192.0.2.1"], [{"tags": ["a", "b"], "port": "443"}], 1)


@pytest.mark.parametrize("record", ['{"x": 1}', '{"ip": null}', '{"ip": true}', '{"ip": {"a": 1}}', "[]"])
def test_records_without_the_value(parse, record):
    assert parse(f'{JSON}field = "ip"\n', f"[{record}]")[2].refused == [(0, "malformed")]


def test_a_bad_line_is_one_bad_row(parse):
    values, _, rows = parse(f'{LINES}field = "ip"\n', '{"ip": "192.0.2.1"}\n{"ip": \n\xff\n')
    assert (values, [reason for _, reason in rows.refused]) == (["192.0.2.1"], ["malformed", "malformed"])


def test_a_key_with_line_ends_stays_one_row(parse):
    values, _, _ = parse(f"{JSON}key = true\n", json.dumps({"a.example": {"t": "x\ny"}}, indent=3))
    assert values == ["a.example"]


@pytest.mark.parametrize("options", ['records = "x"', "key = true"])
def test_lines_have_no_document(parse, options):
    with pytest.raises(ValueError, match="belong to parser json"):
        parse(LINES + options + "\n", "")


def test_fields_are_paths(parse):
    with pytest.raises(ValueError, match=r"fields\.port"):
        parse(JSON + "[fields]\nport = 3\n", "")
