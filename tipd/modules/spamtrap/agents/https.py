"""An agent over HTTPS: lists, downloads that are resumed by Range, announcements."""

from __future__ import annotations

import email.utils
import hashlib
from datetime import UTC
from typing import TYPE_CHECKING, Any

import msgspec
import trio

from tipd.agent import protocol
from tipd.modules.spamtrap.agents.downloading import Begun, download
from tipd.modules.spamtrap.agents.origin import INLINE, MOST_LISTED, AwayError, Lines, Listing
from tipd.modules.spamtrap.agents.verifying import Refusal
from tipd.net import announced
from tipd.net.kept import Answer, complaint
from tipd.net.request import FetchError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from tipd.agent.protocol import Manifest
    from tipd.net.kept import Kept

LONGEST_LISTING = 4 * protocol.LONGEST_MANIFEST  # bytes
NO_RANGE = 416
GONE = 410


class _List(msgspec.Struct, frozen=True):
    agent: str
    view: str
    last: int
    versions: list[msgspec.Raw] = []


_lists = msgspec.json.Decoder(_List)
_any = msgspec.json.Decoder(dict[str, Any])


class HttpsOrigin:
    """One agent's view, as its token gives it."""

    def __init__(self, kept: Kept) -> None:
        """`kept`: connections to it."""
        self._kept = kept

    async def listing(self, since: int) -> Listing:
        """Ask for the manifests after a number; raises AwayError and Refusal."""
        answer = await self._get(f"/v1/versions?since={since}&limit={MOST_LISTED}", LONGEST_LISTING)
        try:
            told = _lists.decode(answer.body)
            # Millions of values are read in pieces and in a thread: nobody else waits for them.
            manifests = await trio.to_thread.run_sync(_signed, told.versions)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise Refusal("format", f"its list cannot be read: {error}") from None
        return Listing(told.agent, told.view, told.last, manifests, _date(answer))

    async def lines(self, manifest: Manifest, into: Path) -> Lines | None:
        """Bring a version's lines, large ones into a file, from where an earlier attempt broke off."""
        if manifest.bytes <= INLINE:
            return await self._small(manifest)
        begun = await trio.to_thread.run_sync(Begun, into, manifest)
        try:
            if not await self._large(manifest, begun):
                return None
            await trio.to_thread.run_sync(begun.check)
        finally:
            begun.close()
        return Lines(path=into)

    async def _small(self, manifest: Manifest) -> Lines | None:
        answer = await self._get(_path(manifest), manifest.bytes, gone=True)
        if answer.status == GONE:
            return None
        if len(answer.body) != manifest.bytes or hashlib.sha256(answer.body).hexdigest() != manifest.sha256:
            raise Refusal("hash", "the lines are not those that were sealed", manifest.n)
        return Lines(data=answer.body)

    async def _large(self, manifest: Manifest, begun: Begun) -> bool:
        """Bring what is not there yet; return False where the version is gone."""
        if begun.size == manifest.bytes:
            return True
        try:
            status = await download(self._kept, _path(manifest), manifest, begun)
            if status == NO_RANGE:
                await trio.to_thread.run_sync(begun.begin_anew)
                status = await download(self._kept, _path(manifest), manifest, begun)
        except FetchError as error:
            if "wrong length" in str(error) or error.state == "wrong_page":
                raise Refusal("size", f"more bytes than were sealed: {error}", manifest.n) from None
            raise _away(error) from None
        if status not in (200, 206, GONE):
            raise _away(complaint(Answer(status, {})))
        return status != GONE

    async def watch(self, told: Callable[[int], None]) -> None:
        """Listen to the announcements until they end; raises AwayError."""

        def heard(text: str) -> None:
            try:
                last = _any.decode(text).get("last")
            except msgspec.MsgspecError:
                return  # a hint that cannot be read
            if isinstance(last, int):
                told(last)

        try:
            await announced.listen(self._kept, "/v1/announce", heard)
        except FetchError as error:
            raise _away(error) from None

    async def taken(self, upto: int) -> None:
        """Say nothing: the agent sees what it is asked for next."""

    async def aclose(self) -> None:
        """Close the connections."""
        await self._kept.aclose()

    async def _get(self, path: str, most: int, *, gone: bool = False) -> Answer:
        try:
            answer = await self._kept.get(path, most=most)
        except FetchError as error:
            if gone and error.state == "wrong_page":
                raise Refusal("size", "more bytes than were sealed") from None
            raise _away(error) from None
        if answer.status == 200 or (gone and answer.status == GONE):
            return answer
        raise _away(complaint(answer))


def _signed(versions: Sequence[msgspec.Raw]) -> tuple[bytes, ...]:
    """Return manifests as they were signed: order and blanks of a list are the server's. Raises what decoding does."""
    return tuple(protocol.canonical(_any.decode(one)) for one in versions)


def _path(manifest: Manifest) -> str:
    return f"/v1/versions/{manifest.n}"


def _away(error: FetchError) -> AwayError:
    return AwayError(error.state, str(error))


def _date(answer: Answer) -> datetime | None:
    try:
        return email.utils.parsedate_to_datetime(answer.fields.get("date", "")).astimezone(UTC)
    except (TypeError, ValueError):
        return None
