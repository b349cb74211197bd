"""`/api/v1/rounds`: what proves an interval; `/api/v1/sources/{name}/rounds`, `…/replay`, `…/backfill`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import trio

from tipd.api.declare import Answer, Call, Route
from tipd.api.problem import Problem
from tipd.api.routes.sources import find, let_run
from tipd.api.shapes_past import (
    BackfillJob,
    BackfillRequest,
    BodyRead,
    Replayed,
    ReplayRequest,
    RoundList,
    RoundProof,
    Uploaded,
)
from tipd.api.sight import max_tlp_of
from tipd.api.uploads import UploadRefused
from tipd.model.canonical import canonical
from tipd.model.indicator import RefusedValue
from tipd.model.tlp import Tlp
from tipd.store.bodies import FORGOTTEN, BodyDamaged, BodyGone
from tipd.store.history import HistoryRefused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tipd.store.proofs import ProofRow

_BINARY = "application/octet-stream"
_LARGEST = 2**63 - 1


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Rounds with an id below `before`, at most `limit`."""

    before: Annotated[int, msgspec.Meta(ge=1, le=_LARGEST)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 50


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """The value that a body is read for."""

    value: Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """Which upload the piece belongs to (none: it begins one), and where."""

    upload: str = ""
    offset: Annotated[int, msgspec.Meta(ge=0, le=_LARGEST)] = 0


async def round_(call: Call) -> RoundProof:
    """All that proves one round."""
    return _shape(await _seen(call))


async def rounds(call: Call) -> RoundList:
    """Rounds of a source, newest first."""
    row = await find(call, call.path["name"])
    limit = call.query.limit
    found = await call.core.services.store.proofs.page(row.id, before=call.query.before, limit=limit + 1)
    return RoundList(rounds=[_shape(one, whole=False) for one in found[:limit]], more=len(found) > limit)


async def body(call: Call) -> Answer:
    """The body that a round read, as it came. Its rows may bear any mark, so it is for who may see what is red."""
    if max_tlp_of(call) < Tlp.RED:
        raise Problem(403, "a body may hold rows of any mark: this needs max_tlp red", max_tlp=Tlp.RED.word)
    proof = await _seen(call)
    bodies = call.core.services.bodies
    if bodies is None:
        raise Problem(410, "this tipd keeps no bodies")
    pieces = bodies.pieces(proof.body, proof.body_sha256)
    try:
        first = await trio.to_thread.run_sync(next, pieces, b"")
    except BodyGone as gone:
        raise Problem(410, str(gone)) from None
    except (BodyDamaged, OSError) as damaged:
        raise Problem(500, f"the kept body cannot be read: {damaged}") from None
    headers = {"Content-Disposition": f'attachment; filename="{proof.source}-{proof.id}.body"'}
    return Answer(_each(first, pieces), content_type=_BINARY, headers=headers)


async def _each(first: bytes, pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    piece = first
    while piece:
        yield piece
        piece = await trio.to_thread.run_sync(next, pieces, b"")


async def read_again(call: Call) -> BodyRead:
    """Read a round's kept body again: is it whole, and does it hold the value?"""
    proof = await _seen(call)
    try:
        subject = canonical(call.query.value)
    except RefusedValue as refused:
        raise Problem(400, f"that is no indicator tipd takes: {refused.reason}", reason=refused.reason) from None
    if not await _may_know(call, proof, subject.value):
        raise Problem(404, "nothing is known of that value in that round")
    read = await _archive(call).read_again(proof, subject)
    return BodyRead(
        round=proof.id,
        value=subject.value,
        kind=subject.kind.value,
        body_sha256=_hex(proof.body_sha256),
        **msgspec.structs.asdict(read),
    )


async def _may_know(call: Call, proof: ProofRow, value: str) -> bool:
    """Whoever sees no sighting of a value by this source at that time learns nothing of it from the body either.

    That others list it is not enough: this source's row may bear a stricter mark of its own.
    """
    mark = max_tlp_of(call)
    if mark == Tlp.RED:
        return True
    seen = await call.core.services.store.sightings.history(value, max_tlp=mark)
    return any(_proves(proof, one) for one in seen if one.source == proof.source)


def _proves(proof: ProofRow, seen: Any) -> bool:
    if proof.id in (seen.opened_round, seen.closed_round):
        return True
    at = proof.at or proof.started
    return bool(seen.opened <= at and (seen.closed is None or at <= seen.closed))


async def replay(call: Call) -> Replayed:
    """Read a source's kept bodies again: what was missed is added, as history and now."""
    row = await find(call, call.path["name"])
    since = call.body.since
    if since is not None and since.tzinfo is None:
        raise Problem(400, "a moment needs its offset (2026-11-22T04:00:00Z)")
    if not row.declared or row.state == "misdeclared":
        raise Problem(409, f"nobody knows how to read {row.name}: {row.error or 'it is not declared'}")
    seq = await call.core.services.store.findings.last_seq()
    word = f"replay:{row.name}" + (f"@{since.isoformat()}" if since else "")
    await let_run(call, row, word)
    return Replayed(source=row.name, requested=True, since=seq)


async def upload(call: Call) -> Uploaded:
    """Send a file in pieces, each at its offset; the first without a name, which the answer gives."""
    uploads = call.core.services.uploads
    if uploads is None:
        raise Problem(503, "this tipd takes no files")
    piece: Any = await call.request.get_data(cache=False)
    now = call.core.services.clock.now().timestamp()
    try:
        name = call.query.upload or await trio.to_thread.run_sync(uploads.begin, now)
        size = await trio.to_thread.run_sync(uploads.add, name, call.query.offset, piece)
    except UploadRefused as refused:
        raise _refused(refused) from None
    return Uploaded(upload=name, bytes=size)


async def backfill(call: Call) -> BackfillJob:
    """Load an uploaded file as the source's whole set at a moment: as history, flagged, told to nobody."""
    row = await find(call, call.path["name"])
    if call.body.at.tzinfo is None:
        raise Problem(400, "a moment needs its offset (2026-11-22T04:00:00Z)")
    uploads, archive = call.core.services.uploads, _archive(call)
    if uploads is None:
        raise Problem(503, "this tipd takes no files")
    try:
        taken = await trio.to_thread.run_sync(uploads.take, call.body.upload)
    except UploadRefused as refused:
        raise _refused(refused) from None
    try:
        job = await archive.backfill(row.name, taken, call.body.at, call.body.origin or "upload")
    except HistoryRefused as refused:
        raise Problem(409, str(refused)) from None
    await call.core.services.store.audit.note(
        call.caller.name if call.caller else "", "history.loaded", row.name, data={"at": call.body.at.isoformat()}
    )
    return _job(job)


async def backfill_job(call: Call) -> BackfillJob:
    """Return what became of a file that was to be loaded."""
    job = _archive(call).job(call.path["job"])
    row = None if job is None else await call.core.services.store.sources.get(job.source)
    if job is None or row is None or row.tlp > max_tlp_of(call):
        raise Problem(404, "nobody remembers such a file; the source's rounds say what was loaded")
    return _job(job)


def _job(job: Any) -> BackfillJob:
    return BackfillJob(**{name: getattr(job, name) for name in BackfillJob.__struct_fields__})


def _archive(call: Call) -> Any:
    archive = call.core.services.archive
    if archive is None:
        raise Problem(503, "this tipd reads no bodies")
    return archive


def _refused(refused: UploadRefused) -> Problem:
    if refused.size is None:
        return Problem(refused.status, str(refused))
    return Problem(refused.status, str(refused), bytes=refused.size)


async def _seen(call: Call) -> ProofRow:
    """Return the round that the path names; raises Problem 404, also where its source is not for the caller."""
    text = call.path["id"]
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
    proof: ProofRow | None = await call.core.services.store.proofs.get(number)
    if proof is None or proof.tlp > max_tlp_of(call):
        raise Problem(404, f"there is no round {text[:20]!r}")
    return proof


def _shape(proof: ProofRow, *, whole: bool = True) -> RoundProof:
    given = {name: getattr(proof, name) for name in RoundProof.__struct_fields__}
    for name in ("body_sha256", "declaration", "read_digest"):
        given[name] = _hex(given[name])
    given["body"] = {None: "gone", FORGOTTEN: "forgotten"}.get(proof.body, "kept")
    given["declared"] = proof.declared if whole else None
    return RoundProof(**given)


def _hex(digest: bytes | None) -> str | None:
    return None if digest is None else digest.hex()


_TAG = "the past"
_SOURCE = "/api/v1/sources/<name>"
ROUTES = (
    Route(
        method="GET",
        path="/api/v1/rounds/<id>",
        view=round_,
        answer=RoundProof,
        problems=(404, 503),
        summary="All that proves one round",
        tag=_TAG,
    ),
    Route(
        method="GET",
        path="/api/v1/rounds/<id>/body",
        view=body,
        produces=_BINARY,
        problems=(404, 410, 503),
        summary="The body that a round read",
        tag=_TAG,
    ),
    Route(
        method="GET",
        path="/api/v1/rounds/<id>/read",
        view=read_again,
        query=Value,
        answer=BodyRead,
        problems=(404, 503),
        summary="Read a round's body again for one value",
        tag=_TAG,
    ),
    Route(
        method="GET",
        path=f"{_SOURCE}/rounds",
        view=rounds,
        query=Page,
        answer=RoundList,
        problems=(404, 503),
        summary="The rounds of a source",
        tag=_TAG,
    ),
    Route(
        method="POST",
        path=f"{_SOURCE}/replay",
        view=replay,
        scope="write",
        body=ReplayRequest,
        answer=Replayed,
        status=202,
        problems=(404, 409, 503),
        summary="Read a source's kept bodies again",
        tag=_TAG,
    ),
    Route(
        method="POST",
        path="/api/v1/uploads",
        view=upload,
        scope="admin",
        query=Piece,
        answer=Uploaded,
        problems=(404, 409, 413, 503),
        summary="Send a file in pieces",
        tag=_TAG,
    ),
    Route(
        method="POST",
        path=f"{_SOURCE}/backfill",
        view=backfill,
        scope="admin",
        body=BackfillRequest,
        answer=BackfillJob,
        status=202,
        problems=(404, 409, 503),
        summary="Load a file as history",
        tag=_TAG,
    ),
    Route(
        method="GET",
        path="/api/v1/backfills/<job>",
        view=backfill_job,
        scope="admin",
        answer=BackfillJob,
        problems=(404, 503),
        summary="What became of a file that was to be loaded",
        tag=_TAG,
    ),
)
