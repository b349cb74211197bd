"""`make demo`: the real daemon against the miniature Internet, ending by itself."""

import os
import re
import subprocess
import sys
from pathlib import Path

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
    stream = next(line for line in done.stdout.splitlines() if line.startswith("stream:"))
    assert "0 missed, 0 out of order" in stream
    assert "resumed 0 times" not in stream
    assert "/login?code=" in done.stdout
