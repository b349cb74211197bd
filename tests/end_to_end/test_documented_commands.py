"""The commands that the docs show, executed as they stand there against a real daemon.

Only what a test cannot have is replaced: the port, the folders of a service, the host of an example. `systemctl` acts
on the test's daemon. A command that follows something is ended at its first line.
"""

import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from support.daemon import Daemon
from support.documented import ROOT, Command, blocks, commands, configured
from support.feeds import FeedServer
from support.misp import Misp
from support.receiver import Receiver
from support.taxii import Taxii
from support.tracking import in_state, tracking_daemon
from support.worlds import WorldServer

TRACKING = "docs/how_to/follow_a_fast_flux_network.md"  # needs names that flux
AGENT = "docs/how_to/put_an_agent_on_your_mail_host.md"  # needs a mail host: test_documented_agent.py
SHARING = "docs/how_to/share_with_another_researcher.md"  # needs two daemons: test_documented_sharing.py
FILES = [
    "README.md",
    *sorted(
        str(path.relative_to(ROOT))
        for folder in ("tutorial", "how_to")
        for path in (ROOT / "docs" / folder).glob("*.md")
        if str(path.relative_to(ROOT)) not in {TRACKING, AGENT, SHARING}
    ),
]
STAND_INS = ROOT / "tests" / "support" / "stand_ins"
LIST = "url = '{base}/list.txt'\nparser = 'lines'\nkind = 'auto'\nevery = '1s'\nmin_interval = '1s'\n"
OWN = "entries = true\nabout = 'what we saw'\n"  # as the catalogue declares it
KEY = "k" * 40
DROP = "# partner drop list\n" + "".join(f"203.0.113.{number}/32\n" for number in range(0, 40, 2))
# Where the reader's question is "is it listed", "no" is an answer too.
# What rises on the days of an example depends on the day it is tried on.
ANSWERS = {"lookup": {0, 1}, "explain": {0, 1}, "trends": {0, 1}}
ANNOUNCED = "198.51.100.0\t198.51.100.255\t64500\tZZ\tEXAMPLE\n2001:db8::\t2001:db8:ffff::\t64501\tZZ\tEXAMPLE-SIX\n"


