"""STIX objects to rows."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.modules.blacklist import catalogue
from tipd.modules.blacklist.parsers.registry import build
from tipd.modules.blacklist.reading.json_stream import JsonFault

STIX = 'parser = "stix"\nkind = "auto"\n'
AMBER = "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"


def indicator(pattern="[ipv4-addr:value = '192.0.2.1']", **more):
    return {"type": "indicator", "id": "indicator--1", "pattern": pattern, "pattern_type": "stix", **more}


def read(parse, *objects, declaration=STIX):
    return parse(declaration, json.dumps({"type": "bundle", "objects": list(objects)}))


def test_what_stands_beside(parse):
    thing = indicator(
        name="C2 of a case",
        valid_from="2026-01-01T00:00:00Z",
        valid_until="2026-12-01T00:00:00Z",
        confidence=80,
        object_marking_refs=[AMBER],
        indicator_types=["malicious-activity", "anonymization"],
        labels=["C2"],
        tlp="white",  # a property of its own is no mark
    )
    values, contexts, _ = read(parse, thing)
    assert values == ["192.0.2.1"]
    assert contexts == [
        {
            "reference": "indicator--1",
            "name": "C2 of a case",
            "class": ["proxy", "c2-server"],
            "confidence": 80,
            "tlp": "tlp:amber",
            "first_seen": "2026-01-01T00:00:00Z",
            "until": "2026-12-01T00:00:00Z",
        }
    ]


def test_fields_are_paths(parse):
    thing = indicator(external_references=[{"url": "https://a.example/"}, {"url": "https://b.example/"}])
    declared = STIX + '[fields]\nreference = "external_references.*.url"\n'
    assert read(parse, thing, declaration=declared)[1][0]["reference"] == ["https://a.example/", "https://b.example/"]


def test_what_is_revoked_is_taken_back(parse):
    values, _, rows = read(
        parse, indicator(revoked=True), indicator("[domain-name:value = 'a.example']", revoked=False)
    )
    assert [values[place] for place in rows.withdrawn] == ["192.0.2.1"]


@pytest.mark.parametrize(
    ("thing", "reason"),
    [
        (indicator("[ipv4-addr:value = '192.0.2.1' AND url:value = 'x']"), "unsupported"),
        (indicator("what"), "malformed"),
        (indicator(None), "malformed"),
    ],
)
def test_refusals(parse, thing, reason):
    values, _, rows = read(parse, thing)
    assert (values, rows.refused) == ([], [(0, reason)])


@pytest.mark.parametrize(
    "thing",
    [
        indicator(pattern_type="sigma"),
        indicator("[file:name = 'a.exe']"),
        indicator(indicator_types=["benign"]),
        indicator("[x509-certificate:hashes.'SHA-1' = '" + "ab" * 20 + "']"),
    ],
)
def test_what_is_no_row_of_ours(parse, thing):
    values, _, rows = read(parse, thing)
    assert (values, rows.filtered, rows.refused) == ([], 1, [])


def test_kinds_that_were_not_asked_for(parse):
    thing = indicator("[ipv4-addr:value = '192.0.2.1' OR url:value = 'http://a.example/']")
    assert read(parse, thing, declaration=STIX.replace("auto", "url"))[0] == ["http://a.example/"]


def test_observables_where_they_are_asked_for(parse):
    things = [
        {"type": "ipv4-addr", "id": "1", "value": "192.0.2.1"},
        {"type": "file", "id": "2", "hashes": {"MD5": "a1" * 16, "SHA-256": "b2" * 32, "SHA-512": "c3"}},
        {"type": "autonomous-system", "id": "3", "number": 64500},
        {"type": "email-message", "id": "4", "subject": "x"},
        {"type": "file", "id": "5", "name": "x"},
    ]
    assert read(parse, *things)[0] == []
    values, _, rows = read(parse, *things, declaration=STIX + "[options]\nobservables = true\n")
    assert values == ["192.0.2.1", "a1" * 16, "b2" * 32, "AS64500"]
    assert rows.filtered == 1


def test_markings_are_declared_by_our_words():
    with pytest.raises(ValueError, match=r"markings\.x: 'purple' is no TLP mark"):
        build(catalogue.parse('url = "https://lists.example.org/x"\n' + STIX + '[options.markings]\nx = "purple"\n'))


scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
names = st.sampled_from(
    ["type", "pattern", "objects", "object_marking_refs", "labels", "id", "hashes", "value", "number"]
)
words = st.sampled_from(["indicator", "marking-definition", "file", "ipv4-addr", "[url:value = 'x']", AMBER])
anything = st.recursive(
    scalars | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=6),
    max_leaves=20,
)


@given(anything)
def test_nothing_but_its_own_refusals(document):
    parser = build(
        catalogue.parse('url = "https://lists.example.org/x"\nname = "x"\n' + STIX + "[options]\nobservables = true\n")
    )
    for body in (document, {"objects": [document]}):
        try:
            for run in parser.units([json.dumps(body).encode("utf-8", "surrogatepass")]):
                parser.parse(parser.begin(run.units))
        except JsonFault:
            pass
