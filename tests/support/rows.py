"""Rows of the store as a test wants them."""

from tipd.model.tlp import Tlp
from tipd.store.sources import SourceRow


def source_row(**columns):
    """Return a source's row, never asked yet but for what is given."""
    fields = dict.fromkeys(SourceRow.__struct_fields__) | {
        "id": 1,
        "name": "one",
        "module": "blacklist",
        "declared": True,
        "state": "new",
        "failures": 0,
        "entries": 0,
        "refused": {},
        "weight": 0.5,
        "tlp": Tlp.AMBER,
        "redistribute": False,
        "class_": "blacklist",
        "licence": "",
    }
    return SourceRow(**fields | columns)
