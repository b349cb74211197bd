"""The how-to of the agent, executed as it stands there: on a host of the test's, with a daemon at the other end.

Only what a test cannot have is replaced: folders, ports, names. `systemctl` acts on the test's agent and daemon, `scp`
copies into its folder; the file that is built is tried by `test_agent_file.py`.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from support.daemon import Daemon
from support.documented import ROOT, Command, blocks, commands
from support.mail_host import MailHost

from demo.post.mails import mail

PAGE = "docs/how_to/put_an_agent_on_your_mail_host.md"
SCP = """#!/bin/sh
from=$1
to=$HOST${2#*:}
case "$to" in */) mkdir -p "$to" ;; *) mkdir -p "$(dirname "$to")" ;; esac
exec cp "$from" "$to"
"""


class Operator:
    """Somebody who follows the page."""

    def __init__(self, host: MailHost, daemon: Daemon, folder: Path) -> None:
        self.host, self.daemon, self.folder = host, daemon, folder
        programs = folder / "bin"
        programs.mkdir(parents=True)
        for name in ("tipd", "tipd-agent"):
            (programs / name).symlink_to(Path(sys.executable).parent / name)
        (programs / "scp").write_text(SCP)
        (programs / "scp").chmod(0o755)
        (folder / "dist").mkdir()
        (folder / "dist" / "tipd-agent").write_text("what `make agent` builds")
        (folder / "packaging").symlink_to(ROOT / "packaging")
        self.environment = os.environ | {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOST": str(folder / "host"),
            "TIPD_AGENT_CONFIG": str(host.config),
            "TIPD_CONFIG": str(daemon.config),
        }

    def fit(self, text: str) -> str:
        """Put the test's places for those of the page."""
        for shown, here in (
            ("[::]:8472", f"127.0.0.1:{self.host.port}"),
            ("https://mx1.example.org:8472", self.host.base),
            ("certificate mx1.example.org", "certificate 127.0.0.1"),
            ("/etc/tipd/mx1.pem", str(self.host.state / "tls.pem")),
            ("/etc/tipd/lab.token", str(self.folder / "lab.token")),
            ("/var/lib/tipd-agent", str(self.host.state)),
            ("/home/trap/Maildir", str(self.host.maildir)),
            ("/media/stick", str(self.folder / "stick")),
            ('seal_after = "5m"', 'seal_after = "500ms"\nlook_every = "500ms"\nmax_load = 1000.0'),
        ):
            text = text.replace(shown, here)
        return text

    def type(self, command: Command) -> None:
        """Execute one line; raises AssertionError where it does not do what it should."""
        if command.program == "systemctl":
            self.control(command.words)
        elif command.program in {"tipd", "tipd-agent", "curl", "scp", "mkdir", "chmod"}:
            done = subprocess.run(
                ["bash", "-c", self.fit(command.text)],
                cwd=self.folder,
                env=self.environment,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert done.returncode == 0, f"{command}\nended with {done.returncode}\n{done.stdout}\n{done.stderr}"

    def control(self, words: list[str]) -> None:
        """Do what systemctl would."""
        if "enable" in words and words[-1] == "tipd-agent":
            self.host.deliver(*(mail(number) for number in range(5)))
            self.host.start()
            first = self.host.state / "chains" / "redacted" / "1.manifest"
            self.host.wait_for(first.exists, what="a version")
        if "restart" in words and words[-1] == "tipd":
            self.daemon.start()
            self.daemon.wait_for(self.taken, 60, "the daemon to take what the agent has")

    def taken(self) -> bool:
        """Whether the daemon has the agent's records."""
        rows = self.daemon.get("/api/v1/agents")["agents"]
        return bool(rows) and rows[0]["records"] >= 5


def told(beginning: str) -> str:
    """Return the page's TOML that begins so."""
    return next(text for _, text in blocks(PAGE, "toml") if beginning in text)


def test_the_commands_of_the_page_do_what_it_says(make_daemon: Callable[..., Daemon], tmp_path: Path) -> None:
    host = MailHost(tmp_path / "host")
    host.certificate = host.state / "tls.pem"
    operator = Operator(host, make_daemon(), tmp_path / "operator")
    host.config.write_text(operator.fit(told("[agent]")))
    config = operator.daemon.config
    config.write_text(config.read_text() + operator.fit(told("[[modules.spamtrap.agents]]")))
    try:
        for command in commands(PAGE):
            operator.type(command)
    finally:
        host.kill()
    brought = tmp_path / "operator" / "host"
    assert (brought / "usr/local/bin/tipd-agent").exists()
    unit = (brought / "etc/systemd/system/tipd-agent.service").read_text()
    assert "TIPD_AGENT_CONFIG=/etc/tipd/agent.toml" in unit
    assert "u tipd-agent" in (brought / "etc/sysusers.d/tipd-agent.conf").read_text()
    assert (operator.folder / "lab.token").read_text().startswith("tia_")
    assert list((operator.folder / "stick" / "mx1" / "redacted").glob("*.manifest"))
    assert '"what":"withdraw"' in (host.state / "audit.jsonl").read_text()


def test_the_unit_starts_what_the_page_installs() -> None:
    unit = (ROOT / "packaging" / "systemd" / "tipd-agent.service").read_text()
    page = (ROOT / PAGE).read_text()
    program = re.search(r"^ExecStart=(\S+) run$", unit, re.MULTILINE)[1]
    assert f"root@mx1.example.org:{Path(program).parent}/" in page
    assert f"Environment=TIPD_AGENT_CONFIG={re.search(r'`(/etc/tipd/agent.toml)`', page)[1]}" in unit
