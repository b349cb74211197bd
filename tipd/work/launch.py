"""Becomes another program that does not outlive its parent: `python launch.py PARENT PROGRAM [ARGUMENT]…`.

The kernel's parent-death signal outlives an exec; setting it between fork and exec would need code to run in a forked
copy of a process with threads.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
NOT_FOUND = 127  # as a shell says it
NOT_RUNNABLE = 126


def main(words: list[str]) -> int:
    """Exec; returns only where that fails, with what a shell would return."""
    parent, program, *arguments = words
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != int(parent):
        return NOT_RUNNABLE  # it died before the signal was set
    try:
        os.execvp(program, [program, *arguments])  # noqa: S606 - no shell, as wanted
    except FileNotFoundError:
        sys.stderr.write(f"there is no program {program}\n")
        return NOT_FOUND
    except OSError as error:
        sys.stderr.write(f"{program}: {error.strerror}\n")
        return NOT_RUNNABLE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
