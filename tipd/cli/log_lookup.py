"""`tipd lookup --log`: which lines of a log name what was listed then, or became listed later, and after how long."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tipd.cli.client import Client
from tipd.cli.log_times import LogTimes
from tipd.cli.log_values import LONGEST_LINE, values
from tipd.cli.moment import short
from tipd.cli.output import Output, printable
from tipd.clock import SystemClock
from tipd.errors import EXIT_DONE, EXIT_NEGATIVE, EXIT_USAGE, TipdError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

AT_ONCE = 10_000  # values a request
LINES_AT_ONCE = 20_000  # and lines that may wait for it
NAMED = 3  # lines without a time that are named in the summary
_PACKED: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}


class LogFault(TipdError):
    """A log that cannot be read, or an option that makes no sense."""

    exit_code = EXIT_USAGE


@dataclass(slots=True)
class Counts:
    """What the summary says."""

    lines: int = 0
    without_time: int = 0
    to_come: int = 0
    without_values: int = 0
    then: int = 0
    later: int = 0
    unnamed: list[int] = field(default_factory=list)

    def no_time(self, number: int) -> None:
        """Count a line without a time."""
        self.without_time += 1
        if len(self.unnamed) < NAMED:
            self.unnamed.append(number)

    def told(self) -> str:
        """Return the summary."""
        text = f"{self.lines:,} lines: {self.then:,} name something listed then, {self.later:,} something listed later"
        if self.without_time:
            where = ", ".join(map(str, self.unnamed))
            text += f"; {self.without_time:,} without a time (line {where}{' …' if self.without_time > NAMED else ''})"
        if self.to_come:
            text += f"; {self.to_come:,} from the future: is the time zone right?"
        return text


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    at: datetime
    values: list[str]
    text: str


def run(args: argparse.Namespace) -> int:
    """Read the log and print what was listed."""
    client, output = Client.of(args), Output.of(args)
    _check_form(args.time_format)
    now = SystemClock().now()
    times = LogTimes(now, _zone(args.timezone), form=args.time_format, year=args.year)
    counts = Counts()
    with _opened(args.log) as log, output.progress("lines") as progress:
        for batch in _batches(log, times, counts, now):
            _answer(client, output, batch, counts, whole=args.lines)
            output.flush()
            progress.add(counts.lines - progress.done)
    output.say(counts.told())
    return EXIT_DONE if counts.then or counts.later else EXIT_NEGATIVE


def _zone(name: str | None) -> ZoneInfo | None:
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise LogFault(f"--timezone {name}: is not one of the tz database (Europe/Paris, UTC)") from None


def _check_form(form: str | None) -> None:
    try:
        datetime.strptime("", form or "")  # noqa: DTZ007 - only whether it is a format
    except ValueError as error:
        if "directive" in str(error) or "stray" in str(error):
            raise LogFault(f"--time-format {form}: {error}") from None


@contextlib.contextmanager
def _opened(name: str) -> Iterator[IO[bytes]]:
    """Give the log's bytes, unpacked where its name says that it is packed."""
    if name == "-":
        yield sys.stdin.buffer
        return
    try:
        with _PACKED.get(Path(name).suffix, open)(name, "rb") as file:
            yield file
    except (OSError, EOFError, lzma.LZMAError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise LogFault(f"--log {name}: {why}") from None


def _lines(log: IO[bytes]) -> Iterator[str]:
    """Yield lines, the rest of one that is too long left out."""
    while raw := log.readline(LONGEST_LINE):
        yield raw.decode("utf-8", "replace")
        while raw and not raw.endswith(b"\n"):
            raw = log.readline(LONGEST_LINE)


def _batches(log: IO[bytes], times: LogTimes, counts: Counts, now: datetime) -> Iterator[list[_Line]]:
    batch: list[_Line] = []
    asked: set[tuple[str, datetime]] = set()
    for text in _lines(log):
        counts.lines += 1
        at = times.at(text)
        if at is None:
            if text.strip():
                counts.no_time(counts.lines)
            continue
        counts.to_come += at > now + timedelta(minutes=5)
        found = values(text)
        if not found:
            counts.without_values += 1
            continue
        pairs = {(value, at) for value in found}
        if len(asked | pairs) > AT_ONCE or len(batch) >= LINES_AT_ONCE:
            yield batch
            batch, asked = [], set()
        asked |= pairs
        batch.append(_Line(counts.lines, at, found, text))
    if batch:
        yield batch


def _answer(client: Client, output: Output, batch: list[_Line], counts: Counts, *, whole: bool) -> None:
    pairs = list(dict.fromkeys((value, line.at) for line in batch for value in line.values))
    asked = [{"value": value, "at": at.isoformat()} for value, at in pairs]
    results = client.post("/api/v1/lookup", {"values": asked})["results"]
    answers = dict(zip(pairs, results, strict=True))
    for line in batch:
        found = [answers[value, line.at] for value in line.values]
        counts.then += any(one["listed"] for one in found)
        counts.later += any(one.get("listed_later") for one in found) and not any(one["listed"] for one in found)
        for one in found:
            if one["listed"] or one.get("listed_later"):
                _write(output, line, one, whole=whole)


def _write(output: Output, line: _Line, answer: dict[str, Any], *, whole: bool) -> None:
    if output.as_json:
        output.record({"line": line.number, **answer, **({"text": line.text.rstrip("\r\n")} if whole else {})})
        return
    at = line.at.astimezone(UTC).isoformat()
    if answer["listed"]:
        known = answer["known_since"]
        late = f" (known since {short(known)})" if known and datetime.fromisoformat(known) > line.at else ""
        told = (
            f"{output.coloured('listed then', 'red')} {answer['confidence']:.2f}\t{' '.join(answer['sources'])}{late}"
        )
    else:
        later = answer["listed_later"]
        told = f"{output.coloured('listed later', 'yellow')} {_span(later['after_s'])}\t{' '.join(later['sources'])}"
    output.line(f"{line.number}\t{short(at)}\t{printable(answer['value'])}\t{told}")
    if whole:
        output.line(f"\t{printable(line.text.rstrip())}")


def _span(seconds: float) -> str:
    """Return a span in its two largest units."""
    rest = int(seconds)
    parts: list[str] = []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count}{unit}")
    return "after " + " ".join(parts[:2])
