"""What is looked at of one mail at most: caps that are checked before anything is parsed."""

from __future__ import annotations

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one mail; what lies beyond is not read, and a defect says so.

    `size`: bytes of the whole mail; `header`: bytes of its header; `parts`, `depth`: of its MIME tree; `text`: bytes of
    text and HTML that are searched; `urls`, `addresses`, `attachments`, `hops`: how many of each are kept; `field`:
    characters kept of one header field; `nested`: how deep archives and messages inside are listed; `inside`: how many
    names are listed in one; `unpacked`: bytes that are unpacked of all its archives to look at them.
    """

    size: int = 32 * 2**20
    header: int = 256 * 1024
    parts: int = 1000
    depth: int = 50
    text: int = 2 * 2**20
    urls: int = 500
    addresses: int = 200
    attachments: int = 100
    hops: int = 50
    field: int = 1000
    nested: int = 3
    inside: int = 200
    unpacked: int = 16 * 2**20


DEFAULT = Limits()
