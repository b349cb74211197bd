"""The Makefile and its scripts: what they promise without being asked twice."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from house import tree

TARGETS = [
    "help",
    "env",
    "run",
    "demo",
    "test",
    "test-long",
    "check",
    "bench",
    "agent",
    "lock",
    "pages",
    "news",
    "clean",
]
SCRIPTS = tree.below("scripts", suffix=".sh")


def dry(*words: str, **environment: str) -> str:
    """Return the commands that make would run."""
    clean = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")} | environment
    return subprocess.run(
        ["make", "-n", *words], cwd=tree.ROOT, env=clean, capture_output=True, text=True, check=True
    ).stdout


def test_make_alone_says_what_there_is() -> None:
    said = subprocess.run(["make"], cwd=tree.ROOT, capture_output=True, text=True, check=True).stdout
    assert re.findall(r"^make (\S+) +\S", said, re.MULTILINE) == TARGETS


def test_no_target_is_a_file() -> None:
    phony = re.search(r"^\.PHONY: (.*)$", tree.text("Makefile"), re.MULTILINE)[1].split()
    assert set(TARGETS) <= set(phony)


@pytest.mark.parametrize("target", ["env", "run", "demo", "test", "test-long", "bench"])
def test_targets_that_need_postgresql_look_for_it(target: str) -> None:
    assert "scripts/postgres.sh" in dry(target)
    assert "scripts/env.sh" in dry(target)


def test_the_seconds_of_a_demo_come_from_the_command_line_alone() -> None:
    assert "demo --seconds 30" in dry("demo", "SECONDS=30")
    assert "--seconds" not in dry("demo")
    assert "--seconds" not in dry("demo", SECONDS="7")  # bash's own, where somebody exports it


def test_the_agent_is_built_for_the_processors_that_are_named() -> None:
    assert "scripts/agent.py --arch=x86_64 --arch=aarch64" in dry("agent", "ARCH=x86_64 aarch64")
    assert "--arch" not in dry("agent", ARCH="mips")


def test_bench_takes_names() -> None:
    assert "--only dns,flux" in dry("bench", "ONLY=dns,flux")
    assert "--only" not in dry("bench")


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_are_good_shell_and_can_be_run(script: str) -> None:
    assert subprocess.run(["sh", "-n", script], cwd=tree.ROOT, check=False).returncode == 0
    started = tree.text(script).startswith("#!/bin/sh\n")
    assert started == os.access(tree.ROOT / script, os.X_OK)
    assert started or script == "scripts/lib.sh"


def test_everything_is_installed_with_hashes_into_the_environment() -> None:
    installs = [line.strip() for name in SCRIPTS for line in tree.text(name).splitlines() if "pip install" in line]
    assert len(installs) == 4
    for line in installs:
        assert "--require-hashes" in line or "--no-index" in line, line
    assert not [name for name in SCRIPTS if re.search(r"\b(curl|wget)\b", tree.text(name))]


def find_python(tmp_path: Path, **environment: str) -> str:
    """Return what the script prints."""
    clean = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)} | environment
    done = subprocess.run(
        [tree.ROOT / "scripts" / "find_python.sh"], env=clean, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def python_in(folder: Path) -> Path:
    """Put a Python 3.13 there."""
    folder.mkdir(parents=True)
    path = folder / "python3.13"
    path.write_text(f'#!/bin/sh\nexec {sys._base_executable} "$@"\n')
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    "folder",
    [".pyenv/versions/3.13.7/bin", ".local/share/uv/python/cpython-3.13.7-linux-x86_64-gnu/bin", ".local/bin"],
)
def test_python_is_found_below_the_home_folder(folder: str, tmp_path: Path) -> None:
    python_in(tmp_path / folder)
    found = find_python(tmp_path)  # or one that the machine has in /usr
    said = subprocess.run([found, "-c", "import sys; print(sys.version_info[:2])"], capture_output=True, check=True)
    assert said.stdout == b"(3, 13)\n"


def test_a_python_that_is_named_comes_first(tmp_path: Path) -> None:
    named = python_in(tmp_path / "named")
    assert find_python(tmp_path, TIPD_PYTHON=str(named)) == sys._base_executable


def test_python_is_found_below_the_account_s_folder_where_home_is_another(tmp_path: Path) -> None:
    account, home = tmp_path / "account", tmp_path / "home"
    python = python_in(account / ".pyenv/versions/3.13.7/bin")
    python.write_text(f'#!/bin/sh\n: >{tmp_path}/asked\nexec {sys._base_executable} "$@"\n')
    getent = tmp_path / "bin" / "getent"
    getent.parent.mkdir()
    getent.write_text(f"#!/bin/sh\necho 'somebody:x:0:0::{account}:/bin/sh'\n")
    getent.chmod(0o755)
    home.mkdir()
    tools = tmp_path / "tools"  # a PATH without the machine's own Python
    tools.mkdir()
    for name in ("cut", "dirname", "grep", "head", "id", "sed", "sh", "tail"):
        (tools / name).symlink_to(shutil.which(name))
    find_python(home, PATH=f"{getent.parent}:{tools}")
    in_system = [Path(folder, "python3.13").exists() for folder in ("/usr/bin", "/usr/local/bin")]
    assert (tmp_path / "asked").exists() or any(in_system)


def test_a_python_that_is_named_and_does_not_do_is_told_of(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.write_text("#!/bin/sh\necho 'it is cpython 3.9.1' >&2\nexit 1\n")
    old.chmod(0o755)
    python_in(tmp_path / ".local" / "bin")
    clean = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "TIPD_PYTHON": str(old)}
    script = tree.ROOT / "scripts" / "find_python.sh"
    done = subprocess.run([script], env=clean, capture_output=True, text=True, check=True)
    assert f"TIPD_PYTHON={old} is no Python 3.13" in done.stderr
    assert "it is cpython 3.9.1" in done.stderr


def test_the_oldest_python_of_mail_hosts_is_found_and_named_by_a_variable_of_its_own(tmp_path: Path) -> None:
    script = tree.ROOT / "scripts" / "find_python.sh"
    old = tmp_path / "python3.11"
    old.write_text("#!/bin/sh\nprintf '/opt/old/python3.11\\n'\n")
    old.chmod(0o755)
    clean = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "TIPD_PYTHON311": str(old)}
    done = subprocess.run([script, "3.11"], env=clean, capture_output=True, text=True, check=True)
    assert done.stdout == "/opt/old/python3.11\n"
    wrong = subprocess.run([script, "2.7"], env=clean, capture_output=True, text=True, check=False)
    assert wrong.returncode == 1
    assert "usage" in wrong.stderr


def test_a_python_of_another_version_is_passed_over(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    python_in(tmp_path / ".local" / "bin")
    assert find_python(tmp_path, TIPD_PYTHON=str(old)) != str(old)
