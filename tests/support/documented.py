"""The shell commands and files that the docs show, as tests execute or check them."""

from __future__ import annotations

import re
import shlex
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_ASSIGNMENT = re.compile(r"^([A-Z][A-Z0-9_]*)=(.*)$", re.DOTALL)
_PROGRAM = {".venv/bin/tipd": "tipd", "/opt/tipd/.venv/bin/tipd": "tipd", ".venv/bin/python": "python"}


@dataclass(frozen=True)
class Command:
    """One line of a shell block."""

    file: str
    line: int
    text: str

    @property
    def variable(self) -> str | None:
        """The variable it sets, None where it sets none."""
        match = _ASSIGNMENT.match(self.text)
        return match[1] if match else None

    @property
    def words(self) -> list[str]:
        """Its words, without a comment; of an assignment those of the command whose output it takes."""
        match = _ASSIGNMENT.match(self.text)
        text = match[2].removeprefix("$(").removesuffix(")") if match else self.text
        return shlex.split(text, comments=True)

    @property
    def program(self) -> str:
        """The program's name as a test knows it."""
        return _PROGRAM.get(self.words[0], self.words[0])

    @property
    def endless(self) -> bool:
        """Whether it goes on until it is stopped."""
        return (self.program == "tipd" and "watch" in self.words) or self.program == "websocat"

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


def blocks(file: str, language: str) -> list[tuple[int, str]]:
    """Return line number and text of each fenced block of that language."""
    text = (ROOT / file).read_text(encoding="utf-8")
    found = [(text[: match.start()].count("\n") + 2, match) for match in _BLOCK.finditer(text)]
    return [(line, match[2]) for line, match in found if match[1] == language]


def commands(file: str) -> list[Command]:
    """Return every command of the file's `sh` blocks."""
    return [
        Command(file, start + offset, line.strip())
        for start, text in blocks(file, "sh")
        for offset, line in enumerate(text.splitlines())
        if line.strip() and not line.lstrip().startswith("#")
    ]


def configured(file: str) -> dict[str, Any]:
    """Return the watches, the sinks and the AS file that the page puts into the configuration, each name once."""
    told: dict[str, Any] = {}
    for _, text in blocks(file, "toml"):
        if not text.startswith(("[[watch]]", "[[sink]]", "[net]\nasn_file")):
            continue
        for table, value in tomllib.loads(text).items():
            if isinstance(value, dict):
                told[table] = value
                continue
            known = {one["name"] for one in told.setdefault(table, [])}
            told[table] += [one for one in value if one["name"] not in known]
    return told
