"""The docs say what is: pages are current, every setting, dependency and source is told, links lead somewhere."""

import importlib.util
import re
import tomllib
from pathlib import Path

import msgspec
import pytest
from house import tree

PAGES_SCRIPT = tree.ROOT / "scripts" / "pages.py"
DOCS = [name for name in tree.files() if name.endswith(".md") and "/samples/" not in name]
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


@pytest.fixture(scope="module")
def pages():
    spec = importlib.util.spec_from_file_location("pages", PAGES_SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_pages_are_current(pages) -> None:
    stale = [name for name, page in pages.PAGES.items() if not _is(name, page())]
    assert not stale, f"not current, run `make pages`: {stale}"


def _is(name: str, text: str) -> bool:
    return (tree.ROOT / name).is_file() and tree.text(name) == text


def test_every_setting_is_documented(pages) -> None:
    types = pages.settings_types()
    assert {"store", "findings", "net", "api", "modules.blacklist"} <= types.keys()
    silent = []
    for section, kind in types.items():
        keys = {field.encode_name for field in msgspec.structs.fields(kind)}
        about, told = pages.documented(kind)
        silent += [
            f"[{section}] {key}: its meaning is missing in {kind.__name__}'s docstring" for key in keys - told.keys()
        ]
        silent += [f"[{section}] {key}: told in the docstring, but there is no such key" for key in told.keys() - keys]
        silent += [] if about else [f"[{section}]: {kind.__name__} has no first line"]
    assert not silent, "\n".join(silent)


def test_docstrings_are_read_in_each_form(pages) -> None:
    class Sample(msgspec.Struct):
        """Say what.

        - `one`: the first,
          on two lines.
        two, three: both.
        """

        one: int = 1

    about, keys = pages.documented(Sample)
    assert about == "Say what."
    assert keys == {"one": "the first, on two lines.", "two": "both.", "three": "both."}


def test_every_shipped_source_is_listed() -> None:
    page = tree.text("docs/reference/sources.md")
    names = [
        tomllib.loads(tree.text(name))["name"]
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
