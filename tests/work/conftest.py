"""What the tests of unpacking share."""

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def packed(tmp_path: Path) -> Callable[[bytes], Path]:
    """Give a body as a file, whose name says nothing."""

    def write(data: bytes) -> Path:
        path = tmp_path / "body"
        path.write_bytes(data)
        return path

    return write
