"""Formats that are known by their look: MISP, STIX, feeds, pages with tables, zones, adblock lists, rules."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_MOST = 0.6  # this share of the rows must look like it
_LONGEST = 100_000  # characters of a document that are looked at
_MISP = re.compile(r"""\s*\[?\s*\{\s*"(?:response|Event)"\s*:.*"Attribute"\s*:""", re.DOTALL)
_STIX = re.compile(r"""\s*\{.{0,500}?"objects"\s*:\s*\[.*"(?:pattern|spec_version)"\s*:""", re.DOTALL)
_FEED = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*+<(?:rss|feed|rdf:RDF)[\s>]", re.DOTALL)
_POLICY = re.compile(
    r"\S+\s+(?:\d+\s+)?(?:IN\s+)?CNAME\s+(?:\*?\.|rpz-\w[\w-]*\.)\s*(?:;.*)?\Z|\S+\.rpz-(?:ip|nsip|client-ip|nsdname)\b",
    re.IGNORECASE,
)
_ADBLOCK = re.compile(r"(?:@@)?\|\|?\S+\^?|\S*#[@?$]?#\S+")
_RULE = re.compile(r"(?:alert|drop|reject|block|pass)\s+\w[\w.-]*\s", re.IGNORECASE)


class Look(NamedTuple):
    """A declaration's keys and one line on why."""

    tree: dict[str, Any]
    because: str


def further(lines: Sequence[str], *, is_page: bool) -> Look | None:
    """Return what a body's first lines look like, None where it is none of these formats."""
    text = "\n".join(lines)[:_LONGEST]
    if _MISP.match(text):
        return Look({"parser": "misp", "kind": "auto"}, "parser: MISP's events or attributes")
    if _STIX.match(text):
        return Look({"parser": "stix", "kind": "auto"}, "parser: a STIX bundle or a TAXII envelope")
    if _FEED.match(text):
        return Look({"parser": "rss", "kind": "auto"}, "parser: an RSS or Atom feed; value: each item's link")
    if is_page:
        return Look({"parser": "html", "kind": "auto"}, "parser: a page with a table") if _has_table(text) else None
    return _rules([line.strip() for line in lines])


def _has_table(text: str) -> bool:
    return "<table" in text.lower() and "<td" in text.lower()


def _rules(lines: list[str]) -> Look | None:
    rows = [line for line in lines if line and line[0] not in "!;[#$" and not line.startswith("@ ")]
    if _most(rows, _POLICY.match):
        return Look({"parser": "rpz", "kind": "auto"}, "parser: a response policy zone")
    if _most(rows, _ADBLOCK.match):
        return Look({"parser": "abp", "kind": "auto"}, "parser: adblock rules")
    if _most([line for line in lines if line and line[0] != "#"], lambda row: _RULE.match(row) and "sid:" in row):
        return Look({"parser": "snort", "kind": "network"}, "parser: Snort or Suricata rules; their addresses")
    return None


def _most(rows: list[str], test: Callable[[str], Any]) -> bool:
    return bool(rows) and sum(bool(test(row)) for row in rows) >= _MOST * len(rows)
