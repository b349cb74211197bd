"""`tipd flux export`."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

PATH = "/api/v1/flux/export"


def asked(fake: Any) -> dict[str, list[str]]:
    return parse_qs(urlsplit(fake.asked[-1][1]).query)


def test_names_to_standard_output(tipd: Any, fake: Any) -> None:
    fake.answers["GET", PATH] = (200, b"flux.example.org\n")
    ran = tipd("flux", "export", "--state", "likely", "--state", "confirmed", "--tag", "lab")
    assert (ran.code, ran.out) == (0, "flux.example.org\n")
    assert asked(fake) == {"state": ["likely", "confirmed"], "tag": ["lab"], "of": ["names"], "format": ["txt"]}


def test_addresses_into_a_file(tipd: Any, fake: Any, tmp_path: Path) -> None:
    fake.answers["GET", PATH] = (200, b"198.51.100.7\n")
    into = tmp_path / "nodes.txt"
    ran = tipd("flux", "export", "--of", "nodes", "--format", "csv", "--public", "--output", str(into))
    assert (ran.code, into.read_bytes()) == (0, b"198.51.100.7\n")
    assert "13 bytes" in ran.err
    assert asked(fake) == {"of": ["nodes"], "format": ["csv"], "public": ["1"]}
    tipd("--json", "flux", "export")
    assert asked(fake)["format"] == ["jsonl"]
