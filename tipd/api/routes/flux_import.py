"""`POST /api/v1/flux/import`: a million names at once, a line each, used as they come."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import trio

from tipd.api.declare import Call, Route
from tipd.api.flow import Lines, pieces
from tipd.api.naming import LONGEST_LINE, joined, read_line, read_names
from tipd.api.problem import Problem
from tipd.api.routes.flux import MOST_TOLD, said_of
from tipd.api.shapes_flux import Imported, LineFault
from tipd.api.sight import max_tlp_of
from tipd.errors import StoreAway, TryAgain
from tipd.model.tracked import Added

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.api.naming import Named, Said

AT_ONCE = 5000  # lines a transaction
MOST_FAULTS = 1000  # that an answer tells


class ImportQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of all lines: `tag` (may be repeated), `note`, `tlp`.

    `first_line`: the number of the first, where a file is sent in parts; `initial`: it is a part of more than 1,000.
    """

    tag: list[str] = []
    note: str = ""
    tlp: str | None = None
    first_line: Annotated[int, msgspec.Meta(ge=1, le=2**53)] = 1
    initial: bool = False


async def import_(call: Call) -> Imported:
    """Put a name a line under watch: text, or an object as `POST /api/v1/flux/domains` takes it; `#` begins a comment.

    Lines are committed 5,000 at a time, and sending them again changes nothing. Where the store goes away meanwhile the
    problem's `lines` says how many were taken.
    """
    asked: ImportQuery = call.query
    taking = _Import(call, said_of(call, asked.tag, asked.note, asked.tlp), initial=asked.initial)
    lines = Lines(LONGEST_LINE, asked.first_line)
    async with aclosing(pieces(call.request)) as body:
        async for piece in body:
            for number, line in lines.feed(piece):
                taking.waiting.append((number, line))
                if len(taking.waiting) >= AT_ONCE:
                    await taking.commit()
    taking.waiting += lines.end()
    await taking.commit()
    return taking.done()


class _Import:
    """One import: what waits, and the counts so far."""

    def __init__(self, call: Call, said: Said, *, initial: bool) -> None:
        self._call = call
        self._said = said
        self._initial = initial
        self._counts = dict.fromkeys(("lines", "new", "known", "refused"), 0)
        self._faults: list[LineFault] = []
        self.waiting: list[tuple[int, bytes]] = []

    async def commit(self) -> None:
        """Store what waits; raises Problem 503 that says how much was."""
        batch, self.waiting = self.waiting, []
        if not batch:
            return
        raw, wrong, named = await trio.to_thread.run_sync(self._read, batch)
        names = joined(named.names.values())
        self._initial = self._initial or len(names) > MOST_TOLD
        flux = self._call.core.services.store.flux
        try:
            mark = max_tlp_of(self._call)
            done = await flux.add(names, initial=self._initial, max_tlp=mark) if names else Added()
        except (StoreAway, TryAgain) as error:
            headers = {"Retry-After": "5"}
            raise Problem(503, f"{error}; what is missing can be sent again", headers=headers, **self._counts) from None
        self._counts["lines"] += len(batch)
        self._counts["new"] += len(done.new)
        self._counts["known"] += len(done.known)
        for place, reason in named.refused.items():
            wrong[raw[place][0]] = reason
        for place, name in named.names.items():
            if name.name in done.refused:
                wrong[raw[place][0]] = done.refused[name.name]
        self._note(batch, wrong)

    def _read(self, batch: Sequence[tuple[int, bytes]]) -> tuple[list[tuple[int, Any]], dict[int, str], Named]:
        """Return what the lines say, with their numbers; which of them cannot be read; and the names."""
        raw: list[tuple[int, Any]] = []
        wrong: dict[int, str] = {}
        for number, line in batch:
            try:
                said = read_line(line)
            except ValueError as error:
                wrong[number] = str(error)
                continue
            if said is not None:
                raw.append((number, said))
        return raw, wrong, read_names([said for _, said in raw], self._said)

    def _note(self, batch: Sequence[tuple[int, bytes]], wrong: dict[int, str]) -> None:
        self._counts["refused"] += len(wrong)
        for number, line in batch:
            if number in wrong and len(self._faults) < MOST_FAULTS:
                value = line[:200].decode("utf-8", "replace").strip()
                self._faults.append(LineFault(line=number, value=value, reason=wrong[number]))

    def done(self) -> Imported:
        """Return what became of it."""
        return Imported(**self._counts, faults=self._faults)


ROUTES = (
    Route(
        method="POST",
        path="/api/v1/flux/import",
        view=import_,
        scope="write",
        query=ImportQuery,
        answer=Imported,
        streams=("text/plain", "application/x-ndjson"),
        problems=(408, 413, 503),
        summary="Put names under watch, a line each, as many as there are",
        tag="flux",
    ),
)
