"""The files of the project as git sees them: tracked, and new ones that are not ignored."""

from __future__ import annotations

import functools
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_SKIPPED = {".venv", ".deps", ".git", "__pycache__", "tipd.egg-info"}


@functools.cache
def files() -> tuple[str, ...]:
    """Return the paths from the root, sorted; without git (an unpacked archive) all that are not of tools."""
    command = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    asked = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if asked.returncode == 0:
        found = [name for name in asked.stdout.decode().split("\0") if name]
    else:
        paths = (path for path in ROOT.rglob("*") if path.is_file())
        found = [str(path.relative_to(ROOT)) for path in paths if not _SKIPPED & set(path.parts)]
    return tuple(sorted(name for name in set(found) if (ROOT / name).is_file()))


def below(*folders: str, suffix: str = ".py") -> list[str]:
    """Return the files below the folders that end in `suffix`."""
    return [
        name for name in files() if name.endswith(suffix) and name.startswith(tuple(f"{each}/" for each in folders))
    ]


def text(name: str) -> str:
    """Return the file's text."""
    return (ROOT / name).read_text(encoding="utf-8")


def complaints(rule, names: list[str]) -> str:
    """Return what the rule has to say of the files, one complaint a line; empty where all is well."""
    return "\n".join(line for name in names for line in rule(name, text(name)))
