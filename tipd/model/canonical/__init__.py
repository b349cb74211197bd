"""Canonical indicators out of any text: pure, idempotent, one form for one thing."""

from tipd.model.canonical.reading import ALL_KINDS, Reading, canonical, read
from tipd.model.canonical.refang import refang

__all__ = ["ALL_KINDS", "VERSION", "Reading", "canonical", "read", "refang"]

# Counts changes of meaning: a body read under another number is read again.
VERSION = 1
