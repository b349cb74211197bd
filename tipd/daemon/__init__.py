"""The daemon: builds everything, opens the nurseries in order, and stops them in the reverse order.

Read `house.py` first: the whole tree stands there on one screen.
"""

from tipd.daemon.start import run

__all__ = ["run"]
