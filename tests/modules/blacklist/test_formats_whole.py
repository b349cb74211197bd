"""MISP, STIX, feeds, zones and rules through the whole reader: two days of a body, and what is different."""

import json

import pytest
from support.bodies import SEED, Reader

from tipd.model.key import key_of
from tipd.model.kind import Kind
from tipd.modules.blacklist.guards import refusal

AMBER = "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"
PAGE = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Please sign in</body></html>"


def attribute(value, kind="ip-dst", **more):
    return {"type": kind, "value": value, "to_ids": True, **more}


def misp(*attributes, **more):
    return json.dumps({"Event": {"Attribute": list(attributes), "info": "a case", "uuid": "u-1", **more}})


def stix(*things):
    return json.dumps({"type": "bundle", "objects": list(things)})


def indicator(value, **more):
    return {"type": "indicator", "id": f"indicator--{value}", "pattern": f"[ipv4-addr:value = '{value}']", **more}


def key(value):
    return key_of(SEED, Kind.IPV4, value)


def reader(tmp_path, parser, rest=""):
    return Reader(tmp_path, f'parser = "{parser}"\nkind = "auto"\n{rest}', first=50)


def test_two_days_of_a_misp(tmp_path):
    days = reader(tmp_path, "misp")
    first = days.read(misp(attribute("192.0.2.1"), attribute("192.0.2.2"), attribute("192.0.2.3|443", "ip-dst|port")))
    assert first.values == {"192.0.2.1", "192.0.2.2", "192.0.2.3"}
    assert first.contexts["192.0.2.3"] == {"port": 443, "event": "a case", "reference": "u-1"}
    again = days.read(misp(attribute("192.0.2.1"), attribute("192.0.2.3|443", "ip-dst|port"), attribute("192.0.2.4")))
    assert (again.values, again.closed, again.result.known) == ({"192.0.2.4"}, [key("192.0.2.2")], 2)


def test_a_case_that_becomes_stricter_makes_all_its_attributes_so(tmp_path):
    days = reader(tmp_path, "misp")
    rows = [attribute("192.0.2.1"), attribute("192.0.2.2", Tag=[{"name": "tlp:red"}])]
    marks = [
        [one.tlp for one in days.read(misp(*rows, **tag)).result.first]
        for tag in ({}, {"Tag": [{"name": "tlp:amber"}]})
    ]
    assert marks == [[None, 4], [2, 4]]


def test_what_misp_takes_back_in_a_whole_set_is_not_in_it(tmp_path):
    days = reader(tmp_path, "misp")
    days.read(misp(attribute("192.0.2.1"), attribute("192.0.2.2")))
    outcome = days.read(misp(attribute("192.0.2.1"), attribute("192.0.2.2", deleted=True)))
    assert (outcome.closed, outcome.result.withdrawn) == ([key("192.0.2.2")], 1)


def test_two_days_of_stix(tmp_path):
    days = reader(tmp_path, "stix")
    end = {"valid_until": "2026-12-01T00:00:00Z", "object_marking_refs": [AMBER], "confidence": 85}
    outcome = days.read(stix(indicator("192.0.2.1", **end), indicator("192.0.2.2", indicator_types=["compromised"])))
    one, two = outcome.result.first
    assert (one.tlp, one.until.isoformat(), one.context["confidence"]) == (2, "2026-12-01T00:00:00+00:00", 85)
    assert (two.tlp, two.until, two.context["class"]) == (None, None, "system-compromise")
    outcome = days.read(stix(indicator("192.0.2.1", **end), indicator("192.0.2.2", revoked=True)))
    assert (outcome.closed, outcome.result.known) == ([key("192.0.2.2")], 1)


def test_patterns_that_say_more_are_counted(tmp_path):
    mixed = indicator("192.0.2.2")
    mixed["pattern"] = mixed["pattern"].replace("]", " AND url:value = 'x']")
    result = reader(tmp_path, "stix").read(stix(indicator("192.0.2.1"), mixed)).result
    assert (result.entries, result.refused) == (1, {"unsupported": 1})
    assert "192.0.2.2" in result.samples[0].text


@pytest.mark.parametrize(
    ("parser", "rest", "days", "left"),
    [
        ("rpz", "", ["one.example CNAME .\ntwo.example CNAME .\n", "one.example CNAME .\n"], ("domain", "two.example")),
        ("abp", "", ["||one.example^\n||two.example^\n", "||one.example^\n"], ("domain", "two.example")),
        (
            "snort",
            "",
            [
                "alert ip [192.0.2.1,192.0.2.2] any -> any any (sid:1;)\n",
                "alert ip 192.0.2.1 any -> any any (sid:1;)\n",
            ],
            ("ipv4", "192.0.2.2"),
        ),
        (
            "rss",
            "",
            [
                "<rss><item><link>http://a.example/1</link></item><item><link>http://a.example/2</link></item></rss>",
                "<rss><item><link>http://a.example/1</link></item></rss>",
            ],
            ("url", "http://a.example/2"),
        ),
        (
            "html",
            "",
            ["<html><table><tr><td>192.0.2.1<tr><td>192.0.2.2</table>", "<html><table><tr><td>192.0.2.1</table>"],
            ("ipv4", "192.0.2.2"),
        ),
    ],
)
def test_two_days_of_others(tmp_path, parser, rest, days, left):
    bodies = reader(tmp_path, parser, rest)
    assert left in bodies.read(days[0]).found
    outcome = bodies.read(days[1])
    assert outcome.closed == [key_of(SEED, Kind(left[0]), left[1])]
    assert outcome.values == set()
    assert refusal(bodies.source, outcome.result) is None or outcome.result.entries == 1


@pytest.mark.parametrize("parser", ["misp", "stix", "rpz", "abp", "snort", "rss"])
def test_a_page_is_a_wrong_page(tmp_path, parser):
    bodies = reader(tmp_path, parser)
    assert refusal(bodies.source, bodies.read(PAGE).result).state == "wrong_page"


def test_a_page_where_one_is_due_needs_its_canary(tmp_path):
    bodies = reader(tmp_path, "html", '[expect]\nmust_match = "Blocked hosts"\n')
    assert refusal(bodies.source, bodies.read(PAGE).result).state == "empty"
    other = PAGE.replace("Please", "<table><tr><td>192.0.2.1</td></tr></table>")
    assert refusal(bodies.source, bodies.read(other).result).state == "wrong_page"


@pytest.mark.parametrize(
    ("parser", "body"),
    [
        ("misp", '{"name": "Authentication failed.", "url": "/attributes/restSearch"}'),
        ("misp", misp(attribute("192.0.2.1"))[:-20]),
        ("stix", '{"title": "Unauthorized", "http_status": "401"}'),
        ("stix", stix(indicator("192.0.2.1"))[:-3]),
        ("rss", "<rss><item><link>http://a.example/</link></item>"),
        ("rss", '<!DOCTYPE x [<!ENTITY a "b">]><rss><item><link>http://a.example/&a;</link></item></rss>'),
    ],
)
def test_bodies_that_are_not_whole_or_something_else(tmp_path, parser, body):
    bodies = reader(tmp_path, parser)
    result = bodies.read(body).result
    assert result.broken
    assert refusal(bodies.source, result).state == "drifted"
