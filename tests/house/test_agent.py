"""What runs on mail hosts: it imports only what it may, in the words of the oldest Python there."""

import ast
import functools
import re
import sys
from pathlib import Path

from house import tree

OLDEST = (3, 11)
ROOMS = ("agent", "mail")
BESIDE = ("model", "config", "log", "clock", "errors")
# The import's name where it is not the package's.
PACKAGES = {"ada_url": "ada-url", "fast_mail_parser": "fast-mail-parser", "re2": "google-re2"}


def wanted() -> set[str]:
    """Return the packages of the agent's own list."""
    lines = tree.text("requirements/agent.in").splitlines()
    return {re.split(r"[<>=]", line)[0] for line in lines if line[:1].isalpha()}


def imported(name: str) -> set[str]:
    """Return the modules a file imports, also those of functions; not what only types are checked with."""
    found: set[str] = set()
    ahead: list[ast.AST] = [ast.parse(tree.text(name), feature_version=OLDEST)]
    while ahead:
        node = ahead.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            ahead += node.orelse
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        ahead += ast.iter_child_nodes(node)
    return found


def path_of(module: str) -> str | None:
    """Return the file of one of our modules."""
    place = module.replace(".", "/")
    return next((name for name in (f"{place}.py", f"{place}/__init__.py") if (tree.ROOT / name).is_file()), None)


@functools.cache
def reached() -> dict[str, set[str]]:
    """Return every file that the agent may come to import, with what it imports."""
    seen: dict[str, set[str]] = {}
    ahead = [*tree.below("tipd/agent", "tipd/mail")]
    while ahead:
        name = ahead.pop()
        if name not in seen:
            seen[name] = imported(name)
            ahead += [path for module in seen[name] if (path := path_of(module)) is not None]
    return seen


def test_everything_is_python_of_the_oldest_release() -> None:
    files = reached()  # raises SyntaxError for what is newer
    assert {"tipd/agent/loop.py", "tipd/mail/read.py", "tipd/config.py"} <= files.keys()


def test_only_the_rooms_below_are_reached() -> None:
    rooms = {Path(name).parts[1].removesuffix(".py") for name in reached()} - {"__init__"}
    assert rooms <= {*ROOMS, *BESIDE}


def test_only_locked_packages_are_imported() -> None:
    outside = {module.partition(".")[0] for modules in reached().values() for module in modules}
    packages = {PACKAGES.get(name, name) for name in outside - sys.stdlib_module_names - {"tipd"}}
    assert packages - wanted() == set()


def test_the_one_file_has_every_room_that_is_reached() -> None:
    script = tree.text("scripts/agent.py")
    for name in reached():
        parts = Path(name).parts
        assert f'"{parts[1]}"' in script, name


def test_nothing_is_carried_to_mail_hosts_that_is_not_used_there() -> None:
    outside = {module.partition(".")[0] for modules in reached().values() for module in modules}
    named = "".join(tree.text(name) for name in reached())
    idle = {each for each in wanted() if f'"{each}"' not in named} - {PACKAGES.get(name, name) for name in outside}
    assert not idle, f"requirements/agent.in names {sorted(idle)}, and nothing imports it: make lock"
