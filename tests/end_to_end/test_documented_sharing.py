"""The page about sharing, typed as it stands there: a mail host, Alice's daemon and Bob's, each where it belongs."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.daemon import free_port
from support.documented import ROOT, Command, blocks, commands
from support.mail_host import MailHost

from demo.post.mails import mail

PAGE = "docs/how_to/share_with_another_researcher.md"
SHOWN_KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
ONWARD = '[views.redacted]\nonward = true\nlicence = "CC-BY-4.0"\n'


def text_of(heading: str) -> tuple[int, int]:
    """Return the first line of a section and the first behind it."""
    lines = (ROOT / PAGE).read_text(encoding="utf-8").splitlines()
    start = lines.index(f"## {heading}") + 1
    rest = [number for number, line in enumerate(lines, 1) if line.startswith("## ") and number > start]
    return start, rest[0] if rest else len(lines) + 1


def under(heading: str, found: list) -> list:
    """Return those (commands, or blocks with their line) that stand in a section."""
    start, end = text_of(heading)
    line_of = lambda one: one.line if isinstance(one, Command) else one[0]  # noqa: E731
    return [one for one in found if start <= line_of(one) < end]


class Desk:
    """Where somebody sits: a folder for `/etc/tipd`, a daemon or a mail host, and what stands here for the page's."""

    def __init__(self, folder: Path, config: Path, places: dict[str, str], control=None) -> None:
        folder.mkdir(exist_ok=True)
        self.folder, self.config, self.places, self.control = folder, config, places, control
        programs = folder / "bin"
        programs.mkdir()
        for name in ("tipd", "tipd-agent"):
            (programs / name).symlink_to(Path(sys.executable).parent / name)
        self.environment = os.environ | {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "TIPD_CONFIG": str(config),
            "TIPD_AGENT_CONFIG": str(config),
        }

    def fit(self, text: str) -> str:
        for shown, here in ({"/etc/tipd": str(self.folder)} | self.places).items():
            text = text.replace(shown, here)
        return text

    def type(self, command: Command) -> str:
        """Execute a line; return what it says."""
        if command.program == "systemctl":
            self.control()
            return ""
        done = subprocess.run(
            ["bash", "-c", self.fit(command.text)],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        good = {0, 1} if "findings" in command.words else {0}  # nothing was refused: the answer is no
        assert done.returncode in good, f"{command}\nended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture
def host(tmp_path):
    """Give a mail host whose view may be passed on."""
    made = MailHost(tmp_path / "host", tls=True, views=ONWARD)
    made.deliver(*(mail(number) for number in range(20)))
    yield made
    made.kill()


def restarted(daemon):
    """Return what `systemctl restart` does to a test's daemon."""

    def control() -> None:
        if daemon.process is not None:
            assert daemon.stop() == 0
        daemon.start()

    return control


def copied(source: Path, target: Path) -> None:
    target.write_bytes(source.read_bytes())
    target.chmod(0o600)


def agents(daemon) -> dict[str, dict]:
    return {row["name"]: row for row in daemon.get("/api/v1/agents")["agents"]}


def has(daemon, name: str, records: int):
    return lambda: agents(daemon).get(name, {}).get("records", 0) >= records


def test_the_page_about_sharing(host, make_daemon, pg_server, tmp_path) -> None:
    assert ONWARD.strip() in (block.strip() for _, block in blocks(PAGE, "toml"))
    port, peer = free_port(), host.enroll("alice")
    host.start()
    alice = make_daemon()
    second = pg_server.create_migrated()
    bob = make_daemon(dsn=pg_server.dsn(second))
    places = {"[::]:8473": f"127.0.0.1:{port}", "tipd.example.org:8473": f"127.0.0.1:{port}"}
    places |= {
        "tipd.example.org": "127.0.0.1",
        "/var/lib/tipd": str(alice.state),
        "https://mx1.example.org:8472": host.base,
    }
    hers = Desk(tmp_path / "alice", alice.config, places, restarted(alice))
    his = Desk(tmp_path / "bob", bob.config, places, restarted(bob))
    copied(peer.token_file, hers.folder / "mx1.token")
    copied(host.certificate, hers.folder / "mx1.pem")
    todo, toml = commands(PAGE), blocks(PAGE, "toml")
    pushing = under("Without a listener", toml)[1][1]
    settings = "\n".join(block for _, block in under("From Alice's daemon", toml))
    extend(alice, hers.fit(f"{pushing}\n{settings}"))

    told = ""
    for command in under("From Alice's daemon", todo):
        if "agents" in command.words:
            alice.wait_for(has(alice, "mx1", 20), 60, "Alice to have what the agent sealed")
        told = hers.type(command)
    assert peer.public_key in told

    copied(hers.folder / "bob.token", his.folder / "bob.token")
    copied(alice.state / "sharing" / "tls.pem", his.folder / "alice.pem")
    (settings,) = (block for _, block in under("At Bob's", toml))
    extend(bob, his.fit(settings).replace(SHOWN_KEY, peer.public_key))
    for command in under("At Bob's", todo):
        if "agents" in command.words:  # the daemon has only just begun
            bob.wait_for(has(bob, "alice-mx1", 20), 60, "Bob to have what Alice passes on")
        his.type(command)
    host.deliver(*(mail(number) for number in range(20, 30)))
    bob.wait_for(has(bob, "alice-mx1", 30), 30, "what is new to reach Bob through Alice")
    row = agents(bob)["alice-mx1"]
    assert (row["key"], row["pinned"], row["licence"], row["onward"]) == (peer.public_key, False, "CC-BY-4.0", True)

    before = [hers.type(command) for command in under("Who has what", todo)]
    assert "bob" in before[0]
    bob.wait_for(lambda: agents(bob)["alice-mx1"]["error"], 30, "Bob to be told that he is out")

    push_from_a_host(hers, alice, pushing_host(tmp_path, places), under("Without a listener", todo))
    assert host.stop() == 0


def pushing_host(tmp_path: Path, places: dict[str, str]) -> tuple[MailHost, Desk]:
    """Return a mail host that listens on loopback alone, and its desk."""
    made = MailHost(tmp_path / "mx3", name='"mx3"')
    made.deliver(*(mail(number) for number in range(40, 45)))
    made.start()
    made.wait_for(lambda: any(made.state.glob("chains/redacted/*.manifest")), 30, "a sealed version")
    assert made.stop() == 0
    return made, Desk(tmp_path / "mx3" / "desk", made.config, places)


def push_from_a_host(hers: Desk, alice, host: tuple[MailHost, Desk], todo: list[Command]) -> None:
    made, desk = host
    enrolling, pushing = todo
    hers.type(enrolling)
    copied(hers.folder / "mx3.token", desk.folder / "mx3.token")
    copied(alice.state / "sharing" / "tls.pem", desk.folder / "alice.pem")
    desk.type(pushing)
    alice.wait_for(has(alice, "mx3", 5), 30, "Alice to have what was pushed")
    made.kill()


def extend(daemon, text: str) -> None:
    """Put sections behind those the daemon's configuration has."""
    daemon.config.write_text(f"{daemon.config.read_text()}\n{text}\n")


def test_the_reasons_of_the_page_are_all_there_are() -> None:
    code = "\n".join(
        path.read_text(encoding="utf-8") for path in sorted((ROOT / "tipd/modules/spamtrap/agents").glob("*.py"))
    )
    raised = set(re.findall(r'Refusal\(\s*"(\w+)"', code)) | {"agent", "view", "truncated", "size"}
    page = (ROOT / PAGE).read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    assert raised <= {word.strip(" `") for row in rows for word in row.split(",")}
