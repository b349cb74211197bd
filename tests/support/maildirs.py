"""Maildirs as a mail host fills them."""

from __future__ import annotations

import os
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

BEGUN = 1_700_000_000


class Maildir:
    """A maildir below a test's folder."""

    def __init__(self, path: Path, host: str = "mx1.example.org") -> None:
        """Make it."""
        self.path = path
        self._host = host
        self._numbers = count()
        for half in ("new", "cur", "tmp"):
            (path / half).mkdir(parents=True, exist_ok=True)

    def deliver(self, raw: bytes, *, at: int | None = None, folder: str = "") -> str:
        """Deliver as maildir(5) says, by way of `tmp`; return the name."""
        n = next(self._numbers)
        name = f"{BEGUN + n if at is None else at}.M{n}P{os.getpid()}.{self._host}"
        root = self.path / folder if folder else self.path
        for half in ("new", "cur", "tmp"):
            (root / half).mkdir(parents=True, exist_ok=True)
        (root / "tmp" / name).write_bytes(raw)
        (root / "tmp" / name).rename(root / "new" / name)
        return name

    def read(self, name: str, flags: str = "S") -> str:
        """Move a mail to `cur`, as a mail program does; return its new name."""
        moved = f"{name}:2,{flags}"
        (self.path / "new" / name).rename(self.path / "cur" / moved)
        return moved


def mail(n: int, body: str = "", to: str = "trap@example.org") -> bytes:
    """Return one mail; no two numbers give the same bytes."""
    return (
        f"Received: from mail.example.net (mail.example.net [198.51.100.{n % 250 + 1}])\n"
        f"\tby mx1.example.org with ESMTP id {n:06}; Sun, 22 Nov 2026 04:00:00 +0000\n"
        f"Return-Path: <bounce@example.net>\nDelivered-To: {to}\nTo: <{to}>\n"
        f"From: Shop <shop@example.net>\nSubject: Offer {n}\nMessage-Id: <{n}@example.net>\n"
        f"Date: Sun, 22 Nov 2026 04:00:00 +0000\n\n"
        f"{body or f'Buy at http://shop{n % 3}.example.com/offer?id={n} now'}\n"
    ).encode()
