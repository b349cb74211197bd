"""`python agent_once.py FOLDER`: an agent that takes and seals what lies in FOLDER/Maildir, three mails a version.

The state is FOLDER/state. Ends with 0 when all is done; meant to be killed before.
"""

import sys
from pathlib import Path

import trio

from support.agents import config, host
from tipd.agent.loop import once


def main() -> None:
    """Take, seal, withdraw, retain."""
    folder = Path(sys.argv[1])
    opened = host(config(folder, folder / "Maildir", folder / "mbox", seal_records=3, keep_size="600"))
    trio.run(once, opened)
    opened.ledger.withdraw([bytes(32)], "a mistake", sorted(opened.chains))
    trio.run(once, opened)
    opened.retain()
    opened.close()


if __name__ == "__main__":
    main()
