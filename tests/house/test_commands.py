"""Every command in the docs is executed by an end-to-end test, or checked here."""

import itertools
import re
import subprocess

import pytest
from house import tree
from support import documented

from tipd.agent.cli import parser as agent_parser
from tipd.cli.main import VERBS, parser

DOCS = [name for name in tree.files() if name.endswith(".md") and "/samples/" not in name]
COMMANDS = [command for name in DOCS for command in documented.commands(name)]

# Executed, with what they find replaced by what a test has: tests/end_to_end/test_documented_commands.py and, for
# tipd-agent, test_documented_agent.py.
EXECUTED = {"tipd", "tipd-agent", "curl", "websocat", "mv", "scp", "mkdir", "chmod"}
# Checked below, for they would change the machine.
CHECKED = {"make", "install", "ln", "systemctl", "git"}
# Programs of others, shown with arguments that concern nothing of ours.
OF_OTHERS = {"createuser", "createdb", "systemd-sysusers", "journalctl", "chown", "setfacl"}


def of(program: str) -> list:
    """Return the commands of a program as pytest parameters."""
    found = [command for command in COMMANDS if command.program == program]
    return [pytest.param(command, id=f"{command.file}:{command.line}") for command in found]


def test_no_command_is_left_out() -> None:
    unknown = [str(command) for command in COMMANDS if command.program not in EXECUTED | CHECKED | OF_OTHERS]
    assert len(COMMANDS) > 20
    assert not unknown, "no test knows these commands:\n" + "\n".join(unknown)


@pytest.mark.parametrize("command", of("tipd"))
def test_tipd_knows_the_verb_and_its_options(command) -> None:
    words = list(itertools.takewhile(lambda word: word not in {"|", "<", ">"}, command.words[1:]))
    try:
        found = parser(set(words) & VERBS.keys()).parse_args(words)
    except SystemExit:
        pytest.fail(f"tipd does not understand: {command}")
    assert found.verb


@pytest.mark.parametrize("command", of("tipd-agent"))
def test_the_agent_knows_the_verb_and_its_options(command) -> None:
    words = list(itertools.takewhile(lambda word: word not in {"|", "<", ">"}, command.words[1:]))
    try:
        assert agent_parser().parse_args(words).does
    except SystemExit:
        pytest.fail(f"tipd-agent does not understand: {command}")


@pytest.mark.parametrize("command", of("scp"))
def test_what_is_brought_to_a_mail_host_is_there(command) -> None:
    source = command.words[1]
    assert source == "dist/tipd-agent" or (tree.ROOT / source).is_file(), f"there is no {source}"


@pytest.mark.parametrize("command", of("make"))
def test_make_knows_the_target_and_its_variables(command) -> None:
    words = [word for word in command.words[1:] if word not in {"-C", "/opt/tipd"}]
    done = subprocess.run(["make", "-n", *words], cwd=tree.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for word in words:
        if "=" in word:
            assert f"$({word.split('=')[0]})" in tree.text("Makefile"), f"the Makefile does not use {word}"


@pytest.mark.parametrize("command", of("install"))
def test_what_is_installed_is_there(command) -> None:
    if "-d" in command.words:  # folders are made, nothing is copied
        assert command.words[-1].startswith("/")
        return
    source = command.words[-2]
    if source != "/dev/null":
        assert source.startswith("/opt/tipd/")
        assert (tree.ROOT / source.removeprefix("/opt/tipd/")).is_file(), f"there is no {source}"


@pytest.mark.parametrize("command", of("ln"))
def test_what_is_linked_is_what_the_unit_starts(command) -> None:
    source = command.words[-2]
    assert f"{source} " in tree.text("packaging/systemd/tipd.service")


@pytest.mark.parametrize("command", of("systemctl"))
def test_systemctl_names_our_units(command) -> None:
    words = [word for word in command.words[1:] if not word.startswith("-")]
    verb, *units = words
    assert verb in {"daemon-reload", "enable", "status", "start", "stop", "restart", "reload", "kill", "edit"}
    for unit in units:
        name = unit if "." in unit else f"{unit}.service"
        assert (tree.ROOT / "packaging" / "systemd" / name).is_file(), f"there is no unit {name}"


@pytest.mark.parametrize("command", of("git"))
def test_git_puts_it_where_the_unit_looks(command) -> None:
    assert "/opt/tipd" in command.words
    assert "/opt/tipd/" in tree.text("packaging/systemd/tipd.service")


def test_the_first_screen_shows_the_two_commands_a_request_and_the_stream() -> None:
    screen = "\n".join(tree.text("README.md").splitlines()[:40])
    for needed in (
        r"^make run\b",
        r"^make test\b",
        r"^curl ",
        r"ws://.*/api/v1/stream",
        r"!\[.*\]\(docs/console\.png\)",
    ):
        assert re.search(needed, screen, re.MULTILINE), f"the README's first screen lacks {needed}"


def test_ci_runs_the_same_commands_as_the_readme() -> None:
    assert re.search(r"for target in check test; do", tree.text(".ci/run"))
    assert "make test" in tree.text("README.md")
    assert "make check" in tree.text("CONTRIBUTING.md")
