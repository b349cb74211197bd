"""The look-up index: all open sightings in arrays, answering in bulk without the database."""

from tipd.store.lookup.index import LookupIndex

__all__ = ["LookupIndex"]
