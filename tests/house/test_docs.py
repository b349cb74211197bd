"""The docs say what is: pages are current, every setting, dependency and source is told, links lead somewhere."""

import importlib.util
import re
import tomllib
from pathlib import Path

import msgspec
import pytest
from house import tree

from tipd.model import finding

PAGES_SCRIPT = tree.ROOT / "scripts" / "pages.py"
DOCS = [name for name in tree.files() if name.endswith(".md") and "/samples/" not in name]
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


@pytest.fixture(scope="module")
def pages():
    spec = importlib.util.spec_from_file_location("pages", PAGES_SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_parts_are_current(pages) -> None:
    stale = [str(path.relative_to(tree.ROOT)) for path in pages.stale()]
    assert not stale, f"not current, run `make pages`: {stale}"


def test_every_generated_part_stands_on_a_page(pages) -> None:
    shown = {name for page in DOCS for name in re.findall(r"<!-- generated: (\w+) -->", tree.text(page))}
    assert shown == pages.PARTS.keys()


def test_every_setting_is_documented(pages) -> None:
    types = pages.settings_types() | pages.agent_types()
    assert {"store", "findings", "net", "api", "modules.blacklist"} <= types.keys()
    silent = [line for section, kind in types.items() for line in _silent(pages, section, kind)]
    assert not silent, "\n".join(silent)


def test_every_kind_of_finding_is_documented() -> None:
    page = tree.text("docs/reference/findings.md")
    kinds = {value for name, value in vars(finding).items() if name.isupper() and isinstance(value, str)}
    assert len(kinds) > 10
    assert sorted(kind for kind in kinds if f"`{kind}`" not in page) == []


def test_every_key_of_a_declaration_is_documented(pages) -> None:
    tables = {"options", "fields", "where", "expect", "request", "ageing", "signature"}  # told on the page
    found = [line for name, kind in pages.declaration_types().items() for line in _silent(pages, name, kind, tables)]
    assert not found, "\n".join(found)


def _silent(pages, section: str, kind: type, told_elsewhere: set[str] = frozenset()) -> list[str]:
    keys = {field.encode_name for field in msgspec.structs.fields(kind)} - told_elsewhere
    about, told = pages.documented(kind)
    where = f"[{section}] in {kind.__name__}'s docstring"
    return [
        *(f"{where}: the meaning of {key} is missing" for key in sorted(keys - told.keys())),
        *(f"{where}: there is no key {key}" for key in sorted(told.keys() - keys - told_elsewhere)),
        *([] if about else [f"{where}: there is no first line"]),
    ]


def test_docstrings_are_read_in_each_form(pages) -> None:
    class Base(msgspec.Struct):
        """A base.

        `zero`: from the base
        """

        zero: int = 0

    class Sample(Base):
        """Say what.

        - `one`: the first, `yes`: or `no`,
          on two lines.
        two, three: both.
        `four`, `five` (a, b), `six`: three; `seven`: the last
        """

        one: int = 1
        two: int = 2
        three: int = 3
        four: int = 4
        five: int = 5
        six: int = 6
        seven: int = 7

    about, keys = pages.documented(Sample)
    assert about == "Say what."
    assert keys == {
        "zero": "from the base",
        "one": "the first, `yes`: or `no`, on two lines.",
        **dict.fromkeys(("two", "three"), "both."),
        **dict.fromkeys(("four", "five", "six"), "three"),
        "seven": "the last",
    }


def test_every_shipped_source_is_listed() -> None:
    page = tree.text("docs/reference/sources.md")
    names = [
        tomllib.loads(tree.text(name)).get("name", Path(name).stem)
        for name in tree.below("tipd/modules/blacklist/catalogue", suffix=".toml")
    ]
    assert len(names) >= 15
    missing = [name for name in names if f"| [{name}](" not in page]
    assert not missing, f"docs/reference/sources.md does not list {missing}: make pages"


def _direct() -> set[str]:
    project = tomllib.loads(tree.text("pyproject.toml"))["project"]
    lines = [*project["dependencies"], *(line for group in project["optional-dependencies"].values() for line in group)]
    return {re.split(r"[\s<>=!~;\[]", line, maxsplit=1)[0] for line in lines}


def test_the_readme_gives_the_reason_of_every_dependency() -> None:
    rows = dict(re.findall(r"^\| `([a-z0-9-]+)` \| (.+?) \|$", _section("Dependencies"), re.MULTILINE))
    assert _direct() == rows.keys(), f"missing: {_direct() - rows.keys()}, not needed: {rows.keys() - _direct()}"
    silent = [name for name, reason in rows.items() if len(reason.split()) < 3]
    assert not silent, f"a reason is a few words: {silent}"


def _section(title: str) -> str:
    sections = re.split(r"^## ", tree.text("README.md"), flags=re.MULTILINE)
    return next(section for section in sections if section.startswith(title))


def test_links_lead_to_files_that_are_there() -> None:
    dead = []
    for name in DOCS:
        for target in _LINK.findall(tree.text(name)):
            if not re.match(r"[a-z]+:|#", target):
                path = (tree.ROOT / Path(name).parent / target.split("#")[0]).resolve()
                if not path.exists():
                    dead.append(f"{name}: {target} is not there")
    assert not dead, "\n".join(dead)


def test_every_page_of_the_docs_can_be_reached_from_the_index() -> None:
    seen, ahead = set(), ["docs/README.md"]
    while ahead:
        name = ahead.pop()
        if name in seen or not name.endswith(".md") or not (tree.ROOT / name).is_file():
            continue
        seen.add(name)
        for target in _LINK.findall(tree.text(name)):
            if not re.match(r"[a-z]+:|#", target):
                path = (tree.ROOT / Path(name).parent / target.split("#")[0]).resolve()
                if path.is_relative_to(tree.ROOT):
                    ahead.append(str(path.relative_to(tree.ROOT)))
    lost = [name for name in DOCS if name.startswith("docs/") and name not in seen]
    assert not lost, f"no page links to {lost}"
