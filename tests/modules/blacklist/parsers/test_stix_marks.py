"""Markings to words of the Traffic Light Protocol."""

import pytest

from tipd.model.tlp import Tlp, read_tlp
from tipd.modules.blacklist.parsers.stix_marks import FIXED, NONE, UNKNOWN, word_of

EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"


def test_every_fixed_mark_is_a_word_of_ours():
    assert {read_tlp(word) for word in FIXED.values()} == set(Tlp)
    assert len(FIXED) == 9


@pytest.mark.parametrize(
    ("definition", "word"),
    [
        ({"definition_type": "tlp", "definition": {"tlp": "amber"}}, "amber"),
        ({"definition_type": "tlp", "definition": {"tlp": "white"}}, "clear"),
        ({"definition_type": "tlp", "definition": {"tlp": "of my own"}}, "red"),
        (
            {"extensions": {EXTENSION: {"extension_type": "property-extension", "tlp_2_0": "amber+strict"}}},
            "amber+strict",
        ),
        ({"name": "TLP:GREEN"}, "green"),
        ({"definition_type": "statement", "definition": {"statement": "Copyright"}}, NONE),
        ({"definition_type": "x-acme", "definition": {}}, UNKNOWN),
        ({}, UNKNOWN),
        ({"definition": 5, "extensions": [], "name": 7}, UNKNOWN),
    ],
)
def test_definitions(definition, word):
    assert word_of(definition) == word


def test_what_nobody_knows_is_red():
    assert read_tlp(UNKNOWN) is Tlp.RED
