"""The one file for mail hosts, built from its lock, at work under the oldest Python it may meet."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OLDEST = "3.11"


def oldest() -> str:
    """Return the path of the oldest Python, found as `make test` does."""
    script = ROOT / "scripts" / "find_python.sh"
    found = subprocess.run([script, OLDEST], capture_output=True, text=True, check=True, cwd=ROOT)
    return found.stdout.strip()


def configured(folder: Path) -> Path:
    """Make a maildir with a mail in it, and the agent's configuration."""
    for each in ("new", "cur", "tmp"):
        (folder / "Maildir" / each).mkdir(parents=True)
    (folder / "Maildir" / "new" / "1.M1.h").write_bytes(b"From: a@example.org\r\nSubject: hi\r\n\r\nhello\r\n")
    path = folder / "agent.toml"
    path.write_text(
        f'state_dir = "{folder}/state"\n[agent]\nname = "mx1"\nlisten = "127.0.0.1:0"\nseal_after = "10ms"\n'
        f'look_every = "100ms"\nmax_load = 1000.0\nmaildirs = ["{folder}/Maildir"]\n'
    )
    return path


def test_it_reads_seals_and_serves_under_the_oldest_python(tmp_path: Path) -> None:
    built = tmp_path / "tipd-agent"
    words = [sys.executable, "scripts/agent.py", "--python", OLDEST, "--output", str(built)]
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True)
    environment = {
        "PATH": "/usr/bin:/bin",
        "TIPD_AGENT_CACHE": str(tmp_path / "cache"),
        "TIPD_AGENT_CONFIG": str(configured(tmp_path)),
        "TIPD_AGENT_PYTHON": oldest(),
    }

    def run(*more: str) -> str:
        done = subprocess.run([built, *more], env=environment, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("check")
    assert json.loads(run("enroll", "--peer", "lab", "--json"))["token"].startswith("tia_")
    with subprocess.Popen([built, "run"], env=environment, stderr=subprocess.PIPE, text=True) as process:
        manifest = tmp_path / "state" / "chains" / "redacted" / "1.manifest"
        while not manifest.exists() and process.poll() is None:
            os.sched_yield()
        process.terminate()
        said = process.communicate()[1]
    assert process.returncode == 0, said
    assert '"records":1' in manifest.read_text()
    assert json.loads(run("versions", "--json", "--verify").splitlines()[0])["state"] == "good"
