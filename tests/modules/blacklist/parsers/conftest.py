"""A parser from the text of a declaration."""

import pytest

from tipd.modules.blacklist import catalogue
from tipd.modules.blacklist.parsers.registry import build


@pytest.fixture
def parse():
    """Give a function: declaration, body → (values, contexts, rows); contexts as a list beside the values."""

    def run(declaration, body, whole=False):
        parser = build(catalogue.parse('url = "https://lists.example.org/x"\n' + declaration))
        values, contexts, rows = [], [], None
        for unit_run in parser.units([body if isinstance(body, bytes) else body.encode()]):
            rows = parser.parse(parser.begin(unit_run.units))
            values += [value.decode() for value in rows.values]
            contexts += rows.contexts or [None] * len(rows.values)
        return values, contexts, rows

    return run
