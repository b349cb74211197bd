"""Every shipped source reads its sample as its expected result says: a new source is three files and no Python."""

import json
import re
import tomllib
from datetime import date
from pathlib import Path

import pytest
from support.bodies import Reader

from tipd.modules.blacklist import catalogue, trial
from tipd.modules.blacklist.guards import refusal
from tipd.modules.blacklist.parsers.registry import FORMATS
from tipd.modules.blacklist.settings import BlacklistSettings

SAMPLES = Path(__file__).parents[2] / "samples" / "sources"
SHIPPED = catalogue.shipped()
LISTS = sorted(name for name, source in SHIPPED.ok.items() if not source.entries)


def test_the_catalogue_is_whole():
    assert SHIPPED.errors == ()
    assert len(SHIPPED.ok) >= 60
    assert len([source for source in SHIPPED.ok.values() if source.enabled]) >= 60
    files = {path.name for path in SAMPLES.iterdir()}
    assert files == {f"{name}.{end}" for name in LISTS for end in ("body", "expected.json")}


@pytest.mark.parametrize("name", LISTS)
def test_a_sample_gives_what_is_expected(name, tmp_path):
    reader = Reader(tmp_path)
    reader.source = SHIPPED.ok[name]
    outcome = reader.read((SAMPLES / f"{name}.body").read_bytes())
    expected = json.loads((SAMPLES / f"{name}.expected.json").read_text())
    found = sorted([kind, value] for kind, value in outcome.found)
    assert found == expected["found"]
    assert outcome.contexts == expected.get("contexts", {})
    assert outcome.result.refused == expected.get("refused", {})
    assert outcome.result.filtered == expected.get("filtered", 0)
    assert refusal(reader.source, outcome.result) is None
    again = reader.read((SAMPLES / f"{name}.body").read_bytes())
    assert (again.rows, again.closed, again.result.entries) == ([], [], len(found))


@pytest.mark.parametrize("name", LISTS)
def test_a_trial_accepts_the_sample(name, tmp_path):
    """As `tipd sources test NAME BODYFILE` does."""
    body = SAMPLES / f"{name}.body"
    chosen = trial.find(name, BlacklistSettings(sources_dirs=()), body)
    assert chosen.source == SHIPPED.ok[name]
    tried = trial.run(chosen, body, tmp_path)
    assert (tried.state, tried.why) == ("ok", None)
    assert tried.rows


@pytest.mark.parametrize("name", LISTS)
def test_a_page_in_its_place_is_refused(name, tmp_path):
    reader = Reader(tmp_path)
    reader.source = SHIPPED.ok[name]
    outcome = reader.read(b"<!DOCTYPE html>\n<html><head><title>For sale</title></head><body>hello</body></html>\n")
    refused = refusal(reader.source, outcome.result)
    assert refused is not None
    assert refused.state in {"wrong_page", "drifted", "empty"}


SAID = (
    *("url", "about", "homepage", "licence", "commercial", "redistribute", "tlp", "class", "every", "min_interval"),
    *("parser", "kind", "absence", "timezone", "checked", "evidence", "expect"),
)


@pytest.mark.parametrize("name", LISTS)
def test_what_an_operator_must_know_is_said(name):
    """Explicitly: the defaults are those of an operator's own source."""
    source = SHIPPED.ok[name]
    text = SHIPPED.paths[name].read_text()
    tree = tomllib.loads(text)
    assert [key for key in SAID if tree.get(key) in (None, "", {})] == []
    assert date(2026, 1, 1) <= date.fromisoformat(source.checked)
    assert source.homepage.startswith(("https://", "http://"))
    if source.absence == "nothing":
        assert "keep" in tree


@pytest.mark.parametrize("name", LISTS)
def test_a_wrong_body_is_known_by_a_canary_or_by_its_size(name):
    """Where no text is sure to stand in it, a count is asked for, and the file says why."""
    text = SHIPPED.paths[name].read_text()
    expect = SHIPPED.ok[name].expect
    assert expect.must_match or (expect.min_rows and re.search(r"^min_rows = \d+ +# \w", text, re.MULTILINE))


@pytest.mark.parametrize("name", sorted(name for name, source in SHIPPED.ok.items() if not source.enabled))
def test_why_one_is_off_is_said(name):
    assert re.search(r"^enabled = false +# \w", SHIPPED.paths[name].read_text(), re.MULTILINE)


def test_no_two_sources_are_the_same():
    requests = [(source.url, source.request, source.options.get("field")) for source in SHIPPED.ok.values()]
    assert len(set(map(repr, requests))) == len(requests)


def test_sources_of_one_host_share_their_key():
    keys = {source.credential for name, source in SHIPPED.ok.items() if name.startswith("abusech_")} - {""}
    assert keys == {"abuse_ch"}


def test_every_parser_reads_a_shipped_source():
    assert {source.parser for source in SHIPPED.ok.values()} == set(FORMATS)


def test_where_provider_and_row_are_marked_the_source_says_the_most_open():
    """A row's own mark only makes it stricter: see a feed of events that are marked one by one."""
    marked = [source for source in SHIPPED.ok.values() if "tlp" in source.fields or source.parser in {"misp", "stix"}]
    assert marked
    assert {source.tlp for source in marked} <= {"clear", "green"}
