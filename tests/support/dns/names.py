"""Names in wire form, of all kinds that the wire holds."""

from __future__ import annotations

from hypothesis import strategies as st

_LABEL = st.binary(min_size=1, max_size=63)
_PLAIN = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=20).map(str.encode)


def _joined(labels: list[bytes]) -> bytes:
    wire = b"".join(bytes((len(label),)) + label for label in labels)
    return wire + b"\0"


def wire_names(*, plain: bool = False) -> st.SearchStrategy[bytes]:
    """Draw uncompressed names of at most 255 bytes; `plain`: of lower-case letters, digits, hyphens, underscores."""
    label = _PLAIN if plain else st.one_of(_PLAIN, _LABEL)
    return st.lists(label, max_size=8).map(_joined).filter(lambda wire: len(wire) <= 255)
