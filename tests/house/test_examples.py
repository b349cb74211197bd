"""The examples in the docs are what they say: settings that load, declarations that hold, JSON that parses."""

import json
import tomllib
from pathlib import Path

import msgspec
import pytest
from house import tree
from support import documented

from tipd.agent import settings as agent_settings
from tipd.daemon import sections
from tipd.modules.blacklist.declaration import Source
from tipd.modules.fastflux.knowledge.entry import Kind
from tipd.modules.fastflux.knowledge.reading import parse

DOCS = [name for name in tree.files() if name.endswith(".md") and "/samples/" not in name]


def examples(language: str) -> list:
    """Return the blocks of a language as pytest parameters."""
    return [
        pytest.param(text, id=f"{name}:{line}") for name in DOCS for line, text in documented.blocks(name, language)
    ]


@pytest.mark.parametrize("text", examples("toml"))
def test_toml_is_a_configuration_a_declaration_or_knowledge(text: str, tmp_path: Path) -> None:
    tree_of = tomllib.loads(text)
    keys = {field.encode_name for field in msgspec.structs.fields(Source)}
    if tree_of.keys() <= keys:  # a declaration; without an address it overrides a shipped one
        address = {} if tree_of.keys() & {"url", "path", "entries"} else {"url": "https://lists.example.org/list.txt"}
        source = msgspec.convert({"name": "example"} | address | tree_of, Source)
        source.parser_options()
    elif tree_of.keys() <= set(Kind):  # knowledge of tracking
        faults: list[str] = []
        assert parse(text, "example", faults)
        assert not faults
    elif {"agent", "views"} & tree_of.keys():
        path = tmp_path / "agent.toml"
        path.write_text(text)
        assert agent_settings.load(path, {}).path == path
    else:
        path = tmp_path / "tipd.toml"
        path.write_text(text)
        assert sections.load(path, {}).path == path


@pytest.mark.parametrize("text", examples("json"))
def test_json_parses(text: str) -> None:
    assert json.loads(text)


def test_there_are_examples_of_each() -> None:
    assert len(examples("toml")) >= 3
    assert len(examples("json")) >= 3
