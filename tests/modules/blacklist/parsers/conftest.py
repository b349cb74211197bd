"""A parser from the text of a declaration."""

import pytest

from tipd.modules.blacklist import catalogue
from tipd.modules.blacklist.parsers.registry import build


def beside(rows):
    """Return the contexts of rows whose parser gives columns, as those that give rows have them."""
    names, columns = list(rows.columns or {}), list((rows.columns or {}).values())
    if not columns:
        return [None] * len(rows.values)
    pairs = [zip(names, texts, strict=True) for texts in zip(*columns, strict=True)]
    return [{name: text for name, text in row if text.strip()} or None for row in pairs]


@pytest.fixture
def parse():
    """Give a function: declaration, body → (values, contexts, rows); contexts as a list beside the values."""

    def run(declaration, body, whole=False):
        parser = build(catalogue.parse('url = "https://lists.example.org/x"\n' + declaration))
        values, contexts, rows = [], [], None
        for unit_run in parser.units([body if isinstance(body, bytes) else body.encode()]):
            rows = parser.parse(parser.begin(unit_run.units))
            values += [value.decode() for value in rows.values]
            contexts += rows.contexts or beside(rows)
        return values, contexts, rows

    return run
