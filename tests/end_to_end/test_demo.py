"""`make demo`: the real daemon against the miniature Internet, ending by itself."""

import os
import re
import subprocess
import sys
from pathlib import Path

from demo.worlds.script import FLUXING

ROOT = Path(__file__).resolve().parents[2]


def test_the_demo_shows_the_main_job_and_ends_by_itself():
    words = [sys.executable, "-m", "demo", "--seconds", "35", "--port", "0"]
    done = subprocess.run(
        words, cwd=ROOT, capture_output=True, text=True, timeout=120, env=os.environ | {"COLUMNS": "120"}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.findall(r"^ *(\d+)  (\S+)$", done.stdout, re.MULTILINE)
    counts = {kind: int(count) for count, kind in found}
    assert counts["indicator.listed"] > 0
    assert counts["indicator.delisted"] > 0
    degraded = next(line for line in done.stdout.splitlines() if line.startswith("degraded sources:"))
    assert "demo_becomes_page" in degraded
    assert "demo_dying" in degraded
    assert "demo_signed" in degraded
    ended = next(line for line in done.stdout.splitlines() if line.startswith("ended because:"))
    why = dict(re.findall(r"(\w+) (\d+)", ended))
    assert {"left", "aged", "withdrawn"} <= why.keys(), ended
    assert int(why["withdrawn"]) >= 2, "the partner's mistake, and what the operator took back"
    assert "the watch ours fires" in done.stdout
    pager = re.search(r"the pager was told of (\d+) findings of ours, 0 messages were not signed", done.stdout)
    assert pager is not None
    assert int(pager[1]) > 0
    assert "with a green token one sees 0 of the partner's amber findings" in done.stdout
    check_tracking(done.stdout)
    check_post(done.stdout)
    stream = next(line for line in done.stdout.splitlines() if line.startswith("stream:"))
    assert "0 missed, 0 out of order" in stream
    assert "resumed 0 times" not in stream
    assert "/login?code=" in done.stdout


def check_tracking(said):
    """The fluxing worlds are confirmed and no other; the report walks from a node, and tells the botnets apart."""
    (confirmed,) = re.findall(r"^fast-flux networks confirmed: (.+)$", said, re.MULTILINE)
    assert set(confirmed.split(", ")) == {world.name for world in FLUXING}
    live = {line.split()[-1] for line in said.splitlines() if "flux.confirmed" in line and "tags" in line}
    assert "parcels" in live
    (node,) = re.findall(r"^the node \S+ leads to: (.+)$", said, re.MULTILINE)
    assert len(set(node.split(", ")) & set(confirmed.split(", "))) >= 2
    networks = [
        set(names.split(", ")) for names in re.findall(r"^network \d+ shares addresses: (.+)$", said, re.MULTILINE)
    ]
    assert any({"single-flux.example", "pay.quiet-apex.example"} <= names for names in networks)
    assert any({"login.double-flux.example", "parcel-track.homeip.net"} <= names for names in networks)
    assert not any({"single-flux.example", "login.double-flux.example"} <= names for names in networks)


def check_post(said):
    """The archive comes after the lists, the agent's maildir keeps filling, a colleague sees nothing of people."""
    lines = said.splitlines()
    live = [line.split()[1:3] for line in lines if re.match(r"\d{4}-\d\d-\d\dT", line)]
    first_list = next(n for n, (kind, source) in enumerate(live) if kind == "indicator.listed" and "demo" in source)
    assert first_list < next(n for n, (kind, _) in enumerate(live) if kind == "archive.taken")
    traps = {row[0]: row for line in lines if len(row := line.split()) == 6 and row[0] in {"mx1", "untouched"}}
    assert traps.keys() == {"mx1", "untouched"}
    for _name, _kind, state, mails, recipients, listed in traps.values():
        assert state == "ok"
        assert int(mails) > 60
        assert (int(recipients), int(listed) > 0) == (4, True)
    versions = re.findall(
        r"^(ours|a colleague's): agent mx1, view (\w+), version (\d+), (\d+) mails, 0 gaps$", said, re.M
    )
    assert [(who, view) for who, view, _, _ in versions] == [("ours", "redacted"), ("a colleague's", "urls")]
    assert all(int(version) > 2 and int(mails) > 60 for _, _, version, mails in versions)
    assert "the colleague's mails name 0 of 4 traps" in said
