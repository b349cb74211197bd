"""Public suffixes: names under which strangers register, so that no list may block them whole.

Both sections of the Public Suffix List count: the ICANN one (`com`, `co.uk`) and the private one (`github.io`,
`blogspot.com`), since a list that names `github.io` itself would block every site there. A name *below* a suffix is
ordinary. An unknown top-level domain is a suffix too (the list's prevailing rule `*`), so single labels never pass.
The data is that of the `publicsuffixlist` package; rules are read here because the batch reader needs them as a set.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import NamedTuple

import ada_url


class Rules(NamedTuple):
    """The list's rules as lower-case A-labels: names, parents of wildcards (`ck` of `*.ck`), exceptions."""

    names: frozenset[str]
    wildcards: frozenset[str]
    exceptions: frozenset[str]


@cache
def rules() -> Rules:
    """Read the rules once a process (about 40 ms)."""
    names: set[str] = set()
    wildcards: set[str] = set()
    exceptions: set[str] = set()
    data = resources.files("publicsuffixlist").joinpath("public_suffix_list.dat").read_text("utf-8")
    for line in data.splitlines():
        rule = line.partition(" ")[0].strip().lower()
        if not rule or rule.startswith("//"):
            continue
        if rule.startswith("!"):
            exceptions.add(_ascii(rule[1:]))
        elif rule.startswith("*."):
            wildcards.add(_ascii(rule[2:]))
            names.add(_ascii(rule[2:]))  # the list's own tests take a wildcard's parent as a suffix
        else:
            names.add(_ascii(rule))
    return Rules(frozenset(names), frozenset(wildcards), frozenset(exceptions))


def _ascii(name: str) -> str:
    return name if name.isascii() else ada_url.idna_to_ascii(name).decode()


def is_public_suffix(name: str) -> bool:
    """Say whether the canonical name itself is a public suffix."""
    known = rules()
    if name in known.names:
        return True
    _, dot, parent = name.partition(".")
    if not dot:
        return True
    return parent in known.wildcards and name not in known.exceptions


def registrable(name: str) -> str:
    """Return the registrable domain of a canonical name: one label more than its longest public suffix.

    A name that is a public suffix itself is its own. Under a suffix of the private section (`github.io`) each
    customer's name is one.
    """
    at, found = 0, name
    while not is_public_suffix(name[at:]):
        found = name[at:]
        at = name.index(".", at) + 1
    return found
