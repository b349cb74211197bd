"""What stands in the repository: plain names, nothing generated, nothing of one machine."""

import re

from house import rules, tree

BINARY = (".png", ".gz", ".bz2", ".xz", ".zst", ".zip", ".7z", ".ico", ".woff2", ".bin", ".mmdb", ".tar")
# Generated from what is tracked, or left behind by tools and runs.
GENERATED = re.compile(
    r"(^|/)(__pycache__|\.venv|\.deps|node_modules|\.hypothesis|\.mypy_cache|\.ruff_cache|\.pytest_cache|state)/"
    r"|\.(pyc|pyo|log|pid|sock|orig|rej|swp|bak|sqlite3?)$|\.egg-info/|(^|/)(PG_VERSION|postmaster\.pid)$"
)


def test_names_of_files_are_plain() -> None:
    odd = [name for name in tree.files() if not re.fullmatch(r"[A-Za-z0-9._/-]+|newsfragments/\+[a-z0-9._-]+", name)]
    assert not odd, f"names of files are ASCII letters, digits, dot, underscore, hyphen: {odd}"


def test_nothing_generated_is_kept() -> None:
    kept = [name for name in tree.files() if GENERATED.search(name)]
    assert not kept, f"made by tools or runs, so not kept: {kept}"


def test_no_notes_machine_paths_or_registries() -> None:
    # A sample of a list may hold any words at all; the compressed and pictures are no text.
    names = [name for name in tree.files() if not name.endswith(BINARY) and "/samples/" not in name]
    assert not (found := tree.complaints(rules.marks, names)), found


def test_text_is_utf8_with_unix_line_ends() -> None:
    plain = [
        name
        for name in tree.files()
        if name.endswith((".py", ".md", ".toml", ".sh", ".sql", ".html", ".css", ".js")) and "/samples/" not in name
    ]
    odd = [name for name in plain if b"\r" in (tree.ROOT / name).read_bytes()]
    assert not odd, f"line ends with CR: {odd}"
    for name in plain:
        tree.text(name)  # raises where it is not UTF-8
