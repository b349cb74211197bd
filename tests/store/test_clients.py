"""Client programs that are new enough."""

import os

import pytest

from tipd.errors import Unavailable
from tipd.store import (
    clients,
)


def test_an_old_pg_dump_is_not_used(tmp_path):
    for name, major in (("old", 14), ("new", 17), ("newer", 18)):
        (tmp_path / name).mkdir()
        program = tmp_path / name / "pg_dump"
        program.write_text(f"#!/bin/sh\necho 'pg_dump (PostgreSQL) {major}.3'\n")
        program.chmod(0o755)
    path = {"PATH": os.pathsep.join(str(tmp_path / name) for name in ("old", "newer", "new"))}
    assert clients.client("pg_dump", 17, environ=path).parent.name == "new"
    with pytest.raises(Unavailable, match="no pg_dump of PostgreSQL 99 or newer"):
        clients.client("pg_dump", 99, environ=path)
