"""Write the answer to a look-up as JSON (blueprint, section 6): most values have the same few endings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from json.encoder import encode_basestring_ascii as quoted
from operator import add
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from tipd.model.confidence import confidence
from tipd.model.kind import KIND_OF
from tipd.model.tlp import Tlp
from tipd.store.lookup.sets import MARK_BITS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from tipd.model.allow import Allowance
    from tipd.store.lookup.questions import Questions
    from tipd.store.lookup.search import Hits, SetNumbers
    from tipd.store.lookup.sets import SourceSets

_UNKNOWN_WEIGHT = 0.5
_CACHED = 100_000

_NOTHING = '"listed":false,"confidence":0.0,"sources":[],"matches":[]}'
_ENDINGS = [f'","kind":"{KIND_OF[code]}",' if code in KIND_OF else "" for code in range(max(KIND_OF) + 1)]
_NOT_LISTED = np.array([ending + _NOTHING for ending in _ENDINGS], object)
_LISTED = [ending + '"listed":true,' for ending in _ENDINGS]
_VETOED = [ending + '"listed":false,' for ending in _ENDINGS]


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What an answer says of a source, and to whom its rows may be shown at all; one that is not known: to nobody."""

    name: str
    weight: float  # 0 to 1
    tlp: Tlp = Tlp.RED
    redistribute: bool = False


@dataclass(slots=True)
class Voices:
    """What sets of voices mean: to whom they may be shown, and `"confidence"` and `"sources"`, each written once."""

    sets: SourceSets
    sources: Mapping[int, SourceFacts]
    _written: dict[Tlp, dict[SetNumbers, str]] = field(default_factory=dict)
    _least: NDArray[np.uint8] = field(default_factory=lambda: np.empty(0, np.uint8))

    def mark(self, voice: int) -> int:
        """Return to whom a voice may be shown: the stricter of the row's own mark and its source's present one."""
        facts = self.sources.get(voice >> MARK_BITS)
        return max(voice & (1 << MARK_BITS) - 1, Tlp.RED if facts is None else facts.tlp)

    def hidden(self, max_tlp: Tlp) -> NDArray[np.bool_] | None:
        """Return for each set whether all of it is above the mark; None where no set is."""
        known = len(self._least)
        if known < len(self.sets):
            more = [self._least_of(set_id) for set_id in range(known, len(self.sets))]
            self._least = np.concatenate((self._least, np.array(more, np.uint8)))
        hidden: NDArray[np.bool_] = self._least > max_tlp
        return hidden if hidden.any() else None

    def shown(self, max_tlp: Tlp, *, public: bool) -> NDArray[np.bool_]:
        """Return for each set whether any of it may be shown, `public`: to anybody."""
        numbers = range(len(self.sets))
        if public:
            return np.array([any(map(self._is_public, self.sets.members(number))) for number in numbers], np.bool_)
        return np.array([number > 0 and self._least_of(number) <= max_tlp for number in numbers], np.bool_)

    def _is_public(self, voice: int) -> bool:
        facts = self.sources.get(voice >> MARK_BITS)
        return facts is not None and facts.redistribute and self.mark(voice) == Tlp.CLEAR

    def _least_of(self, set_id: int) -> int:
        return min((self.mark(voice) for voice in self.sets.members(set_id)), default=0)

    def of(self, which: SetNumbers, max_tlp: Tlp) -> str:
        """Return the JSON for all sources of one set, or of several, as far as the mark allows."""
        written = self._written.setdefault(max_tlp, {})
        text = written.get(which)
        if text is None:
            if len(written) >= _CACHED:
                written.clear()
            written[which] = text = self._write(which, max_tlp)
        return text

    def facts(self, which: SetNumbers, max_tlp: Tlp) -> Iterator[SourceFacts]:
        """Yield the sources of one set, or of several, by id, as far as the mark allows."""
        numbers = (which,) if isinstance(which, int) else which
        voices = {voice for number in numbers for voice in self.sets.members(number) if self.mark(voice) <= max_tlp}
        for source in sorted({voice >> MARK_BITS for voice in voices}):
            yield self.sources.get(source) or SourceFacts(f"source {source}", _UNKNOWN_WEIGHT)

    def _write(self, which: SetNumbers, max_tlp: Tlp) -> str:
        facts = list(self.facts(which, max_tlp))
        return f'"confidence":{confidence([fact.weight for fact in facts])},{_names(facts)}'

    def vetoed(self, which: SetNumbers, max_tlp: Tlp) -> str:
        """Return the same for what the operator allows: who names it is told, and does not count."""
        return f'"confidence":0.0,{_names(list(self.facts(which, max_tlp)))}'


def _names(facts: list[SourceFacts]) -> str:
    return f'"sources":[{",".join(quoted(fact.name) for fact in facts)}],"matches":['


def write(questions: Questions, hits: Hits, voices: Voices, max_tlp: Tlp, allowed: Mapping[int, Allowance]) -> bytes:
    """Return `{"results":[…]}`, one result a value, in the order of the values.

    `allowed`: the allowlist's entries for values that have hits, by the number of the value.
    """
    if not questions.values:
        return b'{"results":[]}'
    values = list(questions.values)
    tails = _NOT_LISTED[questions.kinds].tolist()
    kinds, of, sets = questions.kinds.tolist(), voices.of, hits.sets
    for at, matches in hits.matches.items():
        tails[at] = f"{_LISTED[kinds[at]]}{of(sets[at], max_tlp)}{matches}]}}"
    for at, entry in allowed.items():
        who = voices.vetoed(sets[at], max_tlp)
        tails[at] = f'{_VETOED[kinds[at]]}{who}{hits.matches[at]}],"allowed":{_allowed(entry)}}}'
    for at in questions.quoted:  # plain values need no quoting
        values[at] = quoted(values[at])[1:-1]
    for at, canonical in questions.canonical.items():
        tails[at] = f'","canonical":{quoted(canonical)[:-1]}{tails[at]}'
    for at, reason in questions.errors.items():
        tails[at] = f'","kind":null,"error":{quoted(reason)},{_NOTHING}'
    return ('{"results":[{"value":"' + ',{"value":"'.join(map(add, values, tails)) + "]}").encode()


def _allowed(entry: Allowance) -> str:
    said = {"value": entry.value, "reason": entry.reason, "until": entry.until}
    return msgspec.json.encode(said).decode()
