"""The one file for mail hosts: what goes into it, and how it unpacks itself. With a made-up program inside."""

import json
import os
import platform
import pwd
import runpy
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from scripts import agent

HERE = f"cp{sys.version_info[0]}{sys.version_info[1]}-{platform.machine()}"
PROGRAM = b"""
import json, os, sys, words
print(json.dumps({"words": sys.argv[1:], "from": os.path.dirname(words.__file__), "path": sys.path}))
"""
FILES = [("tipd/__init__.py", b""), ("tipd/agent/__init__.py", b""), ("tipd/agent/__main__.py", PROGRAM)]


def built(folder: Path, name: str = HERE, more: bytes = b"") -> Path:
    archive = agent.Archive()
    archive.add(name, [*FILES, ("words.py", more)])
    archive.add("cp311-mips", [*FILES, ("words.py", b"another")])
    archive.write(folder / "tipd-agent")
    return folder / "tipd-agent"


class Host:
    """Where the file is started."""

    def __init__(self, folder: Path) -> None:
        self.cache = folder / "cache"
        self.foreign = folder / "foreign"
        self.foreign.mkdir()
        (self.foreign / "words.py").write_text("raise SystemExit('of the host')")
        self.environment = {
            "PATH": "/usr/bin:/bin",
            "TIPD_AGENT_CACHE": str(self.cache),
            "TIPD_AGENT_PYTHON": sys.executable,
            "PYTHONPATH": str(self.foreign),
        }

    def __call__(self, file: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [file, *words],
            cwd=self.foreign,
            env=self.environment | more,
            capture_output=True,
            text=True,
            check=False,
        )

    def places(self) -> list[Path]:
        return sorted(self.cache.iterdir()) if self.cache.exists() else []


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_it_unpacks_once_and_starts_with_its_own_packages_alone(host: Host, tmp_path: Path) -> None:
    file = built(tmp_path)
    told = json.loads(host(file, "run", "a b").stdout)
    (place,) = host.places()
    assert told["words"] == ["run", "a b"]
    assert told["from"] == str(place)
    assert str(host.foreign) not in told["path"]
    assert place.stat().st_mode & 0o022 == 0
    before = (place / "words.py").stat().st_ino
    assert host(file).returncode == 0
    assert (place / "words.py").stat().st_ino == before


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone goes on as another")
def test_what_root_unpacks_can_be_read_by_whom_its_commands_go_on_as(host: Host, tmp_path: Path) -> None:
    private = Path(pwd.getpwuid(0).pw_dir)
    before = os.umask(0o077)
    try:
        place = Path(json.loads(host(built(tmp_path)).stdout)["from"])
    finally:
        os.umask(before)
    assert {each.stat().st_mode & 0o777 for each in [host.cache, place, place / "tipd"]} == {0o755}
    assert (place / "words.py").stat().st_mode & 0o777 == 0o644
    bootstrap = runpy.run_path(str(agent.ROOT / "packaging" / "agent" / "bootstrap.py"))
    assert not [each for each in bootstrap["candidates"]() if Path(each).is_relative_to(private)]


def test_what_was_tidied_away_is_unpacked_again(host: Host, tmp_path: Path) -> None:
    file = built(tmp_path)
    host(file)
    (place,) = host.places()
    (place / "words.py").write_bytes(b"cut")
    (place / "tipd" / "__init__.py").unlink()
    assert host(file).returncode == 0
    assert (place / "words.py").read_bytes() == b""
    assert host.places() == [place]


def test_what_was_changed_is_unpacked_again_though_it_is_as_long(host: Host, tmp_path: Path) -> None:
    file = built(tmp_path, more=b"right = 1")
    host(file)
    (place,) = host.places()
    (place / "tipd" / "agent" / "__main__.py").write_bytes(b"\0" * len(PROGRAM))  # what a power cut leaves
    (place / "words.py").write_bytes(b"wrong = 1")
    assert host(file).returncode == 0
    assert (place / "words.py").read_bytes() == b"right = 1"
    assert host.places() == [place]


