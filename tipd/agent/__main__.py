"""`python -m tipd.agent` and the `tipd-agent` program."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line; return the exit code."""
    from tipd.agent.cli import main as run_command

    return run_command(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
