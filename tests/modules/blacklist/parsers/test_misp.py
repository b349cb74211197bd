"""MISP attributes to rows."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.modules.blacklist import catalogue
from tipd.modules.blacklist.parsers.registry import build
from tipd.modules.blacklist.reading.json_stream import JsonFault

MISP = 'parser = "misp"\nkind = "auto"\n'
SHA1, SHA256, MD5 = "a1" * 20, "b2" * 32, "c3" * 16


def attribute(kind="ip-dst", value="192.0.2.1", **more):
    return {"type": kind, "value": value, "to_ids": True, "category": "Network activity", **more}


def event(*attributes, **more):
    return {"Event": {"Attribute": list(attributes), "info": "a case", "uuid": "e-1", **more}}


def values(parse, document, declaration=MISP):
    return parse(declaration, json.dumps(document))[0]


@pytest.mark.parametrize(
    ("kind", "value", "found"),
    [
        ("ip-src", "192.0.2.1", ["192.0.2.1"]),
        ("ip-dst", "192.0.2.0/24", ["192.0.2.0/24"]),
        ("ip-dst|port", "192.0.2.1|443", ["192.0.2.1"]),
        ("domain", "bad.example", ["bad.example"]),
        ("hostname", "www.bad.example", ["www.bad.example"]),
        ("domain|ip", "bad.example|192.0.2.1", ["bad.example", "192.0.2.1"]),
        ("hostname|port", "bad.example|8080", ["bad.example"]),
        ("url", "http://bad.example/x|y", ["http://bad.example/x|y"]),
        ("uri", "http://bad.example/", ["http://bad.example/"]),
        ("email-src", "a@bad.example", ["a@bad.example"]),
        ("email-dst", "b@bad.example", ["b@bad.example"]),
        ("AS", "64500", ["AS64500"]),
        ("AS", "AS64500", ["AS64500"]),
        ("md5", MD5, [MD5]),
        ("filename|md5", f"a.exe|{MD5}", [MD5]),
        ("filename|sha1", f"a.exe|{SHA1}", [SHA1]),
        ("filename|sha256", f"a.exe|{SHA256}", [SHA256]),
        ("malware-sample", f"a.exe|{MD5}", [MD5]),
        ("sha256", SHA256, [SHA256]),
        ("filename", "a.exe", []),
        ("yara", "rule x {}", []),
        ("x509-fingerprint-sha1", SHA1, []),  # by its looks it would be a file's
        ("comment", "192.0.2.1", []),
    ],
)
def test_types(parse, kind, value, found):
    assert values(parse, event(attribute(kind, value))) == found


def test_fingerprints_where_they_are_asked_for(parse):
    document = event(attribute("x509-fingerprint-sha1", SHA1), attribute("sha1", SHA1[::-1]))
    assert values(parse, document, MISP.replace("auto", "cert_sha1")) == [SHA1]


@pytest.mark.parametrize(
    "document",
    [
        event(attribute()),
        [event(attribute())],
        {"response": [event(attribute())]},
        {"response": event(attribute())},
        {"response": {"Attribute": [attribute()]}},
        {"response": {"Attribute": attribute()}},
        {"response": [{"Object": {"name": "x", "Attribute": [attribute()]}}]},
        event(Object=[{"name": "x", "Attribute": [attribute()]}]),
    ],
)
def test_shapes(parse, document):
    assert values(parse, document) == ["192.0.2.1"]


def test_several_documents_one_after_the_other(parse):
    one, two = (json.dumps(event(attribute(value=value))) for value in ("192.0.2.1", "192.0.2.2"))
    for between in ("", "\n", "\x1e"):
        assert parse(MISP, between + one + between + two + "\n")[0] == ["192.0.2.1", "192.0.2.2"]


@pytest.mark.parametrize(
    "body",
    ["{}", '[{"ip": "192.0.2.1"}]', '{"name": "Authentication failed"}', '"x"', "{", '{"Event": {"Attribute": [', "x"],
)
def test_what_is_no_misp_is_a_fault(parse, body):
    with pytest.raises(JsonFault):
        parse(MISP, body)


@pytest.mark.parametrize("body", ["", '{"response": []}', '{"response": {"Attribute": []}}', "[]"])
def test_nothing_is_no_fault(parse, body):
    assert parse(MISP, body)[0] == []


def test_only_what_is_fit_for_detection(parse):
    document = event(attribute(to_ids=False), attribute(value="192.0.2.2", to_ids="1"))
    assert values(parse, document) == ["192.0.2.2"]
    assert len(values(parse, document, MISP + "[options]\nto_ids = false\n")) == 2


def test_what_stands_beside(parse):
    document = event(
        attribute("ip-dst|port", "192.0.2.1|443", comment="seen", first_seen="2026-01-02T03:04:05+00:00"),
        Tag=[{"name": 'misp-galaxy:malpedia="Emotet"'}, {"name": 'rsit:malicious-code="c2-server"'}],
    )
    context = parse(MISP, json.dumps(document))[1][0]
    assert context == {
        "port": "443",
        "reference": "e-1",
        "event": "a case",
        "category": "Network activity",
        "comment": "seen",
        "malware": ["Emotet"],
        "class": ["c2-server"],
        "first_seen": "2026-01-02T03:04:05+00:00",
    }
    declared = (
        MISP + '[fields]\nreference = "uuid"\nevent = ""\ncategory = ""\nmalware = ""\nclass = ""\nfirst_seen = ""\n'
    )
    document["Event"]["Attribute"][0]["uuid"] = "a-1"
    assert parse(declared, json.dumps(document))[1] == [{"port": "443", "reference": "a-1", "comment": "seen"}]


def test_an_attribute_of_a_search_brings_its_event(parse):
    row = attribute(Event={"info": "a case", "uuid": "e-1", "distribution": "1"}, Tag=[{"name": "TLP:GREEN"}])
    context = parse(MISP, json.dumps({"response": {"Attribute": [row]}}))[1][0]
    assert (context["event"], context["reference"], context["tlp"]) == ("a case", "e-1", "TLP:GREEN")


@pytest.mark.parametrize(
    ("own", "of_event", "distribution", "marks"),
    [
        ([], [], None, None),
        (["tlp:green"], [], "3", "tlp:green"),
        ([], ["tlp:red"], None, "tlp:red"),  # though it stands behind the attributes
        (["tlp:white"], ["tlp:amber"], None, ["tlp:white", "tlp:amber"]),
        (["misc"], [], "0", "tlp:amber+strict"),
    ],
)
def test_marks(parse, own, of_event, distribution, marks):
    document = event(
        attribute(Tag=[{"name": name} for name in own], distribution=distribution),
        Tag=[{"name": name} for name in of_event],
    )
    assert parse(MISP, json.dumps(document))[1][0].get("tlp") == marks


def test_what_is_deleted_is_taken_back(parse):
    document = event(attribute(), attribute(value="192.0.2.2", deleted=True))
    document["Event"]["Object"] = [{"deleted": "1", "Attribute": [attribute(value="192.0.2.3")]}]
    found, _, rows = parse(MISP, json.dumps(document))
    assert [found[place] for place in sorted(rows.withdrawn)] == ["192.0.2.2", "192.0.2.3"]


def test_rows_pass_by_name(parse):
    document = event(attribute(), attribute(value="192.0.2.2", category="Payload delivery"))
    found, _, rows = parse(MISP + '[where]\ncategory = ["payload delivery"]\n', json.dumps(document))
    assert (found, rows.filtered) == (["192.0.2.2"], 1)


def test_a_name_it_does_not_have(parse):
    with pytest.raises(ValueError, match=r"fields\.reference: parser misp has .*event_uuid"):
        parse(MISP + '[fields]\nreference = "nope"\n', "")


def test_bad_attributes_are_rows_that_cannot_be_read(parse):
    document = event({"type": 1}, attribute(), attribute("domain|ip", "bad.example"), {"value": "x"}, 7, None)
    found, _, rows = parse(MISP, json.dumps(document))
    assert (found, [reason for _, reason in rows.refused]) == (["192.0.2.1"], ["malformed"] * 5)


def test_an_event_larger_than_memory_should_hold(parse, monkeypatch):
    from tipd.modules.blacklist.reading import spool

    monkeypatch.setattr(spool, "_KEPT", 1000)
    document = event(*(attribute(value=f"192.0.2.{number}") for number in range(200)), Tag=[{"name": "tlp:red"}])
    found, contexts, _ = parse(MISP, json.dumps(document, indent=1))
    assert found == [f"192.0.2.{number}" for number in range(200)]
    assert all(context["tlp"] == "tlp:red" for context in contexts)


scalars = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["ip-dst", "domain|ip", "0"])
)
keys = st.sampled_from(
    ["Event", "Attribute", "Object", "response", "Tag", "name", "type", "value", "to_ids", "info", "deleted", "Orgc"]
)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=5), max_leaves=20
)


@given(anything)
def test_nothing_but_its_own_refusals(document):
    parser = build(catalogue.parse('name = "x"\nurl = "https://lists.example.org/x"\n' + MISP))
    try:
        for run in parser.units([json.dumps(document).encode("utf-8", "surrogatepass")]):
            parser.parse(parser.begin(run.units))
    except JsonFault:
        pass
