"""A STIX body cut into objects with their marks."""

import json

import pytest

from tipd.modules.blacklist.parsers.stix_units import Cutter
from tipd.modules.blacklist.reading import spool
from tipd.modules.blacklist.reading.json_stream import JsonFault

RED = "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"
OURS = "marking-definition--00000000-0000-4000-8000-000000000001"
THING = {"type": "indicator", "id": "indicator--1"}


def cut(document, declared=None, size=50):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    chunks = (body[at : at + size] for at in range(0, len(body), size))
    return [
        unit for run in Cutter(chunks, 10_000, frozenset({"indicator"}), declared or {}).units() for unit in run.units
    ]


def words(*args, **more):
    return [unit.partition(b"\n")[0].decode() for unit in cut(*args, **more)]


def marked(*refs, **more):
    return {**THING, "object_marking_refs": list(refs), **more}


def test_only_rows_are_units():
    assert cut({"type": "bundle", "id": "b", "objects": [{"type": "identity"}, THING]})[0].endswith(b'"indicator--1"}')


@pytest.mark.parametrize("kept", [0, 10_000])
def test_a_marking_may_stand_behind_what_it_marks(monkeypatch, kept):
    monkeypatch.setattr(spool, "_KEPT", kept)
    ours = {"type": "marking-definition", "id": OURS, "definition_type": "tlp", "definition": {"tlp": "green"}}
    assert words({"objects": [marked(OURS), THING, ours, marked(OURS, RED)]}) == ["", "green,red", "green"]


def test_unknown_marks():
    assert words({"objects": [marked(OURS)]}) == ["unknown"]
    assert words({"objects": [marked(OURS)]}, declared={OURS: "amber"}) == ["amber"]


def test_a_part_that_is_marked_marks_the_whole():
    part = {"marking_ref": RED, "selectors": ["pattern"]}
    assert words({"objects": [{**THING, "granular_markings": [part]}]}) == ["red"]


def test_nobody_redefines_a_fixed_mark():
    lie = {"type": "marking-definition", "id": RED, "definition_type": "tlp", "definition": {"tlp": "white"}}
    assert words({"objects": [lie, marked(RED)]}) == ["red"]


def test_what_one_document_defines_is_unknown_to_the_next():
    ours = {"type": "marking-definition", "id": OURS, "definition_type": "tlp", "definition": {"tlp": "green"}}
    one, two = json.dumps({"objects": [ours, marked(OURS)]}), json.dumps({"objects": [marked(OURS)]})
    assert words(f"\x1e{one}\x1e{two}".encode()) == ["green", "unknown"]


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"more": false}', b'{"objects": []}', b"[]", b'{"type": "bundle", "id": "b"}']
)
def test_nothing(body):
    assert cut(body) == []


@pytest.mark.parametrize(
    "body", [b'{"title": "Unauthorized"}', b"7", b'{"objects": [', b'{"objects": {"a": 1}, "x": }', b"x"]
)
def test_what_is_no_stix_is_a_fault(body):
    with pytest.raises(JsonFault):
        cut(body)


@pytest.mark.parametrize("size", [1, 3, 64, 4000, 10**6])
def test_units_are_the_same_however_a_body_is_cut_in_pieces(size):
    things = [marked(*[OURS, RED][: n % 3], pattern="[url:value = '}],{\"']", n=n) for n in range(60)]
    ours = {"type": "marking-definition", "id": OURS, "definition_type": "tlp", "definition": {"tlp": "green"}}
    found = cut({"objects": [*things[:30], ours, *things[30:]]}, size=size)
    told = {json.loads(unit.partition(b"\n")[2])["n"]: unit.partition(b"\n")[0] for unit in found}
    assert told == {n: [b"", b"green", b"green,red"][n % 3] for n in range(60)}
