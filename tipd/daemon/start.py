"""From the command line to a running house, and from its end to an exit code."""

from __future__ import annotations

import os
import random
import signal
from typing import TYPE_CHECKING

import trio

from tipd import log
from tipd.clock import SystemClock
from tipd.daemon.hold import hold
from tipd.daemon.house import House
from tipd.daemon.sections import LogSettings, chosen_parts, load
from tipd.daemon.watching import compiled
from tipd.errors import EXIT_NEGATIVE, ConfigError, TipdError
from tipd.nursery.attempt import causes
from tipd.nursery.blocking import Detector

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tipd.config import Config
    from tipd.log import Log


def run(config_path: Path | None, only: Sequence[str] = ()) -> int:
    """Run the daemon until it is told to stop; return its exit code.

    Raises ConfigError, or TryAgain (the state folder is another's), before anything is started. What the house cannot
    live without and lost ends it with the exit code of the cause: whoever started it (systemd) starts it again.
    """
    config = load(config_path)
    parts = chosen_parts(tuple(only))
    compiled(config)  # a faulty watch is told before anything is started
    log.setup(config.section("log", LogSettings).level)
    _prepare_state_dir(config)
    say = log.get("daemon")
    detector = Detector(log.get("loop"), threshold=config.section("log", LogSettings).slow_seconds())
    house = House(config, parts, clock=SystemClock(), rng=random.Random(), detector=detector)  # noqa: S311
    with hold(config.state_dir, parts):
        return _live(house, detector, say)


def _live(house: House, detector: Detector, say: Log) -> int:
    ending = 0
    try:
        trio.run(house.run, instruments=[detector])
    except* KeyboardInterrupt:
        ending = 128 + signal.SIGINT
    except* Exception as group:
        ending = _why(group, say)
    return ending


def _prepare_state_dir(config: Config) -> None:
    """Make the state folder and see that it can be written; raises ConfigError."""
    folder = config.state_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".probe-{os.getpid()}"
        probe.write_bytes(b"x")
        probe.unlink()
    except OSError as error:
        raise ConfigError(f"state_dir {folder}: {error.strerror}") from None


def _why(group: BaseExceptionGroup[Exception], say: Log) -> int:
    """Log why the house fell; return the exit code of the first cause that has one."""
    found = list(causes(group))
    named = [error for error in found if isinstance(error, TipdError)]
    for error in named:
        say.error("tipd ends", why=str(error))
    if len(named) < len(found):
        say.error("tipd ends by a fault of its own", exc_info=group)
    return named[0].exit_code if named else EXIT_NEGATIVE
