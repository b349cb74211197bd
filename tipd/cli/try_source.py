"""`tipd sources test`: fetch or open a body, and show what would be read, refused and guessed; nothing is stored."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tipd.cli.output import Output, printable
from tipd.errors import EXIT_DONE, EXIT_NEGATIVE, EXIT_TRY_AGAIN, EXIT_UNAVAILABLE, ConfigError, TipdError, Unavailable

if TYPE_CHECKING:
    import argparse

    from tipd.config import Config
    from tipd.modules.blacklist.reading.job import ReadResult
    from tipd.modules.blacklist.trial import Chosen, Trial

_GOOD = frozenset({"ok", "unchanged", "empty"})
_EXIT_OF = {"unreachable": EXIT_UNAVAILABLE, "rate_limited": EXIT_TRY_AGAIN}


def run(args: argparse.Namespace, output: Output) -> int:
    """Try what the words name; 0 where the daemon would take the body, 1 where it would not."""
    from tipd.daemon import sections
    from tipd.modules.blacklist import trial
    from tipd.modules.blacklist.settings import BlacklistSettings
    from tipd.work.unpack import UnpackError

    config = sections.load(args.config)
    body = None if args.body is None else Path(args.body)
    if body is not None and not body.is_file():
        raise ConfigError(f"{body}: {'is not a plain file' if body.exists() else 'there is no such file'}")
    chosen = trial.find(args.source, config.section("modules.blacklist", BlacklistSettings), body)
    with tempfile.TemporaryDirectory(prefix="tipd-try-") as folder:
        place = chosen.body or _fetched(config, chosen, Path(folder) / "body", output)
        scratch = Path(folder) / "scratch"
        scratch.mkdir()
        try:
            found = trial.run(chosen, place, scratch)
        except OSError as error:
            raise TipdError(f"{place}: {error.strerror}") from None
        except UnpackError as error:
            raise TipdError(f"{place}: {error}") from None
    (_write_json if output.as_json else _write)(output, found)
    return EXIT_DONE if found.state == "ok" else EXIT_NEGATIVE


def _fetched(config: Config, chosen: Chosen, into: Path, output: Output) -> Path:
    """Get the body as the daemon would, through the same guard. Raises Unavailable, TryAgain, TipdError."""
    import random

    import trio

    from tipd import log
    from tipd.clock import SystemClock
    from tipd.modules.blacklist import trial
    from tipd.modules.blacklist.settings import BlacklistSettings
    from tipd.net.fetch import Fetcher
    from tipd.net.request import FetchError
    from tipd.net.settings import NetSettings

    where = config.section("modules.blacklist", BlacklistSettings).credentials_dir
    credentials = Path(where) if where else config.state_dir / "credentials"
    output.log_to_stderr()  # first: a logger keeps what it was made with
    rng = random.Random()  # noqa: S311 - spreads requests, hides nothing
    fetcher = Fetcher(config.section("net", NetSettings), SystemClock(), log.get("net"), rng)
    output.say(f"asking {chosen.url or (chosen.source and chosen.source.path)}")
    try:
        return trio.run(trial.fetch, chosen, fetcher, into, credentials)
    except FetchError as error:
        failed = TipdError(f"{error.state}: {error}")
        failed.exit_code = _EXIT_OF.get(error.state, EXIT_NEGATIVE)
        raise failed from None
    except (OSError, ValueError) as error:
        raise Unavailable(str(error)) from None


def _write_json(output: Output, found: Trial) -> None:
    import msgspec

    output.record(
        {
            "source": found.source.name,
            "state": found.state,
            "why": found.why,
            **msgspec.to_builtins(found.result),
            "first": [asdict(row) for row in found.rows],
            "guesses": found.guesses,
            "declaration": found.declaration,
        }
    )


def _write(output: Output, found: Trial) -> None:
    result = found.result
    good = found.state in _GOOD
    state = output.coloured(found.state, "green" if good else "red")
    output.line(f"{found.source.name}: {state}{f', {printable(found.why)}' if found.why else ''}")
    output.line(f"rows {result.rows:,}, indicators {result.entries:,}, left out by [where] {result.filtered:,}")
    if result.kinds:
        output.line("kinds " + ", ".join(f"{kind} {number:,}" for kind, number in sorted(result.kinds.items())))
    _write_refused(output, result)
    if found.rows:
        output.line()
        output.line(output.coloured(f"the first {len(found.rows)}", "bold"))
        for row in found.rows:
            output.line(f"{row.kind:<8} {printable(row.value)}{_context(row.context)}")
    if found.declaration:
        output.line()
        output.line(output.coloured("guessed", "bold"))
        for guess in found.guesses:
            output.line(f"- {printable(guess)}")
        output.line()
        output.out.write(found.declaration)


def _write_refused(output: Output, result: ReadResult) -> None:
    if result.refused:
        output.line("refused " + ", ".join(f"{reason} {number:,}" for reason, number in sorted(result.refused.items())))
    if result.unread:
        unread = ", ".join(f"{name} {number:,}" for name, number in sorted(result.unread.items()))
        output.line(f"left out beside rows, since unreadable: {unread}")
    if result.nuls:
        output.line(f"taken out: {result.nuls:,} NULs")
    for sample in result.samples:
        output.line(f"  row {sample.line}: {sample.reason} {printable(sample.text)!r}")


def _context(context: dict[str, Any] | None) -> str:
    if not context:
        return ""
    return "  " + printable(" ".join(f"{key}={value}" for key, value in context.items()))
