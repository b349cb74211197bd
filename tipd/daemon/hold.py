"""One process a part and state directory: what another holds is refused, in words that name it.

Collecting keeps a spool and snapshots there, the API its socket; so the two may run apart in one directory, and no part
twice. The kernel lets go of a lock when the process ends, however it ends.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from tipd.store.places import held

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def hold(state_dir: Path, parts: frozenset[str]) -> Iterator[None]:
    """Hold these parts of the directory; raises TryAgain where another process does, ConfigError where it cannot be."""
    with ExitStack() as stack:
        for part in sorted(parts):
            stack.enter_context(held(state_dir / f"{part}.lock", state_dir))
        yield
