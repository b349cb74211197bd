"""A MISP body cut into attributes."""

import json

import pytest

from tipd.modules.blacklist.parsers.misp_units import Cutter
from tipd.modules.blacklist.reading.intake import RUN
from tipd.modules.blacklist.reading.json_stream import JsonFault


def units(document, size=100, longest=10_000):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return list(Cutter((body[at : at + size] for at in range(0, len(body), size)), longest).units())


def test_a_unit_says_all_of_itself():
    document = {"Event": {"Attribute": [{"type": "domain", "value": "a.example"}], "info": "x", "Galaxy": [{"big": 1}]}}
    head, raw = units(document)[0].units[0].split(b"\n")
    assert json.loads(head)["event"]["info"] == "x"
    assert b"big" not in head
    assert json.loads(raw) == {"type": "domain", "value": "a.example"}


def test_line_ends_inside_an_attribute_do_not_part_it():
    body = b'{"Event": {"Attribute": [{"type":\n"domain",\n"value": "a.example"}]}}'
    assert [unit.count(b"\n") for run in units(body, 7) for unit in run.units] == [1]


def test_runs_are_bounded_and_numbered():
    runs = units({"response": {"Attribute": [{"value": str(n)} for n in range(RUN + 5)]}}, 5000)
    assert [(run.first, len(run.units)) for run in runs] == [(1, RUN), (RUN + 1, 5)]


def test_a_value_over_the_bound_is_a_fault():
    with pytest.raises(JsonFault, match="too long"):
        units({"Event": {"EventReport": ["x" * 200_000]}}, 1000, 1000)


def test_containers_around_events_are_counted():
    with pytest.raises(JsonFault, match="nested too deep"):
        units(b"[" * 50 + b"]" * 50)


@pytest.mark.parametrize("size", [1, 3, 64, 4000, 10**6])
@pytest.mark.parametrize("indent", [None, 2])
def test_units_are_the_same_however_a_body_is_cut_in_pieces(size, indent):
    attributes = [
        {"type": "url", "value": f'http://a.example/{{"}},[{n}', "Tag": [{"name": "x"}] * (n % 4)} for n in range(60)
    ]
    document = {
        "response": [{"Event": {"Attribute": attributes, "Object": [{"Attribute": attributes}], "info": "}"}}] * 3
    }
    body = json.dumps(document, indent=indent).encode()
    found = [unit for run in units(body, size) for unit in run.units]
    assert len(found) == 360
    assert [json.loads(unit.partition(b"\n")[2]) for unit in found[:60]] == attributes
    assert found == [unit for run in units(body, 777) for unit in run.units]
