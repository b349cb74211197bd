"""Every shipped source reads its sample as its expected result says: a new source is three files and no Python."""

import json
from pathlib import Path

import pytest
from support.bodies import Reader

from tipd.modules.blacklist import catalogue
from tipd.modules.blacklist.guards import refusal

SAMPLES = Path(__file__).parents[2] / "samples" / "sources"
SHIPPED = catalogue.shipped()


def test_the_catalogue_is_whole():
    assert SHIPPED.errors == ()
    assert len(SHIPPED.ok) >= 20
    files = {path.name for path in SAMPLES.iterdir()}
    assert files == {f"{name}.{end}" for name in SHIPPED.ok for end in ("body", "expected.json")}


@pytest.mark.parametrize("name", sorted(SHIPPED.ok))
def test_a_sample_gives_what_is_expected(name, tmp_path):
    reader = Reader(tmp_path)
    reader.source = SHIPPED.ok[name]
    outcome = reader.read((SAMPLES / f"{name}.body").read_bytes(), now=1)
    expected = json.loads((SAMPLES / f"{name}.expected.json").read_text())
    found = sorted([kind, value] for kind, value in outcome.found)
    assert found == expected["found"]
    assert outcome.contexts == expected.get("contexts", {})
    assert outcome.result.refused == expected.get("refused", {})
    assert outcome.result.filtered == expected.get("filtered", 0)
    assert refusal(reader.source, outcome.result) is None
    again = reader.read((SAMPLES / f"{name}.body").read_bytes(), now=2)
    assert (again.rows, again.closed, again.result.entries) == ([], [], len(found))


@pytest.mark.parametrize("name", sorted(SHIPPED.ok))
def test_a_page_in_its_place_is_refused(name, tmp_path):
    reader = Reader(tmp_path)
    reader.source = SHIPPED.ok[name]
    outcome = reader.read(b"<!DOCTYPE html>\n<html><head><title>For sale</title></head><body>hello</body></html>\n")
    refused = refusal(reader.source, outcome.result)
    assert refused is not None
    assert refused.state in {"wrong_page", "drifted", "empty"}


@pytest.mark.parametrize("name", sorted(SHIPPED.ok))
def test_what_an_operator_must_know_is_said(name):
    source = SHIPPED.ok[name]
    for key in ("about", "licence", "every", "min_interval", "homepage"):
        assert getattr(source, key), key
    tree = (SHIPPED.paths[name]).read_text()
    for key in ("commercial", "redistribute", "tlp", "class"):
        assert f"\n{key} = " in tree, key
