"""Reads knowledge from TOML files: the shipped ones, and those of the operator's folders."""

from __future__ import annotations

import re
import tomllib
from importlib import resources
from typing import TYPE_CHECKING, Any

import msgspec

from tipd.config import line_in_table, line_of, nearest
from tipd.errors import ConfigError
from tipd.modules.spamtrap.knowledge.entry import Entry, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.resources.abc import Traversable
    from pathlib import Path

    Place = Traversable | Path

LARGEST = 16 * 2**20  # bytes of a file
_WORDS = frozenset(kind.value for kind in Kind)

type Read = tuple[Kind, Entry]


def read_all(folders: Sequence[Path]) -> list[Read]:
    """Return the shipped knowledge and that of the folders (`*.toml`, by name).

    Raises ConfigError with all that is wrong, a line each: file, line, key.
    """
    faults: list[str] = []
    found: list[Read] = []
    for folder in (resources.files(__package__), *(folder.expanduser() for folder in folders)):
        for place in _files(folder, faults):
            found += _of_file(place, faults)
    if faults:
        raise ConfigError("\n".join(faults))
    return found


def _files(folder: Place, faults: list[str]) -> Iterator[Place]:
    try:
        files = sorted((each for each in folder.iterdir() if each.name.endswith(".toml")), key=lambda each: each.name)
    except OSError as error:
        faults.append(f"{folder}: {error.strerror}")
        return
    yield from files


def _of_file(place: Place, faults: list[str]) -> list[Read]:
    try:
        spelled = place.read_bytes()
        if len(spelled) > LARGEST:
            raise ValueError(f"has over {LARGEST} bytes")
        return parse(spelled.decode("utf-8"), str(place), faults)
    except OSError as error:
        faults.append(f"{place}: {error.strerror}")
    except UnicodeDecodeError as error:
        faults.append(f"{place}: is not UTF-8 at byte {error.start}")
    except ValueError as error:
        faults.append(f"{place}: {error}")
    return []


def parse(text: str, file: str, faults: list[str]) -> list[Read]:
    """Return what a file's text says; what is wrong goes to `faults`, as `file:line: table[number].key: …`."""
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r" \(at line (\d+), column \d+\)$", str(error))
        faults.append(f"{file}{f':{line[1]}' if line else ''}: {error}")
        return []
    found: list[Read] = []
    for word, tables in tree.items():
        if word not in _WORDS:
            faults.append(f"{file}:{line_of(text, word) or 1}: {word}: unknown table{nearest(word, _WORDS)}")
        elif not isinstance(tables, list):
            faults.append(f"{file}:{line_of(text, word) or 1}: {word}: write [[{word}]]")
        else:
            found += _of_tables(tables, Kind(word), text, file, faults)
    return found


def _of_tables(tables: list[Any], kind: Kind, text: str, file: str, faults: list[str]) -> Iterator[Read]:
    for number, table in enumerate(tables):
        try:
            yield kind, msgspec.convert(table, Entry, strict=True)
        except msgspec.ValidationError as error:
            key, said = _fault(str(error))
            line = line_in_table(text, kind, number, f"{kind}.{key}" if key else kind)
            dotted = f"{kind}[{number}]{f'.{key}' if key else ''}"
            faults.append(f"{file}{f':{line}' if line else ''}: {dotted}: {said}")


def _fault(message: str) -> tuple[str, str]:
    """Return the key that a fault is about, and what is said of it."""
    said, _, path = message.partition(" - at `")
    if unknown := re.match(r"Object contains unknown field `(\w+)`", said):
        return unknown[1], f"unknown key{nearest(unknown[1], frozenset(Entry.__struct_fields__))}"
    if inner := re.match(r"\$\.(\w+)", path):
        return inner[1], said
    key, colon, rest = said.partition(": ")
    return (key, rest) if colon and key in Entry.__struct_fields__ else ("", said)