def test_many_that_start_at_once_unpack_one_folder(host: Host, tmp_path: Path) -> None:
    file = built(tmp_path)
    started = [
        subprocess.Popen([file], cwd=tmp_path, env=host.environment, stdout=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    assert len({json.loads(process.communicate()[0])["from"] for process in started}) == 1
    assert len(host.places()) == 1


def test_another_build_has_a_folder_of_its_own_and_old_ones_go(host: Host, tmp_path: Path) -> None:
    host(built(tmp_path))
    (first,) = host.places()
    file = built(tmp_path, more=b"newer = 1")
    host(file)
    assert len(host.places()) == 2
    os.utime(first / ".used", (1, 1))
    left = host.cache / ".unpacking-x"
    left.mkdir()
    os.utime(left, (1, 1))
    host(file)
    assert first not in host.places()
    assert len(host.places()) == 1


@pytest.mark.parametrize("mode", [0o777, 0o770])
def test_a_folder_that_others_may_write_to_is_not_used(host: Host, tmp_path: Path, mode: int) -> None:
    host.cache.mkdir()
    host.cache.chmod(mode)
    done = host(built(tmp_path))
    assert done.returncode == 78
    assert "others may write to it" in done.stderr


def test_a_link_is_not_used(host: Host, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    host.cache.symlink_to(tmp_path / "elsewhere")
    assert "is no folder" in host(built(tmp_path)).stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives folders away")
def test_a_folder_of_somebody_else_is_not_used(host: Host, tmp_path: Path) -> None:
    file = built(tmp_path)
    host(file)
    (place,) = host.places()
    os.chown(place, 54321, 54321)
    assert host(file).returncode == 78
    os.chown(host.cache, 54321, 54321)
    assert "belongs to user 54321" in host(file).stderr


def test_without_a_name_systemd_s_folder_then_the_user_s_is_taken(host: Host, tmp_path: Path) -> None:
    file = built(tmp_path)
    del host.environment["TIPD_AGENT_CACHE"]
    host(file, CACHE_DIRECTORY=f"{tmp_path}/systemd:{tmp_path}/other", XDG_CACHE_HOME=f"{tmp_path}/xdg")
    assert len(list((tmp_path / "systemd").iterdir())) == 1
    (tmp_path / "systemd").chmod(0o777)  # the next one is taken
    host(file, CACHE_DIRECTORY=f"{tmp_path}/systemd", XDG_CACHE_HOME=f"{tmp_path}/xdg")
    assert len(list((tmp_path / "xdg" / "tipd-agent").iterdir())) == 1


def test_a_damaged_file_is_not_run(host: Host, tmp_path: Path) -> None:
    file = built(tmp_path, more=b"x = '" + os.urandom(3000).hex().encode() + b"'")
    content = file.read_bytes()
    with zipfile.ZipFile(file) as opened:
        largest = max(opened.infolist(), key=lambda each: each.compress_size)
    at = largest.header_offset + 200
    file.write_bytes(content[:at] + bytes(50) + content[at + 50 :])
    done = host(file)
    assert done.returncode != 0
    assert done.stdout == ""
    assert [each for each in host.places() if not each.name.startswith(".")] == []


def test_a_processor_for_which_it_was_not_built_is_told(host: Host, tmp_path: Path) -> None:
    done = host(built(tmp_path, name="cp311-sparc"))
    assert done.returncode == 69
    assert "cp311-sparc" in done.stderr


def test_without_a_python_of_today_it_says_which_are(host: Host, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    for name in ("python3", "python3.11", "python3.12", "python3.13", "python3.14"):
        (tmp_path / "bin" / name).write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / "bin" / name).chmod(0o755)
    del host.environment["TIPD_AGENT_PYTHON"]
    done = host(built(tmp_path), PATH=str(tmp_path / "bin") + ":/bin")
    assert done.returncode == 69
    assert "TIPD_AGENT_PYTHON" in done.stderr


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    first = built(tmp_path).read_bytes()
    assert built(tmp_path).read_bytes() == first
    assert first.startswith(b"#!/bin/sh\n")


def test_a_content_is_stored_once(tmp_path: Path) -> None:
    with zipfile.ZipFile(built(tmp_path)) as file:
        stored = [name for name in file.namelist() if name.startswith("files/")]
    assert len(stored) == len({content for _, content in FILES} | {b"", b"another"})


LOCK = """\
first==1.0 \\
    --hash=sha256:aa
older==2.0 ; python_full_version < '3.14' \\
    --hash=sha256:bb \\
    --hash=sha256:cc
other==3.0 ; platform_python_implementation == 'PyPy' \\
    --hash=sha256:dd
"""


def test_a_lock_s_markers_are_those_of_the_python_it_is_for() -> None:
    assert agent.applicable(LOCK, "3.13", "x86_64").count("==") == 2
    new = agent.applicable(LOCK, "3.14", "aarch64")
    assert new == "first==1.0 \\\n    --hash=sha256:aa\n"


def test_of_a_wheel_modules_and_licences_are_taken(tmp_path: Path) -> None:
    wheel = tmp_path / "x.whl"
    names = {
        "x/__init__.py": True,
        "x/_native.so": True,
        "x/tests/test_x.py": False,
        "x/x.pyi": False,
        "x-1.dist-info/METADATA": True,
        "x-1.dist-info/licenses/LICENSE": True,
        "x-1.dist-info/RECORD": False,
        "x-1.data/purelib/y.py": True,
        "x-1.data/scripts/x": False,
        "trio/testing/__init__.py": True,
    }
    with zipfile.ZipFile(wheel, "w") as file:
        for name in names:
            file.writestr(name, "")
    found = {path for path, _ in agent.unpacked(wheel)}
    assert found == {name.replace("x-1.data/purelib/", "") for name, taken in names.items() if taken}


def test_our_own_files_hold_the_agent_and_no_more() -> None:
    names = {name for name, _ in agent.own()}
    assert {"tipd/__init__.py", "tipd/agent/__main__.py", "tipd/mail/read.py", "tipd/config.py"} <= names
    assert {Path(name).parts[1] for name in names if name.startswith("tipd/")} <= {*agent.ROOMS, *agent.ALONE}
