"""`python -m tipd` and the `tipd` program."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line; return the exit code."""
    from tipd.cli.main import main as run_command

    return run_command(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
