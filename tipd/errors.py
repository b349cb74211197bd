"""The errors tipd raises on purpose; each knows the exit code a command ends with."""

from __future__ import annotations

EXIT_DONE = 0
EXIT_NEGATIVE = 1
EXIT_USAGE = 2
EXIT_UNAVAILABLE = 69
EXIT_TRY_AGAIN = 75
EXIT_CONFIG = 78


class TipdError(Exception):
    """Something tipd can name; its text is meant for the operator."""

    exit_code = EXIT_NEGATIVE


class UsageError(TipdError):
    """What was asked for on the command line does not go together."""

    exit_code = EXIT_USAGE


class ConfigError(TipdError):
    """The configuration, or a declaration, is wrong: the text names file, key and line where known."""

    exit_code = EXIT_CONFIG


class Unavailable(TipdError):
    """What is needed (daemon, database, server binaries) is not there now."""

    exit_code = EXIT_UNAVAILABLE


class StoreAway(Unavailable):
    """The database cannot be reached; a state, not a crash: the caller waits and tries again."""


class CommitUnknown(StoreAway):
    """A commit was cut off: it may have happened. Repeat it with the same idempotency key."""


class TryAgain(TipdError):
    """Busy now (a lock is held, a limit is reached); the same call may succeed later."""

    exit_code = EXIT_TRY_AGAIN


class SchemaError(TipdError):
    """The database's schema is newer than this tipd, or is not what the migrations give."""

    exit_code = EXIT_CONFIG


class WorkerFailed(TipdError):
    """A worker process raised, died, ran out of memory or passed its deadline.

    `reason` is one of `raised`, `died`, `deadline`, `memory`, or `system` where the machine was in the way (its disk is
    full, it has no more handles, a part of the installation is missing). `ours`: what it was given is not to blame.
    """

    def __init__(self, reason: str, message: str) -> None:
        """Keep the reason beside the text."""
        super().__init__(message)
        self.reason = reason

    @property
    def ours(self) -> bool:
        """Whether it was killed, could not start or was hindered, whatever it was given to read."""
        return self.reason in {"died", "system"}


class GoneError(TipdError):
    """A position in the findings log that cannot be resumed from: below what retention kept, or ahead of the log.

    `first` and `last` are the seqs there are: one may resume from `first - 1` up to `last`.
    """

    def __init__(self, since: int, first: int, last: int) -> None:
        """Say which position was asked for and which there are."""
        super().__init__(f"the findings log cannot be resumed from {since}: it has {first} to {last}")
        self.since = since
        self.first = first
        self.last = last
