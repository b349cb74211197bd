"""Knowledge out of files: the shipped ones are right, and faults of the operator's are named."""

import pytest

from tipd.errors import ConfigError
from tipd.modules.spamtrap.knowledge import reading
from tipd.modules.spamtrap.knowledge.entry import Kind
from tipd.modules.spamtrap.knowledge.reading import parse, read_all


def test_what_is_shipped_can_be_read_and_says_why():
    found = read_all([])
    assert {kind for kind, _ in found} == set(Kind)
    assert all(entry.reason for _, entry in found)
    hosts = [host for kind, entry in found for host in entry.host]
    assert len(hosts) == len(set(hosts)), "no host is said twice"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[[relay]]\nnam = ['a.example']\nreason = 'x'\n", "f:2: relay[0].nam: unknown key (did you mean 'name'?)"),
        ("[[relais]]\n", "f:1: relais: unknown table (did you mean 'relay'?)"),
        ("[relay]\n", "f:1: relay: write [[relay]]"),
        ("[[common]]\nhost = 'x'\nreason = 'x'\n", "f:2: common[0].host: Expected `array`, got `str`"),
        ("[[shared]]\nreason = 'x'\nhost = ['A']\n", "f:3: shared[0].host: 'A' is no name in small letters"),
        ("x = [", "f"),
    ],
)
def test_faults_name_file_line_and_key(text, fault):
    faults = []
    assert parse(text, "f", faults) == []
    assert len(faults) == 1 and faults[0].startswith(fault)


def test_folders_that_cannot_be_read(tmp_path, monkeypatch):
    (tmp_path / "a.toml").write_bytes(b"\xff")
    (tmp_path / "b.toml").mkdir()
    monkeypatch.setattr(reading, "LARGEST", 10**6)
    (tmp_path / "c.toml").write_bytes(b"#" * (10**6 + 1))
    with pytest.raises(ConfigError) as caught:
        read_all([tmp_path, tmp_path / "gone"])
    text = str(caught.value)
    assert "not UTF-8" in text and "over 1000000 bytes" in text and "gone" in text and text.count("\n") == 3
