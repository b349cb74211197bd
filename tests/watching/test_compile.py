"""Watches with their files; faults that name file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tipd.errors import ConfigError
from tipd.model.kind import Kind
from tipd.watching.compile import check_names, compile_watches
from tipd.watching.settings import SinkSettings, WatchSettings


def test_files_add_to_what_is_given(tmp_path: Path) -> None:
    networks, domains = tmp_path / "networks", tmp_path / "domains"
    networks.write_text("\ufeff# ours\n198.51.100.0/24 # the office\n\n203.0.113.0/24\n")
    domains.write_text("*.example.org\nexample.net\n")
    watch = WatchSettings(
        name="ours", networks=["192.0.2.0/24"], networks_file=str(networks), domains_file=str(domains)
    )
    made = compile_watches([watch])
    for kind, value in (
        (Kind.IPV4, "192.0.2.1"),
        (Kind.IPV4, "198.51.100.1"),
        (Kind.IPV4, "203.0.113.1"),
        (Kind.DOMAIN, "www.example.org"),
        (Kind.DOMAIN, "example.net"),
    ):
        assert made.match(kind, value) == ("ours",)


def test_a_fault_names_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "networks"
    path.write_text("# first\n198.51.100.0/24\nexample.org\n")
    with pytest.raises(ConfigError, match=rf"^{path}:3: 'example.org' is no network or address \(watch 'ours'\)$"):
        compile_watches([WatchSettings(name="ours", networks=["192.0.2.1"], networks_file=str(path))])


def test_a_fault_in_the_configuration_names_its_place() -> None:
    watches = [WatchSettings(name="a", asns=[1]), WatchSettings(name="b", patterns=["x", "("])]
    with pytest.raises(ConfigError, match=r"^watch\[1\].patterns\[1\]: '\(': missing \)"):
        compile_watches(watches)


@pytest.mark.parametrize("make", ["missing", "folder", "latin"])
def test_a_file_that_cannot_be_read(tmp_path: Path, make: str) -> None:
    path = tmp_path / "file"
    if make == "folder":
        path.mkdir()
    elif make == "latin":
        path.write_bytes(b"b\xfccher.example\n")
    with pytest.raises(ConfigError, match=rf"^{path}: .*domains_file of the watch 'ours'"):
        compile_watches([WatchSettings(name="ours", domains_file=str(path))])


def test_a_sink_names_a_watch_there_is() -> None:
    watches = compile_watches([WatchSettings(name="ours", asns=[1])])
    check_names([SinkSettings(name="s", command=["x"], watch=["ours", "*"])], watches)
    with pytest.raises(ConfigError, match=r"sink\[0\].watch: 's' names the watch 'theirs' \(ours\)"):
        check_names([SinkSettings(name="s", command=["x"], watch=["theirs"])], watches)
