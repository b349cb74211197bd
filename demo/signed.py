"""A list that its provider signs, and one round in which somebody else changed it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pysequoia

from demo.world import Page

if TYPE_CHECKING:
    from pathlib import Path

PATH = "/signed.txt.asc"
CHANGED_IN = 3  # from this round on


class Provider:
    """Has a key that is made anew for each demo."""

    def __init__(self) -> None:
        """Make the key."""
        self._key = pysequoia.Tsk.generate("Demo provider <lists@example.org>")

    def write_certificate(self, path: Path) -> str:
        """Write the public key, as an operator would keep it; return its fingerprint."""
        certificate = self._key.extract_certificate()
        path.write_text(str(certificate))
        return str(certificate.fingerprint)

    def page(self, number: int) -> Page:
        """Return the clear-signed list; from one round on, with a row that was never signed."""
        text = "".join(f"198.51.100.{200 + index}\n" for index in range(20)) + f"# round {number}\n"
        signed = pysequoia.sign(self._key.signer(), text.encode(), mode=pysequoia.SignatureMode.CLEAR)
        if number >= CHANGED_IN:
            signed = signed.replace(b"198.51.100.200\n", b"198.51.100.200\n192.0.2.53\n")
        return Page(signed)
