"""The look-up index: every open sighting in memory, so that bulk look-ups never wait for the database.

Measured figures stand in docs/reference/lookup.md; `benchmarks/lookup.py` takes them again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from tipd.model.allow import AllowList
from tipd.model.finding import OWN_MARK
from tipd.model.tlp import Tlp
from tipd.store.lookup.answers import Voices, write
from tipd.store.lookup.contents import Contents
from tipd.store.lookup.questions import Questions
from tipd.store.lookup.search import search
from tipd.store.lookup.veto import Veto, unnamed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tipd.model.allow import Allowance
    from tipd.store.lookup.answers import SourceFacts
    from tipd.store.lookup.levels import Mask

_OTHERS_AT_ONCE = 16  # values that are not plain, before the time is looked at
_LETTERS_AT_ONCE = 200_000  # characters searched for in one step: ten thousand ordinary values, or deep names in parts
_AT_ONCE = 0.005  # seconds of work before others run; an awkward international name takes 0.2 ms
_HEAD, _TAIL = b'{"results":[', b"]}"


class LookupIndex:
    """Answers look-ups from memory; `tipd.store.lookup.follow.Follower` fills it and keeps it up to date.

    A 64-bit keyed hash stands for everything but IPv4 addresses and networks, which are exact. With a secret seed two
    values share a key with probability 2**-64, so of 10**12 look-ups against 10**7 entries one in two million answers
    "listed" wrongly; the history of one indicator is read from the database, which compares the value.
    """

    def __init__(self, hash_seed: int = 0) -> None:
        """Begin empty; `hash_seed` is the database's, and comes anew with each load."""
        self.hash_seed = hash_seed
        self.store_id = ""
        self.ready = False  # a whole load has been seen
        self.known_seq = 0  # the last finding that is known to be committed
        self._contents = Contents.empty()
        self._sources: Mapping[int, SourceFacts] = {}
        self._voices = Voices(self._contents.sets, self._sources)
        self._veto = Veto.of(AllowList(), hash_seed)

    def lookup(self, values: Sequence[str], max_tlp: Tlp, allow: AllowList) -> bytes:
        """Return `{"results":[…]}`, one result a value in order; blocks the loop, so ask for a few only.

        What is marked above `max_tlp` is as if it were not there; what is allowed is not `listed`. A value that cannot
        be read has `kind` null and an `error`: a reason of `RefusedValue`.
        """
        questions = Questions.of(values, self.hash_seed)
        for _ in questions.work_out():
            pass
        return self._answered(questions, max_tlp, allow)

    async def answer(self, values: Sequence[str], max_tlp: Tlp, allow: AllowList) -> bytes:
        """Return the same as `lookup`, letting other tasks run between what takes long."""
        answers = [await self._answer(part, max_tlp, allow) for part in _parts(values)]
        if len(answers) == 1:
            return answers[0]
        return _HEAD + b",".join([answer[len(_HEAD) : -len(_TAIL)] for answer in answers]) + _TAIL

    async def _answer(self, values: Sequence[str], max_tlp: Tlp, allow: AllowList) -> bytes:
        questions = Questions.of(values, self.hash_seed)
        began = trio.current_time()
        for count, _ in enumerate(questions.work_out(), 1):
            if count % _OTHERS_AT_ONCE == 0 and trio.current_time() - began > _AT_ONCE:
                await trio.lowlevel.checkpoint()
                began = trio.current_time()
        await trio.lowlevel.checkpoint()
        if self._veto.allow is not allow:
            self._veto = await trio.to_thread.run_sync(Veto.of, allow, self.hash_seed)
        if questions.seed != self.hash_seed:  # another database meanwhile
            return self.lookup(values, max_tlp, allow)
        return self._answered(questions, max_tlp, allow)

    def _answered(self, questions: Questions, max_tlp: Tlp, allow: AllowList) -> bytes:
        if self._veto.allow is not allow or self._veto.seed != self.hash_seed:
            self._veto = Veto.of(allow, self.hash_seed)
        hidden = self._voices.hidden(max_tlp)
        hits = search(questions, self._contents, hidden)
        vetoes = self._veto.entries(questions, hits)
        if vetoes and max_tlp < Tlp.RED:
            untold = self._untold(vetoes.values(), max_tlp, hidden)
            vetoes = {
                at: unnamed(entry, questions.canonical.get(at, questions.values[at]))
                if entry.value in untold
                else entry
                for at, entry in vetoes.items()
            }
        return write(questions, hits, self._voices, max_tlp, vetoes)

    def _untold(self, entries: Iterable[Allowance], max_tlp: Tlp, hidden: Mask | None) -> set[str]:
        """Return the values of entries that the asker may not be told of: an entry is told as the allowlist is."""
        values = sorted({entry.value for entry in entries})
        if max_tlp < OWN_MARK or hidden is None:
            return set(values) if max_tlp < OWN_MARK else set()
        questions = Questions.of(values, self.hash_seed)
        for _ in questions.work_out():
            pass
        listed = search(questions, self._contents, None).matches.keys()
        return {values[at] for at in listed - search(questions, self._contents, hidden).matches.keys()}

    def replace(self, contents: Contents, sources: Mapping[int, SourceFacts]) -> None:
        """Answer from these contents from now on."""
        self._contents = contents
        self.known_seq = max(self.known_seq, contents.seq)
        if contents.sets is not self._voices.sets or sources != self._sources:
            self._sources = sources
            self._voices = Voices(contents.sets, sources)

    @property
    def contents(self) -> Contents:
        """What the index knows now."""
        return self._contents

    @property
    def loaded(self) -> int:
        """The finding (`seq`) up to which the index is told."""
        return self._contents.seq

    @property
    def entries(self) -> int:
        """How many indicators are listed."""
        return self._contents.entries

    def hides(self, max_tlp: Tlp) -> bool:
        """Say whether anything there is, or lately was, may not be shown to who sees this mark."""
        return self._voices.hidden(max_tlp) is not None

    async def count(self, max_tlp: Tlp, *, public: bool = False) -> int:
        """Return how many indicators who sees this mark may be shown, or anybody at all (`public`)."""
        contents, voices = self._contents, self._voices

        def counted() -> int:
            shown = voices.shown(max_tlp, public=public)
            return sum(table.count(shown) for table in contents.tables)

        return await trio.to_thread.run_sync(counted)

    @property
    def bytes(self) -> int:
        """What the arrays hold, in bytes."""
        return self._contents.bytes

    @property
    def behind(self) -> int:
        """How many findings are committed that the index has not seen, at most (`seq` has gaps)."""
        return max(0, self.known_seq - self._contents.seq)


def _parts(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """Cut values whose search would hold the loop for long into parts; a name has as many parents as it is long."""
    if sum(map(len, values)) <= _LETTERS_AT_ONCE:
        yield values
        return
    begin = letters = 0
    for at, value in enumerate(values):
        if letters and letters + len(value) > _LETTERS_AT_ONCE:
            yield values[begin:at]
            begin, letters = at, 0
        letters += len(value)
    yield values[begin:]
