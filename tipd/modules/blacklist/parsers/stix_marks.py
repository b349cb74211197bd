"""STIX markings to words of the Traffic Light Protocol.

Sources: STIX 2.1, section 7.2.1.4 (the four marking definitions of TLP 1.0, by fixed ids), and OASIS' "TLP 2.0
definitions" (the extension `60a3c5c5-…` and its five fixed ids).
"""

from __future__ import annotations

from typing import Any

from tipd.model.tlp import read_tlp

_EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
FIXED: dict[str, str] = {
    "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9": "white",
    "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da": "green",
    "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82": "amber",
    "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed": "red",
    "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487": "clear",
    "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb": "green",
    "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421": "amber",
    "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003": "amber+strict",
    "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1": "red",
}
UNKNOWN = "unknown"  # which read_tlp reads as red
NONE = ""  # a marking that is no TLP: a statement, a licence


def word_of(definition: dict[str, Any]) -> str:
    """Return the mark a marking definition sets, NONE where it sets none."""
    if definition.get("definition_type") == "statement":
        return NONE
    for place, key in (("definition", "tlp"), (f"extensions.{_EXTENSION}", "tlp_2_0")):
        inner: Any = definition
        for step in place.split(".", 1):
            inner = inner.get(step) if isinstance(inner, dict) else None
        if isinstance(inner, dict) and isinstance(inner.get(key), str):
            return WORDS[int(read_tlp(inner[key]))]
    name = definition.get("name")
    if isinstance(name, str) and name.lower().startswith("tlp"):
        return WORDS[int(read_tlp(name))]
    return UNKNOWN


WORDS = ("clear", "green", "amber", "amber+strict", "red")
