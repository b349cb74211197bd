"""`GET /v1/mails/{sha256}`: the raw mail while it still lies there, for peers of the view `full`, and written down."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import trio

from tipd.agent.problem import Problem
from tipd.mail.view import FULL

if TYPE_CHECKING:
    from collections.abc import Callable

    from tipd.agent.audit import Audit
    from tipd.agent.peers import Known


class RawMails:
    """Mails by the SHA-256 of their bytes."""

    def __init__(self, find: Callable[[str], bytes | None], audit: Audit) -> None:
        """`find` runs in a thread; it returns a mail's bytes, or None where it no longer lies there."""
        self._find = find
        self._audit = audit

    async def open(self, sha256: str, known: Known, address: str) -> bytes:
        """Return the mail's bytes; raises Problem 403, 404 and 503.

        Every question is written down before it is answered; where it cannot be, there is no answer. What lies there
        now must have the very hash, or it is another mail.
        """
        mail: bytes | None = None
        if allowed := known.peer.view == FULL:
            mail = await trio.to_thread.run_sync(self._find, sha256)
            if mail is not None and hashlib.sha256(mail).hexdigest() != sha256:
                mail = None
        outcome = "given" if mail is not None else "not there" if allowed else "refused"
        try:
            await trio.to_thread.run_sync(self._note, sha256, known.name, address, outcome)
        except OSError:
            raise Problem(503, "this cannot be written down now, so nothing is given") from None
        if not allowed:
            raise Problem(403, "raw mails are for peers of the view full")
        if mail is None:
            raise Problem(404, "there is no such mail, or not any more")
        return mail

    def _note(self, sha256: str, peer: str, address: str, outcome: str) -> None:
        self._audit.write("mail", sha256=sha256, peer=peer, address=address, outcome=outcome)
