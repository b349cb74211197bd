"""Write the answer to a look-up as JSON (blueprint, section 6): most values have the same few endings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from json.encoder import encode_basestring_ascii as quoted
from operator import add
from typing import TYPE_CHECKING

import numpy as np

from tipd.model.confidence import confidence
from tipd.model.kind import KIND_OF

if TYPE_CHECKING:
    from tipd.store.lookup.questions import Questions
    from tipd.store.lookup.search import Hits, SetNumbers
    from tipd.store.lookup.sets import SourceSets

_UNKNOWN_WEIGHT = 0.5
_CACHED = 100_000

_NOTHING = '"listed":false,"confidence":0.0,"sources":[],"matches":[]}'
_ENDINGS = [f'","kind":"{KIND_OF[code]}",' if code in KIND_OF else "" for code in range(max(KIND_OF) + 1)]
_NOT_LISTED = np.array([ending + _NOTHING for ending in _ENDINGS], object)
_LISTED = [ending + '"listed":true,' for ending in _ENDINGS]


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What an answer says of a source."""

    name: str
    weight: float  # 0 to 1


@dataclass(slots=True)
class Voices:
    """Writes `"confidence"` and `"sources"` of sets of sources, each once."""

    sets: SourceSets
    sources: Mapping[int, SourceFacts]
    _written: dict[SetNumbers, str] = field(default_factory=dict)

    def of(self, which: SetNumbers) -> str:
        """Return the JSON for all sources of one set, or of several."""
        written = self._written.get(which)
        if written is None:
            numbers = (which,) if isinstance(which, int) else which
            written = self._write({source for number in numbers for source in self.sets.members(number)})
            if len(self._written) >= _CACHED:
                self._written.clear()
            self._written[which] = written
        return written

    def _write(self, ids: set[int]) -> str:
        facts = [self.sources.get(id_) or SourceFacts(f"source {id_}", _UNKNOWN_WEIGHT) for id_ in sorted(ids)]
        names = ",".join(quoted(fact.name) for fact in facts)
        return f'"confidence":{confidence([fact.weight for fact in facts])},"sources":[{names}],"matches":['


def write(questions: Questions, hits: Hits, voices: Voices) -> bytes:
    """Return `{"results":[…]}`, one result a value, in the order of the values."""
    if not questions.values:
        return b'{"results":[]}'
    values = list(questions.values)
    tails = _NOT_LISTED[questions.kinds].tolist()
    kinds, of, sets = questions.kinds.tolist(), voices.of, hits.sets
    for at, matches in hits.matches.items():
        tails[at] = f"{_LISTED[kinds[at]]}{of(sets[at])}{matches}]}}"
    for at in questions.quoted:  # plain values need no quoting
        values[at] = quoted(values[at])[1:-1]
    for at, canonical in questions.canonical.items():
        tails[at] = f'","canonical":{quoted(canonical)[:-1]}{tails[at]}'
    for at, reason in questions.errors.items():
        tails[at] = f'","kind":null,"error":{quoted(reason)},{_NOTHING}'
    return ('{"results":[{"value":"' + ',{"value":"'.join(map(add, values, tails)) + "]}").encode()
