"""Run a function of a module as an ordinary user: `python -m support.drop USER MODULE:FUNCTION [ARGUMENT…]`.

Started as root and imported whole before the user changes, since the interpreter may lie where that user cannot go.
"""

import importlib
import json
import os
import pwd
import subprocess
import sys
from pathlib import Path


def call(user: str, function: str, *arguments: str, timeout: float = 60) -> dict:
    """Call it in a process of that user; it returns a JSON-ready dict."""
    here = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-m", "support.drop", user, function, *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        cwd="/",
        env={**os.environ, "PYTHONPATH": f"{here}{os.pathsep}{here.parent}"},
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def _main() -> None:
    user, function, *arguments = sys.argv[1:]
    module, _, name = function.partition(":")
    called = getattr(importlib.import_module(module), name)
    entry = pwd.getpwnam(user)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    print(json.dumps(called(*arguments)))


if __name__ == "__main__":
    _main()