class Reader:
    """Somebody who types what a page of the docs says; `places`: what stands on it, and what stands there here."""

    def __init__(self, daemon: Daemon, feeds: FeedServer, folder: Path):
        self.daemon, self.feeds, self.folder = daemon, feeds, folder
        self.places: dict[str, str] = {}
        for name in ("partner", "vendor"):
            (folder / f"{name}.key").write_text(KEY + "\n")
        programs = folder / "bin"
        programs.mkdir()
        (folder / ".venv").symlink_to(ROOT / ".venv")
        (programs / "tipd").symlink_to(Path(sys.executable).parent / "tipd")
        for name in ("websocat", "curl"):
            if name == "websocat" or shutil.which(name) is None:
                (programs / name).write_text(f"#!{sys.executable}\n{(STAND_INS / name).read_text()}")
                (programs / name).chmod(0o755)
        self.environment = os.environ | {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "TIPD_CONFIG": str(daemon.config),
            "TOKEN": daemon.token(),
        }
        (folder / "tipd.token").write_text(daemon.token())
        (folder / "tipd.token").chmod(0o600)
        (folder / "drop.txt").write_text(DROP)
        for day, text in (("01", "198.51.100.7\n192.0.2.1\n"), ("08", "192.0.2.1\n")):
            (folder / f"ipsum-2024-11-{day}.txt").write_text(text)
        (folder / "mail.log").write_text("Nov  2 04:00:00 mx postfix/smtpd[1]: connect from unknown[198.51.100.7]\n")

    def fit(self, text: str) -> str:
        """Put the test's places for those of the docs."""
        for shown, here in (
            ("127.0.0.1:8470", f"127.0.0.1:{self.daemon.port}"),
            ("https://tipd.example.org", self.daemon.base),
            ("https://lists.example.org", self.feeds.base),
            ("/opt/tipd/.venv/bin/tipd", "tipd"),
            ("/etc/tipd/sources.d", str(self.daemon.sources_dir)),
            ("/var/backups", str(self.folder)),
            ("/var/lib/tipd", str(self.daemon.state)),
            *self.places.items(),
        ):
            text = text.replace(shown, here)
        return text

    def type(self, command: Command) -> None:
        """Execute one line; raises AssertionError where it does not do what it should."""
        if command.program == "systemctl":
            self.control(command.words[1])
        elif command.program in {"tipd", "curl", "websocat", "mv"}:
            self.follow(command) if command.endless else self.execute(command)

    def control(self, verb: str) -> None:
        """Do to the test's daemon what systemctl would do to the service."""
        if verb in {"stop", "restart"}:
            assert self.daemon.stop() == 0
        if verb in {"start", "restart"}:
            self.daemon.start()
        if verb in {"reload", "kill"} and self.daemon.process is not None:
            self.daemon.process.send_signal(signal.SIGHUP)

    def execute(self, command: Command) -> None:
        """Run it to its end; a variable it sets is kept for the lines below."""
        text = self.fit(command.text)
        if command.variable:
            text += f'; printf %s "${command.variable}"'
        done = self.run(text)
        verb = next((word for word in command.words[1:] if not word.startswith("-")), "")
        good = ANSWERS.get(verb, {0}) if command.program == "tipd" else {0}
        if "--at" in command.words:  # what was, on the day of an example
            good = {0, 1}
        assert done.returncode in good, f"{command}\nended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        if command.program == "curl" and done.stdout.startswith("{"):
            assert not {"title", "status"} <= json.loads(done.stdout.partition("\n")[0]).keys(), (
                f"{command}\n{done.stdout}"
            )
        if command.variable:
            assert done.stdout, f"{command} gave nothing"
            self.environment[command.variable] = done.stdout

    def run(self, text: str) -> subprocess.CompletedProcess[str]:
        """Run a line in bash, where the reader is."""
        return subprocess.run(
            ["bash", "-c", text],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def follow(self, command: Command) -> None:
        """Start it, let the list change until it prints a line, and end it."""
        process = subprocess.Popen(
            ["bash", "-c", f"exec {self.fit(command.text)}"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        lines: queue.Queue[str] = queue.Queue()
        reader = threading.Thread(target=lambda: lines.put(process.stdout.readline()), daemon=True)
        reader.start()
        try:
            line = self.first(lines)
            assert line.strip(), f"{command}\nended with {process.wait(10)}\n{process.stderr.read()}"
        finally:
            process.terminate()
            process.communicate(timeout=20)
            reader.join()

    def first(self, lines: queue.Queue[str]) -> str:
        """Return the first line, while the list changes twice a second."""
        for number in range(120):
            self.feeds.put("/list.txt", f"192.0.2.1\n198.51.100.7\n192.0.2.{2 + number}\n198.51.100.{8 + number}\n")
            try:
                return lines.get(timeout=0.5)
            except queue.Empty:
                continue
        raise AssertionError("no line in a minute")


def configure(daemon: Daemon, file: str, receiver: str, folder: Path) -> None:
    """Give the daemon what the page says should stand in its configuration."""
    told = configured(file)
    if not told:
        return
    document: Any = tomlkit.parse(daemon.config.read_text())
    for sink in told.get("sink", ()):
        if "url" in sink:
            secret = folder / f"{sink['name']}.secret"
            secret.write_text(KEY)
            secret.chmod(0o600)
            sink |= {"url": receiver, "allow_networks": ["127.0.0.0/8"], "secret_file": str(secret)}
        else:
            sink["command"] = ["/bin/true"]
    if "net" in told:
        (folder / "asn.tsv").write_text(ANNOUNCED)
        document["net"]["asn_file"] = str(folder / "asn.tsv")
    for table in {"watch", "sink"} & told.keys():
        document[table] = told[table]
    daemon.config.write_text(tomlkit.dumps(document))


@pytest.mark.parametrize(
    "file", [file for file in FILES if any(command.program == "tipd" for command in commands(file))]
)
def test_the_commands_of_a_page_do_what_it_says(file: str, make_daemon: Callable[..., Daemon], tmp_path: Path) -> None:
    with FeedServer() as feeds, Misp(KEY) as misp, Taxii(KEY) as taxii, Receiver() as receiver:
        misp.add("ip-dst", "192.0.2.77", 1_790_000_000)
        taxii.add("[ipv4-addr:value = '192.0.2.78']", "2026-11-22T04:00:00.000001Z")
        servers = {
            "https://lists.example.org": feeds.base,
            "https://misp.example.org": misp.base,
            "https://taxii.example.org": taxii.objects.partition("/api1/")[0],
        }
        feeds.put("/list.txt", "192.0.2.1\n198.51.100.7\n")
        feeds.put("/drop.txt", DROP)
        # Who moves the data of the managed server needs one; it takes longer to start than a database of the tests'.
        managed = "/var/lib/tipd/postgres" in (ROOT / file).read_text(encoding="utf-8")
        daemon = make_daemon(sources={"ipsum": LIST.format(base=feeds.base), "local": OWN}, managed=managed)
        configure(daemon, file, receiver.url, tmp_path)
        for _, text in blocks(file, "toml"):
            if name := re.match(r'name = "(\w+)"', text):  # what begins with a name declares a source
                declared = text
                for shown, here in servers.items():
                    declared = declared.replace(shown, here)
                (daemon.sources_dir / f"{name[1]}.toml").write_text(declared)
        daemon.start()
        daemon.wait_for(lambda: daemon.source("ipsum")["entries"] >= 2, what="the first round")
        if "net" in configured(file):
            daemon.wait_for(lambda: daemon.get("/api/v1/asn")["state"] == "ready", what="the AS table")
        if "watch" in configured(file):  # what the first round loads matches none
            feeds.put("/list.txt", "192.0.2.1\n198.51.100.7\n198.51.100.250\n")
            daemon.wait_for(lambda: daemon.source("ipsum")["entries"] >= 3, what="a change")
        folder = tmp_path / "reader"
        folder.mkdir()
        reader = Reader(daemon, feeds, folder)
        for command in commands(file):
            reader.type(command)
        assert "sink" not in configured(file) or receiver.came


def test_the_commands_of_the_page_about_fast_flux(make_daemon: Callable[..., Daemon], tmp_path: Path) -> None:
    with FeedServer() as feeds, WorldServer() as server:
        daemon = tracking_daemon(make_daemon, tmp_path, server).start()
        folder = tmp_path / "reader"
        folder.mkdir()
        reader = Reader(daemon, feeds, folder)
        todo = commands(TRACKING)
        added = next(place for place, command in enumerate(todo, start=1) if "add" in command.words)
        for command in todo[:added]:
            reader.type(command)
        names = {"single-flux.example", "www.alias-flux.example"}
        daemon.wait_for(lambda: in_state(daemon, "confirmed") >= names, 60, "the names to be confirmed")
        rrsets = daemon.get("/api/v1/flux/domains/single-flux.example")["rrsets"]
        node = next(one for rrset in rrsets if rrset["type"] == "A" for one in rrset["records"])
        reader.places = {
            "198.51.100.0/24": f"{node['data'].rpartition('.')[0]}.0/24",
            "198.51.100.7": node["data"],
            "AS64500": f"AS{node['asn']}",
        }
        for command in todo[added:]:
            reader.type(command)
