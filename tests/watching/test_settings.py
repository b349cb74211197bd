"""`[[watch]]` and `[[sink]]`: what is refused names the key."""

from __future__ import annotations

from pathlib import Path

import pytest

from tipd.daemon.sections import load
from tipd.errors import ConfigError
from tipd.model.tlp import Tlp
from tipd.watching.settings import SinkSettings, WatchSettings


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": "no spaces", "asns": [1]}, "name"),
        ({"name": "*", "asns": [1]}, "name"),
        ({"name": "", "asns": [1]}, "name"),
        ({"name": "empty"}, "nothing to watch"),
    ],
)
def test_a_watch_that_cannot_be(wrong: dict, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        WatchSettings(**wrong)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, "either a url or a command"),
        ({"url": "https://a.example/", "command": ["x"]}, "either a url or a command"),
        ({"url": "ftp://a.example/"}, "url"),
        ({"url": "https://user:password@a.example/"}, "url"),
        ({"url": "https://a.example/#x"}, "url"),
        ({"command": ["cat"], "secret_file": "/x"}, "go with a url"),
        ({"command": [""]}, "command"),
        ({"command": ["a\0b"]}, "command"),
        ({"command": ["x"], "kinds": ["No Kind"]}, "kinds"),
        ({"command": ["x"], "group": "soon"}, "group"),
        ({"command": ["x"], "group": "2d"}, "group"),
        ({"command": ["x"], "timeout": "0s"}, "timeout"),
        ({"command": ["x"], "max_tlp": "pink"}, "max_tlp"),
        ({"url": "https://a.example/", "allow_networks": ["10.0.0.1/8"]}, "allow_networks"),
    ],
)
def test_a_sink_that_cannot_be(wrong: dict, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        SinkSettings(name="x", **wrong)


def test_what_a_sink_is_by_itself() -> None:
    sink = SinkSettings(name="pager", command=["/usr/bin/pager", "-q"])
    assert (sink.mark, sink.seconds("group"), sink.target) == (Tlp.GREEN, 30.0, "/usr/bin/pager -q")


def read(tmp_path: Path, text: str) -> str:
    path = tmp_path / "tipd.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    return str(caught.value).replace(str(path), "F")


def test_faults_name_the_line_of_their_own_table(tmp_path: Path) -> None:
    text = '[[watch]]\nname = "a"\nasns = [1]\n\n[[watch]]\nname = "b"\nasns = [0]\n\n[[sink]]\nname = "s"\n'
    first, second = read(tmp_path, text).splitlines()
    assert first.startswith("F:7: watch[1].asns")
    assert second.startswith("F:9: sink[0]")
    assert read(tmp_path, '[[watch]]\nname = "a"\nasn = [1]\n').startswith("F:3: watch[0].asn: unknown key (did you")
    two = '[[watch]]\nname = "a"\nasns = [1]\n[[watch]]\nname = "a"\nasns = [2]\n'
    assert read(tmp_path, two) == "F:5: watch[1].name: there are two of the name 'a'"
    assert "write [[watch]]" in read(tmp_path, '[watch]\nname = "a"\n')
    assert "is not a table" in read(tmp_path, "sink = [1]\n")
    assert "did you mean 'watch'" in read(tmp_path, '[[watches]]\nname = "a"\n')


def test_they_are_read_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "tipd.toml"
    path.write_text('[[watch]]\nname = "b"\nasns = [1]\n[[watch]]\nname = "a"\ndomains = ["example.org"]\n')
    config = load(path, {})
    assert [one.name for one in config.table("watch", WatchSettings)] == ["b", "a"]
    assert config.table("sink", SinkSettings) == ()
    with pytest.raises(TypeError):
        config.table("watch", SinkSettings)
